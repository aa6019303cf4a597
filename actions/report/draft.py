"""The ticket being written. It lives in the slot `ticket_draft` as JSON."""

from __future__ import annotations

import uuid
from dataclasses import asdict, dataclass, field
from typing import Any

from helpsage.tickets.categories import Catalogue, Category, Question, catalogue

#: What can be open beside a category's own questions.
TOPIC, DESCRIPTION, EMAIL, CONFIRM, FIELD = "topic", "description", "email", "confirm", "field"
#: Whether it is the same as a ticket that exists.
SAME = "same"
#: A question is put twice at most.
MOST_TRIES = 2
SUBJECT_LENGTH = 90


@dataclass(frozen=True)
class Answer:
    """A checked answer."""

    #: As it is kept.
    value: str
    #: As it is shown.
    shown: str
    #: Further details it carries, for example the currency.
    more: dict[str, str] = field(default_factory=dict)


@dataclass
class Draft:
    """Everything known of a ticket that is not sent yet."""

    #: Of this filling-in; with the conversation's id it makes the submission's idempotency key.
    form: str = field(default_factory=lambda: uuid.uuid4().hex)
    category: str | None = None
    #: The part of the menu chosen before the category was clear.
    group: str | None = None
    description: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    #: Questions that were put and stay open.
    left_open: list[str] = field(default_factory=list)
    tries: dict[str, int] = field(default_factory=dict)
    email: str | None = None
    #: No address is wanted, or it was asked for often enough.
    email_settled: bool = False
    urgency: str | None = None
    tone: str | None = None
    wants_person: bool = False
    #: Whether other tickets about the same thing were looked for, and the one that was found, until that is answered.
    compared: bool = False
    same: dict[str, Any] | None = None
    #: What was read and did not help, a line each.
    tried: list[str] = field(default_factory=list)
    #: The question now open.
    asked: str | None = None
    #: A question put again on the person's wish.
    editing: str | None = None

    @classmethod
    def from_slot(cls, kept: Any) -> Draft | None:
        """Read the slot; None when it holds no draft of this version."""
        if not isinstance(kept, dict):
            return None
        try:
            answers = {name: Answer(**answer) for name, answer in kept.get("answers", {}).items()}
            return cls(**{**kept, "answers": answers})
        except TypeError:
            return None

    def to_slot(self) -> dict[str, Any]:
        """For the slot."""
        return asdict(self)

    def kind(self, known: Catalogue | None = None) -> Category | None:
        """The category, when it is clear."""
        return (known or catalogue()).categories.get(self.category or "")

    def questions(self) -> tuple[Question, ...]:
        """What this category asks."""
        category = self.kind()
        return category.questions if category is not None else ()

    def question(self, name: str | None) -> Question | None:
        """One of them."""
        return next((question for question in self.questions() if question.name == name), None)

    def next_open(self) -> str:
        """What to ask now."""
        if self.editing in (TOPIC, DESCRIPTION, EMAIL, FIELD) or self.question(self.editing) is not None:
            return str(self.editing)
        if self.category is None and self.group is None:
            return TOPIC
        if not self.description:
            return DESCRIPTION
        if self.same is not None:
            return SAME
        for question in self.questions():
            if question.name not in self.answers and question.name not in self.left_open:
                return question.name
        return CONFIRM if self.email or self.email_settled else EMAIL

    def answer(self, name: str, answer: Answer) -> None:
        """Keep an answer; a question left open before is answered now."""
        self.answers[name] = answer
        self.settle(name)

    def leave_open(self, name: str) -> None:
        """Go on without an answer; one that was there before stays."""
        if name not in self.answers and name not in self.left_open:
            self.left_open.append(name)
        self.editing = None

    def settle(self, name: str) -> None:
        """This question is done with."""
        self.left_open = [other for other in self.left_open if other != name]
        if self.editing == name:
            self.editing = None

    def failed(self, name: str) -> bool:
        """Count a try. True when it was the last one."""
        self.tries[name] = self.tries.get(name, 0) + 1
        return self.tries[name] >= MOST_TRIES

    def set_category(self, category: Category) -> None:
        """Change what it is about; answers to questions that the new category asks too are kept."""
        self.category = category.name
        names = {question.name for question in category.questions}
        self.answers = {name: answer for name, answer in self.answers.items() if name in names}
        self.left_open = [name for name in self.left_open if name in names]

    def details(self) -> dict[str, str]:
        """The answers as the ticket keeps them."""
        kept: dict[str, str] = {}
        for name, answer in self.answers.items():
            kept[name] = answer.value
            kept.update(answer.more)
        if self.wants_person:
            kept["wants_person"] = "yes"
        return kept

    def subject(self) -> str:
        """One line for the queue: the beginning of what the person said."""
        line = " ".join(self.description.split())
        head = line.split(". ")[0]
        return head if len(head) <= SUBJECT_LENGTH else head[: SUBJECT_LENGTH - 1].rsplit(" ", 1)[0] + "…"
