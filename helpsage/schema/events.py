"""What webhooks send: one strict model an event, in the envelope of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md names `type`, `timestamp` and
`data`. A kind of event that is not here is not sent. `python -m helpsage.schema` writes the JSON schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, create_model

from helpsage.schema.ticket import Requester, Status, Strict, Ticket

AuthorKind = Literal["requester", "agent", "assistant", "system"]
Reference = Annotated[str, Field(pattern=r"^HS-\d+$", examples=["HS-1042"])]


class KnownRequester(Requester):
    """Who asks, as the desk knows them."""

    id: UUID
    name: str = ""
    email: str = ""


class Clock(Strict):
    """One promise of the service level. A running clock whose moment has passed is late."""

    clock: Literal["first_response", "resolution"]
    state: Annotated[
        Literal["running", "paused", "kept", "missed"],
        Field(description="Paused: the requester is waited for."),
    ]
    due_at: Annotated[datetime | None, Field(description="Null while it is paused.")] = None
    done_at: Annotated[datetime | None, Field(description="When it was stopped.")] = None


class Read(Strict):
    """One tag of a reading."""

    value: Annotated[str | None, Field(description="As it counts now; null: unsure.")] = None
    confidence: Annotated[float, Field(ge=0, le=1, description="Of what the reader said.")]
    evidence: Annotated[str, Field(description="The words that decided.")] = ""
    corrected: Annotated[bool, Field(description="A person says so, and not the reader.")] = False


class Reading(Strict):
    """How the ticket was understood when it came (triage)."""

    topic: Read
    urgency: Read
    tone: Read
    language: Read
    reader: Literal["local", "remote"]
    changed_at: datetime


class KeptTicket(Ticket):
    """A ticket as the desk has it now. What is kept was measured when it came in, so that it is not measured again."""

    id: UUID
    reference: Reference
    subject: str
    description: str
    category: str
    department: str | None = Field(None, description="Key of its department.")
    details: dict[str, Any] = Field(default_factory=dict, description="Answers to the category's questions.")
    tags: list[str] = Field(default_factory=list)
    requester: KnownRequester
    status: Status
    team: str | None = Field(None, description="Key of the team whose queue it is in.")
    assignee: str | None = Field(None, description="E-mail address of the agent who has it.")
    channel: str
    tone: Literal["calm", "confused", "angry"] | None = None
    #: The ticket that goes on in this one's place.
    merged_into: Reference | None = None
    rating: Annotated[int, Field(ge=1, le=5)] | None = None
    rating_comment: str | None = None
    version: Annotated[int, Field(ge=1, description="Counts changes.")]
    created_at: datetime
    updated_at: datetime
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    first_response_due_at: Annotated[datetime | None, Field(description="By when the first answer is promised.")] = None
    resolution_due_at: Annotated[datetime | None, Field(description="By when the solution is promised.")] = None
    clocks: Annotated[list[Clock], Field(description="Empty: nothing is promised.")] = Field(default_factory=list)
    reading: Annotated[Reading | None, Field(description="Null: not read yet. For staff.")] = None
    url: Annotated[str, Field(description="The ticket's page.")]


class Entry(Strict):
    """Something that was written on a ticket."""

    id: UUID
    author: AuthorKind
    author_name: str = ""
    visibility: Literal["public", "internal"]
    body: str
    source: str
    created_at: datetime


class Changed(Strict):
    """What something was and what it became."""

    before: str | list[str] | None = Field(None, alias="from")
    after: str | list[str] | None = Field(None, alias="to")

    model_config = Strict.model_config | {"populate_by_name": True, "serialize_by_alias": True}


class Due(Strict):
    """Which clock of the service level it is about."""

    clock: str | None = None
    due_at: datetime | None = None


class Data(Strict):
    """What every event of a ticket has."""

    ticket: KeptTicket
    #: Kind of whoever did it.
    by: AuthorKind


class Written(Data):
    """Something was written."""

    entry: Entry


class Moved(Data):
    """Something became something else."""

    change: Changed


class Said(Moved):
    """It moved; what was written with it, if anything was."""

    entry: Entry | None = None


class Timed(Data):
    """A clock of the service level."""

    due: Due


class Envelope(Strict):
    """What is sent."""

    type: str
    timestamp: Annotated[datetime, Field(description="When it happened.")]


class TestData(Strict):
    """What a test sends."""

    __test__ = False  # no test of ours

    message: str


#: Kinds of events that can be chosen: what it means, and what comes with it.
KINDS: Mapping[str, tuple[str, type[Data]]] = MappingProxyType(
    {
        "ticket.opened": ("A ticket was opened.", Data),
        "ticket.replied": ("An agent answered.", Written),
        "ticket.commented": ("The person wrote.", Written),
        "ticket.noted": ("Staff noted something among themselves.", Written),
        "ticket.status_changed": ("It stands elsewhere.", Said),
        "ticket.priority_changed": ("It matters more, or less.", Moved),
        "ticket.category_changed": ("It is about something else.", Moved),
        "ticket.assigned": ("It was given to an agent, or back to the queue.", Moved),
        "ticket.team_changed": ("It is in another queue.", Moved),
        "ticket.tagged": ("Its tags changed.", Moved),
        "ticket.details_changed": ("Answers to its questions changed.", Data),
        "ticket.escalated": ("It went to a senior.", Data),
        "ticket.routed": ("A rule decided where it goes.", Data),
        "ticket.alerted": ("It was put to the front of the queue.", Data),
        "ticket.due_soon": ("A clock of its service level runs out soon.", Timed),
        "ticket.breached": ("A clock of its service level ran out.", Timed),
        "ticket.merged": ("It goes on as another ticket.", Data),
        "ticket.unmerged": ("A merge was undone.", Data),
        "ticket.rated": ("The person said how it went.", Data),
    }
)
TEST = "webhook.test"


def _model(kind: str, told: str, data: type[BaseModel]) -> type[BaseModel]:
    name = "".join(part.capitalize() for part in kind.replace("_", ".").split("."))
    return create_model(name, __base__=Envelope, __doc__=told, type=(Literal[kind], ...), data=(data, ...))


#: The model of each event, the test's included.
MODELS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        **{kind: _model(kind, told, data) for kind, (told, data) in KINDS.items()},
        TEST: _model(TEST, "Somebody tried the webhook.", TestData),
    }
)
