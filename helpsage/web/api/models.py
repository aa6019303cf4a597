"""What the interface takes and gives besides tickets and entries, which are those of `helpsage.schema`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType

from helpsage.people.directory import LONGEST_NAME
from helpsage.schema.events import Entry, KeptTicket
from helpsage.schema.ticket import Answer as DetailAnswer
from helpsage.schema.ticket import Body, Email, Key, Priority, Question, Status, Strict, Tag, Tags, Ticket
from helpsage.tickets.words import LONGEST_REASON, LONGEST_SUBJECT

Role = TypeAliasType("Role", Literal["requester", "agent", "lead", "administrator"])
Reason = Annotated[str, Field(max_length=LONGEST_REASON, description="Why, for the log.")]
NextCursor = Annotated[str | None, Field(description="Hands over the next page; null on the last one.")]


Mark = Annotated[str, Field(min_length=1, max_length=2_000, examples=["eyJzaGEyNTYi.aGVsZA.c2lnbmVk"])]
Uploads = Annotated[
    list[Mark], Field(max_length=20, description="`upload` of files that this token sent to `/uploads`, within a day.")
]


class NewTicket(Ticket):
    """One problem of one person, with files."""

    attachments: Uploads = Field(default_factory=list, examples=[[]])


class TicketPage(Strict):
    """Some tickets."""

    items: list[KeptTicket]
    next_cursor: NextCursor = None


class TicketChange(Strict):
    """What to change; what is left out stays (RFC 7396)."""

    status: Status | None = Field(None, description="`escalated` asks a senior.")
    priority: Priority | None = None
    category: Key | None = None
    team: Key | None = Field(None, description="Key of a team; null leaves it to the department to sort.")
    assignee: Email | None = Field(None, description="E-mail address of who works on it; null: back to the queue.")
    tags: Tags | None = Field(None, description="All of them: what is not here is taken off.")
    details: Annotated[dict[Question, DetailAnswer | None], Field(max_length=100)] | None = Field(
        None, description="Answers to change; null takes one away."
    )
    reason: Reason = ""


class Accepted(Strict):
    """It is kept, and waits for its turn."""

    id: int
    status: Literal["waiting", "done", "ignored", "failed"]
    reference: str | None = Field(None, description="The ticket that was made of it.")
    reason: str = ""


class Reply(Strict):
    """An agent's words to the person."""

    body: Body = Field(examples=["We have returned the second payment."])
    status: Status | None = Field(None, description="Where the ticket goes with it; an open one goes in progress.")
    attachments: Uploads = Field(default_factory=list, examples=[[]])


class Words(Strict):
    """Words on a ticket."""

    body: Body = Field(examples=["The bank has it on its list for Monday."])
    attachments: Uploads = Field(default_factory=list, examples=[[]])


class EntryPage(Strict):
    """Some of what was written on a ticket, oldest first."""

    items: list[Entry]
    next_cursor: NextCursor = None


class ChatMessage(Strict):
    """Something that was said in the chat before there was a ticket."""

    seq: int
    author: Literal["person", "bot", "agent", "system"]
    author_name: str = ""
    text: str
    created_at: datetime


class Transcript(Strict):
    """The part of a conversation that led to a ticket; empty when there was none."""

    items: list[ChatMessage]


class Upload(Strict):
    """A file that is kept for a day, until it is put on a ticket."""

    upload: Mark
    name: str = Field(description="Made safe.", examples=["bill.pdf"])
    content_type: str = Field(description="By what the file holds.", examples=["application/pdf"])
    size: int = Field(description="Bytes.", examples=[48_211])


class Attachment(Strict):
    """A file on a ticket."""

    id: UUID
    entry: UUID | None = Field(description="What it was sent with; null: the description.")
    name: str = Field(examples=["bill.pdf"])
    content_type: str = Field(description="By what the file holds, not by what its sender said.")
    size: int = Field(description="Bytes.", examples=[48_211])
    sha256: str = Field(examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    width: int | None = Field(description="Of a picture, in pixels.")
    height: int | None
    created_at: datetime
    content: str = Field(
        description="Address of the file.",
        examples=["/api/v1/attachments/8e03978e-40d5-43dd-bc93-6894a57f9324/content"],
    )


class AttachmentList(Strict):
    """The files of a ticket, oldest first."""

    items: list[Attachment]


Reference = Annotated[str, Field(pattern=r"^HS-[0-9]{1,12}$", examples=["HS-1043"])]


class Merge(Strict):
    """Which ticket to go on as."""

    into: Reference
    other_person: bool = Field(
        False, description="Yes, the two were asked for by different people; neither will read answers on the other's."
    )
    reason: Reason = ""


class Why(Strict):
    """Why something is taken back."""

    reason: Reason = ""


class Split(Strict):
    """What to take out of a thread, and what to make of it."""

    entries: Annotated[list[Annotated[UUID, Field(strict=False)]], Field(min_length=1, max_length=200)] = Field(
        description="Ids of pieces of this ticket's thread; the first one says what the new ticket is about."
    )
    subject: Annotated[str, Field(min_length=1, max_length=LONGEST_SUBJECT, examples=["The Wi-Fi is down, too"])]
    category: Key | None = Field(None, description="The ticket's own when it is left out.")
    reason: Reason = ""


class Link(Strict):
    """Another ticket that is, or may be, about the same."""

    reference: Reference
    subject: str
    status: Status
    state: Literal["offered", "linked"] = Field(description="Offered: nobody has said so or denied it yet.")
    score: float = Field(description="How likely it is, 0 to 1.")
    because: list[str] = Field(description="What speaks for it.")


class LinkList(Strict):
    """Tickets about the same, linked ones first."""

    items: list[Link]


class TagList(Strict):
    """All tags of a ticket."""

    items: list[Tag]


class Follower(Strict):
    """Someone who hears of a ticket without working on it."""

    email: str
    name: str


class FollowerList(Strict):
    """Who follows a ticket."""

    items: list[Follower]
    following: bool = Field(description="Whether the token's owner does.")


class Piece(Strict):
    """A part of a text."""

    text: str
    found: bool = Field(description="Whether it is what was looked for.")


class Found(Strict):
    """A ticket that a search found, and where."""

    ticket: KeptTicket
    subject: list[Piece]
    excerpt: list[Piece] = Field(description="From description or thread; empty when the words stand elsewhere.")


class FoundPage(Strict):
    """Some of what a search found, the best first."""

    items: list[Found]
    meant: dict[str, list[str]] = Field(description="Words looked for besides one that almost no ticket has.")
    next_cursor: NextCursor = None


class Choice(Strict):
    """One of the answers that a question has."""

    value: str
    title: str


class CategoryQuestion(Strict):
    """What is asked of everyone with this problem."""

    name: str
    label: str
    kind: str
    required: bool
    choices: list[Choice]


class Category(Strict):
    """A kind of problem."""

    key: str
    title: str
    group: str
    priority: Priority
    team: str | None = Field(description="Key of the team that works on it; for staff.")
    questions: list[CategoryQuestion]


class CategoryList(Strict):
    """All categories."""

    items: list[Category]


class Department(Strict):
    """A part of the organisation with a desk of its own."""

    key: str
    name: str
    is_default: bool


class DepartmentList(Strict):
    """The departments in use, the default one first."""

    items: list[Department]


class Team(Strict):
    """People who work a queue together."""

    key: str
    name: str
    department: str


class TeamList(Strict):
    """The teams in use."""

    items: list[Team]


class Agent(Strict):
    """Someone who answers tickets."""

    email: str
    name: str
    away: bool


class AgentList(Strict):
    """Everyone who can be given a ticket."""

    items: list[Agent]


class Person(Strict):
    """Someone who asks or answers."""

    id: UUID
    name: str
    email: str | None = Field(description="Proven to be theirs.")
    contact_email: str | None = Field(description="Given without proof: good for writing to them.")
    locale: str
    role: Role | None = Field(description="Of their account; null: they have none.")
    disabled: bool = Field(False, description="Their account is switched off.")
    teams: list[str] = Field(default_factory=list, description="Keys of the teams in which they work.")
    created_at: datetime


Named = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, examples=["Asha Patel"])]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, examples=["en"])]


class NewPerson(Strict):
    """Someone who may ask. Without an account: an address that is given proves nothing."""

    email: Annotated[str, Field(min_length=3, max_length=254, examples=["asha@example.org"])]
    name: Named
    locale: Locale = "en"


class PersonChange(Strict):
    """What to change; what is left out stays (RFC 7396)."""

    model_config = Strict.model_config | {"json_schema_extra": {"examples": [{"role": "agent", "teams": ["network"]}]}}

    name: Named | None = None
    locale: Locale | None = None
    contact_email: Annotated[str, Field(min_length=3, max_length=254)] | None = Field(
        None, description="Only of people without an account; null takes it away."
    )
    role: Role | None = Field(None, description="Of their account. Administrators only, and never one's own.")
    disabled: bool | None = Field(None, description="Switches their account off: they are logged out at once.")
    teams: Annotated[list[Key], Field(max_length=100)] | None = Field(None, description="All of them, by their keys.")


class NewInvitation(Strict):
    """Someone who is asked to work here."""

    model_config = Strict.model_config | {
        "json_schema_extra": {"examples": [{"email": "ravi@example.org", "role": "agent", "teams": ["network"]}]}
    }

    email: Annotated[str, Field(min_length=3, max_length=254, examples=["ravi@example.org"])]
    name: Annotated[str, Field(max_length=LONGEST_NAME, examples=["Ravi Menon"])] = ""
    role: Role = "agent"
    teams: Annotated[list[Key], Field(max_length=100)] = Field(default_factory=list, description="By their keys.")


class Invitation(Strict):
    """A letter that was not answered yet."""

    id: str = Field(description="It opens nothing.", examples=["d9b2cf3a0c1d4e5f"])
    email: str
    name: str
    role: Role
    teams: list[str]
    sent_at: datetime
    expires_at: datetime


class InvitationList(Strict):
    """Invitations that were not accepted yet, the newest first."""

    items: list[Invitation]


class PersonPage(Strict):
    """Some people."""

    items: list[Person]
    next_cursor: NextCursor = None


class Me(Strict):
    """Who the token speaks for, and what it may do."""

    person: Person | None = Field(description="Null for a program's token.")
    role: Role
    token: str
    kind: Literal["personal", "service"]
    scopes: list[str]
    expires_at: datetime | None


class Times(Strict):
    """How long something took."""

    count: int
    average_s: float | None = None
    median_s: float | None = None
    p90_s: float | None = None


class Figures(Strict):
    """What happened in some days. Times are counted on the day on which they ended."""

    opened: int
    answered: int
    done: int
    rated: int
    rating_average: float | None
    satisfaction: float | None = Field(description="Share of ratings that are 4 or 5.")


class Summary(Strict):
    """A period at a glance."""

    first: date
    last: date
    figures: Figures
    first_response: Times
    resolution: Times
    unresolved_now: int
    overdue_now: int


class Definition(Strict):
    """What a figure means."""

    figure: str
    definition: str


class DefinitionList(Strict):
    """What the figures mean, as it stands on the pages."""

    items: list[Definition]


class DayFigures(Strict):
    """One day."""

    day: date
    figures: Figures


class DayList(Strict):
    """Every day of a period."""

    first: date
    last: date
    items: list[DayFigures]


class ValueFigures(Strict):
    """One category, team, agent, channel or priority."""

    value: str = Field(description="Key, id or name; empty for tickets without one.")
    figures: Figures
    unresolved_now: int
    overdue_now: int


class ValueList(Strict):
    """A period, divided; the one with the most tickets first."""

    first: date
    last: date
    by: str
    items: list[ValueFigures]


Url = Annotated[str, Field(pattern=r"^https?://[!-~]{1,1990}$", examples=["https://hooks.example.org/desk"])]
Name = Annotated[str, Field(min_length=1, max_length=80, examples=["Billing"])]
Events = Annotated[
    list[Annotated[str, Field(pattern=r"^[a-z_.]{1,60}$")]],
    Field(min_length=1, max_length=50, examples=[["ticket.opened", "ticket.status_changed"]]),
]


class NewWebhook(Strict):
    """An address that wants to hear of events."""

    name: Name
    url: Url
    events: Events
    department: Key | None = Field(None, description="Only tickets of this department.")


class WebhookChange(Strict):
    """What to change; what is left out stays."""

    name: Name | None = None
    url: Url | None = None
    events: Events | None = None
    department: Key | None = None
    enabled: bool | None = None


class Webhook(Strict):
    """An address that hears of events."""

    id: UUID
    name: str
    url: str
    events: list[str]
    department: str | None
    enabled: bool
    disabled_because: str
    created_at: datetime


class MadeWebhook(Webhook):
    """A new one, with its key."""

    key: str = Field(description="Signs what is sent (Standard Webhooks). Given here and never again.")


class WebhookKey(Strict):
    """A new key."""

    key: str = Field(description="Given here and never again; the one before signs on for a day.")


class WebhookList(Strict):
    """All webhooks."""

    items: list[Webhook]


class WebhookTest(Strict):
    """How a test went."""

    delivered: bool
    status: int | None = Field(description="Of the answer.")
    error: str
    milliseconds: int


class WebhookMessage(Strict):
    """What was sent, or is to be."""

    id: UUID
    event: str
    stage: Literal["waiting", "sent", "dead"]
    attempts: int
    due_at: datetime
    created_at: datetime
    done_at: datetime | None


class WebhookAttempt(Strict):
    """One try."""

    at: datetime
    milliseconds: int
    status: int | None = Field(description="Of the answer; null when there was none.")
    error: str = Field(description="Why it counts as failed; empty for success.")
    answer: str = Field(description="The beginning of it.")


class WebhookDelivery(WebhookMessage):
    """A message with its words and its tries."""

    body: str = Field(description="What is sent, byte for byte.")
    tries: list[WebhookAttempt] = Field(description="The newest first.")


class Replayed(Strict):
    """How many dead messages are sent again."""

    count: int


class WebhookMessagePage(Strict):
    """Some messages, the newest first."""

    items: list[WebhookMessage]
    next_cursor: NextCursor = None
