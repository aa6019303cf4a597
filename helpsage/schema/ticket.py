"""A ticket as another program hands it in. Strict: a field that is not known, or of another type, is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import TypeAliasType

from helpsage.tickets.details import LONGEST_ANSWER
from helpsage.tickets.tags import LONGEST_TAG, MOST_TAGS
from helpsage.tickets.words import LONGEST_BODY, LONGEST_SUBJECT

Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_SUBJECT)]
Body = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_BODY)]
Email = Annotated[str, StringConstraints(strip_whitespace=True, max_length=254)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_ -]{0,79}$")]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TAG)]
Tags = Annotated[list[Tag], Field(max_length=MOST_TAGS)]
Question = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Answer = Annotated[str, StringConstraints(max_length=LONGEST_ANSWER)]
#: Named types are named in generated clients, too.
Status = TypeAliasType("Status", Literal["open", "in_progress", "waiting", "escalated", "resolved", "closed"])
Priority = TypeAliasType("Priority", Literal["low", "normal", "high", "urgent"])


class Strict(BaseModel):
    """Takes what it says and nothing else."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Requester(Strict):
    """Who asks. An address is good for writing to them; it proves nothing."""

    name: Line = ""
    email: Email = ""


class Ticket(Strict):
    """One problem of one person."""

    subject: Line = Field("", examples=["Exam fee charged twice"])
    description: Body = Field(examples=["The bank shows two payments of 450 on 3 March."])
    category: Key | None = Field(
        None,
        description="A key of the configured categories; sorted by the reader when it is left out.",
        examples=["double_charge"],
    )
    priority: Priority | None = Field(None, description="Decided from words and category when it is left out.")
    requester: Requester = Requester()
    department: Key | None = Field(
        None, description="Key of the department that gets it; the category decides when it is left out."
    )
    details: Annotated[dict[Question, Answer], Field(max_length=100)] = Field(
        default_factory=dict,
        description="Answers to the category's questions, by their names.",
        examples=[{"transaction_id": "TX-48211"}],
    )
    tags: Tags = Field(default_factory=list, examples=[["fees"]])
