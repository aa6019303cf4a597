"""One ticket's life after another: what was written, who answered when, how it ended, what was said of it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from helpsage.demo import pools, times
from helpsage.demo.people import Someone, new_id
from helpsage.demo.rows import Sheet
from helpsage.tickets import categories, priority
from helpsage.tickets.categories import Category, Question
from helpsage.tickets.models import REFERENCE_PREFIX, Priority, Status

CHANNELS = (("webchat", 0.70), ("portal", 0.16), ("email", 0.10), ("form", 0.04))
#: Hours of work until somebody answers, and from there until it is solved: the median.
ANSWER_H = {Priority.URGENT: 0.4, Priority.HIGH: 1.3, Priority.NORMAL: 3.2, Priority.LOW: 7.0}
SOLVE_H = {Priority.URGENT: 2.5, Priority.HIGH: 6.0, Priority.NORMAL: 11.0, Priority.LOW: 20.0}
#: Teams differ: times the medians.
PACE = {"examination office": 1.5, "scholarship office": 1.8, "finance team": 1.25, "accounts team": 0.55,
        "service desk": 0.7, "hostel office": 1.4, "network team": 0.9}  # fmt: skip
#: Hours until a person answers a question, the median: some at once, some after a week.
ANSWERED_BACK_H = 14.0
#: Of all tickets that somebody works on, so many are simply left lying.
FORGOTTEN = 0.0015
CLOSES_AFTER = timedelta(days=7)
#: Stories end this long before the present, so that the minutes between two steps never reach into the future.
MARGIN = timedelta(minutes=45)
#: Whoever writes twice about one thing does so within this time.
TWICE_WITHIN = timedelta(hours=6)

TICKET_COLUMNS = (
    "id", "number", "requester_id", "conversation_id", "transcript_from_seq", "transcript_to_seq", "subject",
    "description", "category", "priority", "priority_reason", "status", "tone", "channel", "details", "gaps",
    "assignee_id", "department_id", "team_id", "tags", "merged_into_id", "rating", "rating_comment", "version",
    "created_at", "updated_at", "first_response_at", "resolved_at", "closed_at", "routed_by",
)  # fmt: skip
ENTRY_COLUMNS = (
    "id", "ticket_id", "author_kind", "author_id", "author_name", "visibility", "body", "source", "created_at",
    "delivered_at",
)  # fmt: skip
CHANGE_COLUMNS = (
    "ticket_id", "at", "actor_kind", "actor_id", "actor_name", "action", "before", "after", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where tickets of a category go: department, team, and who works there."""

    department_id: UUID
    team_id: UUID
    team_key: str
    agents: Sequence[Someone]


@dataclass
class Life:
    """A ticket while its story is told."""

    id: UUID
    number: int
    requester: Someone
    category: Category
    place: Place
    subject: str
    description: str
    priority: Priority
    reason: str
    channel: str
    created_at: datetime
    details: dict[str, str]
    status: Status = Status.OPEN
    agent: Someone | None = None
    at: datetime = field(init=False)
    version: int = 1
    tags: tuple[str, ...] = ()
    tone: str = "calm"
    conversation_id: UUID | None = None
    first_seq: int | None = None
    last_seq: int | None = None
    merged_into_id: UUID | None = None
    rating: int | None = None
    rating_comment: str | None = None
    first_response_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    routed_by: str | None = None

    def __post_init__(self) -> None:
        self.at = self.created_at


class Stories:
    """Tells tickets' lives into rows."""

    def __init__(self, chance: random.Random, places: Mapping[str, Place], now: datetime) -> None:
        self._chance = chance
        self.places = places
        self._now = now - MARGIN
        self._known = categories.catalogue().categories
        self._words = pools.load()
        self._lately: dict[str, list[Life]] = {}
        self.tickets = Sheet("ticket", TICKET_COLUMNS)
        self.entries = Sheet("ticket_entry", ENTRY_COLUMNS)
        self.changes = Sheet("ticket_change", CHANGE_COLUMNS)

    def begin(self, number: int, requester: Someone, category: str, created_at: datetime) -> Life:
        """A ticket as it comes in."""
        life = self.imagined(requester, category, created_at, number)
        after = {"status": "open", "priority": life.priority.value, "category": category}
        self._log(life, "requester", life.requester, "created", None, after, life.reason)
        return life

    def imagined(self, requester: Someone, category: str, created_at: datetime, number: int = 0) -> Life:
        """What somebody could write."""
        chance = self._chance
        known = self._known[category]
        subject, description = chance.choice(self._words["problems"][category])
        values = pools.values(chance)
        subject, description = subject.format(**values), description.format(**values)
        level, reason = priority.decide(f"{subject}\n{description}", category)
        return Life(
            id=new_id(chance),
            number=number,
            requester=requester,
            category=known,
            place=self.places[category],
            subject=subject[:1].upper() + subject[1:],
            description=description,
            priority=level,
            reason=reason,
            channel=chance.choices([name for name, _ in CHANNELS], [share for _, share in CHANNELS])[0],
            created_at=created_at,
            details=self._details(known, values),
            tone=chance.choices(("calm", "confused", "angry"), (78, 13, 9))[0],
        )

    def live(self, life: Life) -> None:
        """What happens to it until now."""
        pace = PACE.get(life.place.team_key, 1.0)
        if self._merged(life):
            return
        answers_at = times.working(life.created_at, times.spread(self._chance, ANSWER_H[life.priority] * pace))
        if answers_at >= self._now:
            return
        self._take(life, answers_at)
        self._answer_first(life)
        if self._chance.random() < 0.25:
            self._note(life)
        self._tag(life)
        if self._chance.random() < 0.06:
            self._escalate(life)
        if self._chance.random() < 0.28 and not self._wait_for_person(life):
            return
        solved_at = times.working(life.at, times.spread(self._chance, SOLVE_H[life.priority] * pace))
        if solved_at >= self._now or self._chance.random() < FORGOTTEN:
            return
        self._resolve(life, solved_at)
        if self._chance.random() < 0.05 and not self._come_back(life, pace):
            return
        self._close(life)

    def write(self, life: Life) -> None:
        """The row, once the story is told."""
        self.tickets.add(
            id=life.id,
            number=life.number,
            requester_id=life.requester.person_id,
            conversation_id=life.conversation_id,
            transcript_from_seq=life.first_seq,
            transcript_to_seq=life.last_seq,
            subject=life.subject,
            description=life.description,
            category=life.category.name,
            priority=life.priority.value,
            priority_reason=life.reason,
            status=life.status.value,
            tone=life.tone,
            channel=life.channel,
            details=life.details,
            gaps=[],
            assignee_id=life.agent.account_id if life.agent is not None else None,
            department_id=life.place.department_id,
            team_id=life.place.team_id,
            tags=life.tags,
            merged_into_id=life.merged_into_id,
            rating=life.rating,
            rating_comment=life.rating_comment,
            version=life.version,
            created_at=life.created_at,
            updated_at=life.at,
            first_response_at=life.first_response_at,
            resolved_at=life.resolved_at,
            closed_at=life.closed_at,
            routed_by=life.routed_by,
        )

    # --- what rules do before anybody has seen it

    def hand(self, life: Life, place: Place, why: str) -> None:
        """To another team."""
        if life.place.team_id == place.team_id:
            return
        before, life.place = life.place, place
        told = [{"team": str(one.team_id), "department": str(one.department_id)} for one in (before, place)]
        self._step(life, life.at + timedelta(seconds=3))
        self._log(life, "system", None, "team", told[0], told[1], why)

    def raise_to(self, life: Life, to: Priority, why: str) -> None:
        """With a higher priority."""
        if life.priority is to:
            return
        before, life.priority, life.reason = life.priority, to, why
        self._step(life, life.at + timedelta(seconds=3))
        self._log(life, "system", None, "priority", {"priority": before.value}, {"priority": to.value}, why)

    def escalate(self, life: Life, why: str) -> None:
        """To a senior."""
        self._step(life, life.at + timedelta(seconds=3))
        self._move(life, Status.ESCALATED, why, actor="system")

    # --- the parts of a story

    def _merged(self, life: Life) -> bool:
        """Now and then the same person has written about it an hour before."""
        earlier = self._lately.setdefault(life.category.name, [])
        earlier[:] = [other for other in earlier if life.created_at - other.created_at < TWICE_WITHIN]
        twin = next((o for o in earlier if o.resolved_at is None or o.resolved_at > life.created_at), None)
        earlier.append(life)
        if twin is None or twin.merged_into_id is not None or self._chance.random() > 0.05:
            return False
        at = times.working(life.created_at, 0.3 + self._chance.random())
        if at >= self._now:
            return False
        life.requester, life.subject, life.description = twin.requester, twin.subject, twin.description
        agent = self._chance.choice(life.place.agents)
        into = f"{REFERENCE_PREFIX}{twin.number}"
        before = {"status": life.status.value, "resolved_at": None, "closed_at": None}
        self._step(life, at)
        life.status, life.merged_into_id = Status.CLOSED, twin.id
        life.resolved_at = life.closed_at = life.at
        self._log(life, "agent", agent, "merged", before, {"into": into}, "the same again")
        merged = {"merged": f"{REFERENCE_PREFIX}{life.number}"}
        twin.version += 1
        self._log(twin, "agent", agent, "absorbed", None, merged, "the same again", max(at, twin.at))
        return True

    def _take(self, life: Life, at: datetime) -> None:
        agent = self._chance.choices(life.place.agents, range(len(life.place.agents) + 2, 2, -1))[0]
        life.agent = agent
        self._step(life, at)
        self._log(life, "agent", agent, "assigned", {"assignee": None}, {"assignee": str(agent.account_id)})

    def _answer_first(self, life: Life) -> None:
        self._step(life, life.at + timedelta(minutes=1 + self._chance.random() * 6))
        life.first_response_at = life.at
        self._reply(life, self._chance.choice(self._words["replies"]["first"]))
        self._move(life, Status.IN_PROGRESS)

    def _note(self, life: Life) -> None:
        self._step(life, life.at + timedelta(minutes=2 + self._chance.random() * 30))
        if life.at < self._now:
            self._say(life, life.agent, "agent", "internal", self._chance.choice(self._by_part("notes", life)))

    def _tag(self, life: Life) -> None:
        own = self._words["tags"].get(life.category.group.name, ())
        if own and self._chance.random() < 0.3:
            life.tags = (self._chance.choice(own),)
            self._step(life, life.at + timedelta(seconds=30))
            self._log(life, "agent", life.agent, "tags", {"tags": []}, {"tags": list(life.tags)})

    def _escalate(self, life: Life) -> None:
        at = times.working(life.at, 1 + self._chance.random() * 5)
        if at >= self._now:
            return
        self._step(life, at)
        self._move(life, Status.ESCALATED, self._chance.choice(self._words["replies"]["escalated"]))
        if priority.rank(life.priority) < priority.rank(Priority.HIGH):
            before = {"priority": life.priority.value}
            life.priority, life.reason = Priority.HIGH, "escalated"
            self._log(life, "agent", life.agent, "priority", before, {"priority": "high"}, "escalated")

    def _wait_for_person(self, life: Life) -> bool:
        """A question back; False when the answer has not come yet."""
        at = times.working(life.at, 0.5 + self._chance.random() * 3)
        if at >= self._now:
            return False
        self._step(life, at)
        asked, told = self._chance.choice(self._by_part("questions_back", life))
        self._reply(life, asked)
        self._move(life, Status.WAITING)
        answered = life.at + timedelta(hours=times.spread(self._chance, ANSWERED_BACK_H, 1.4))
        if answered >= self._now:
            return False
        self._step(life, answered)
        self._comment(life, told)
        self._move(life, Status.IN_PROGRESS, actor="requester")
        return True

    def _resolve(self, life: Life, at: datetime) -> None:
        self._step(life, at)
        self._reply(life, self._chance.choice(self._words["solutions"][life.category.name]))
        self._move(life, Status.RESOLVED)
        life.resolved_at = life.at

    def _come_back(self, life: Life, pace: float) -> bool:
        """It was not solved; False when it is not yet solved again."""
        at = life.at + timedelta(hours=times.spread(self._chance, 20.0))
        if at >= self._now:
            return False
        self._step(life, at)
        self._comment(life, self._chance.choice(self._words["comments"]["back"]))
        self._move(life, Status.OPEN, actor="requester")
        life.resolved_at = None
        again = times.working(life.at, times.spread(self._chance, 6.0 * pace))
        if again >= self._now:
            return False
        self._step(life, life.at + (again - life.at) * 0.3)
        self._move(life, Status.IN_PROGRESS)
        self._resolve(life, again)
        return True

    def _close(self, life: Life) -> None:
        """The person says thanks and closes it, or time does."""
        by_person = self._chance.random() < 0.42
        hours = times.spread(self._chance, 3.0) if by_person else CLOSES_AFTER.total_seconds() / 3600
        at = life.at + timedelta(hours=hours)
        if at >= self._now:
            return
        self._step(life, at)
        if by_person and self._chance.random() < 0.5:
            self._comment(life, self._chance.choice(self._words["comments"]["thanks"]))
        self._move(life, Status.CLOSED, actor="requester" if by_person else "system")
        life.closed_at = life.at
        if self._chance.random() < (0.55 if by_person else 0.12):
            self._rate(life)

    def _rate(self, life: Life) -> None:
        at = life.at + timedelta(minutes=1 + self._chance.random() * 600)
        if at >= self._now:
            return
        slow = (life.resolved_at or life.at) - life.created_at > timedelta(days=3)
        weights = (10, 11, 19, 33, 27) if slow or life.tone == "angry" else (2, 3, 8, 30, 57)
        life.rating = self._chance.choices((1, 2, 3, 4, 5), weights)[0]
        mood = "good" if life.rating >= 4 else "middling" if life.rating == 3 else "bad"
        life.rating_comment = self._chance.choice(self._words["ratings"][mood]) or None
        self._step(life, at)
        self._log(life, "requester", life.requester, "rated", None, {"rating": life.rating})

    def _by_part(self, words: str, life: Life) -> list[Any]:
        """Words for the part of the menu that the ticket's category belongs to."""
        pool: Mapping[str, list[Any]] = self._words[words]
        return pool.get(life.category.group.name) or pool["other"]

    # --- writing down

    def _step(self, life: Life, at: datetime) -> None:
        life.at = max(at, life.at + timedelta(microseconds=1))
        life.version += 1

    def _move(self, life: Life, to: Status, why: str = "", actor: str = "agent") -> None:
        if life.status is to:
            return
        before, life.status = life.status, to
        someone = {"agent": life.agent, "requester": life.requester}.get(actor)
        self._log(life, actor, someone, "status", {"status": before.value}, {"status": to.value}, why)

    def _reply(self, life: Life, words: str) -> None:
        self._say(life, life.agent, "agent", "public", words.replace("{first}", life.requester.first))

    def _comment(self, life: Life, words: str) -> None:
        self._say(life, life.requester, "requester", "public", words)

    def _say(self, life: Life, who: Someone | None, kind: str, visibility: str, words: str) -> None:
        entry_id = new_id(self._chance)
        self.entries.add(
            id=entry_id,
            ticket_id=life.id,
            author_kind=kind,
            author_id=who.person_id if who is not None else None,
            author_name=who.name if who is not None else "",
            visibility=visibility,
            body=words,
            source="console" if kind == "agent" else "chat" if life.channel == "webchat" else life.channel,
            created_at=life.at,
            delivered_at=life.at if kind == "agent" and visibility == "public" else None,
        )
        action = {"agent": "replied", "requester": "commented"}[kind] if visibility == "public" else "noted"
        self._log(life, kind, who, action, None, {"entry": str(entry_id)})

    def _log(
        self,
        life: Life,
        kind: str,
        who: Someone | None,
        action: str,
        before: dict[str, Any] | None,
        after: dict[str, Any] | None,
        why: str = "",
        at: datetime | None = None,
    ) -> None:
        self.changes.add(
            ticket_id=life.id,
            at=at or life.at,
            actor_kind=kind,
            actor_id=who.person_id if who is not None else None,
            actor_name=who.name if who is not None else "",
            action=action,
            before=before,
            after=after,
            reason=why,
        )

    def _details(self, category: Category, values: Mapping[str, str]) -> dict[str, str]:
        """Answers to the category's questions."""
        return {
            question.name: answer
            for question in category.questions
            if (answer := self._answer(question, values))
            and self._chance.random() < (0.97 if question.required else 0.5)
        }

    def _answer(self, question: Question, values: Mapping[str, str]) -> str:
        if question.kind == "choice":
            return self._chance.choice(question.choices).value
        if question.kind == "date":
            return (self._now.date() - timedelta(days=self._chance.randrange(1, 20))).isoformat()
        by_kind = {
            "amount": values["amount"].replace(",", ""),
            "transaction_id": values["transaction"],
            "device": values["device"],
            "place": values["place"],
            "application": values["app"],
        }
        by_name = {
            "course": values["course"],
            "item": values["book"],
            "room": values["hostel"],
            "software": values["software"],
        }
        return by_name.get(question.name) or by_kind.get(question.kind, "")
