"""Looks through what was said for what was misunderstood: each message once, when nothing more is going to follow it.

The reasons are read from what came after: the person said much the same again, chose another thing than what was
understood, said that the answer did not help, or left. What an agent corrected on a ticket comes along.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from encoder.model import Encoder, Vectors
from helpsage import clock
from helpsage.conversations.models import AnswerFeedback, Author, Conversation, Message
from helpsage.people.models import Account, Person
from helpsage.people.permissions import STAFF
from helpsage.privacy.words import REMOVED
from helpsage.tickets import categories
from helpsage.tickets.models import Ticket
from helpsage.training import blocks, ranking
from helpsage.training.items import Reason, ReviewCursor, ReviewItem, State
from helpsage.training.scrub import scrubbed
from helpsage.training.taught import Taught
from helpsage.triage import essence
from helpsage.triage.models import ReadingLabel
from helpsage.triage.reading import Tag

log = logging.getLogger(__name__)

CURSOR = "messages"
#: After that long nobody answers "did that help?" any more, and nobody says it again in other words.
SETTLED = timedelta(minutes=45)
#: An installation with years of chats begins with the last of them.
FIRST_TIME = timedelta(days=60)
#: Messages looked through in one transaction.
BATCH = 500
#: Corrected tickets taken along in one.
MOST_CORRECTIONS = 200
#: Below it the assistant was not sure; the fallback itself begins at 0.4 (config.yml).
LOW = 0.5
#: What was said again within that time, and that much alike, is a rephrasing.
SOON, ALIKE = timedelta(minutes=3), 0.7
#: Messages after one that are looked at.
AFTERWARDS = 6
#: How long after an answer "no, it did not help" may come.
FEEDBACK_WITHIN = timedelta(hours=12)
FALLBACK, OUT_OF_SCOPE = "nlu_fallback", "out_of_scope"
#: Short words of a conversation and details of a form: nobody teaches anything with them.
NO_QUESTION = frozenset(
    {
        "affirm",
        "deny",
        "thanks",
        "greet",
        "goodbye",
        "skip",
        "cancel",
        "inform",
        "correct_detail",
        "answer_agent",
        "give_rating",
    }
)
#: Buttons that take an offer back, and those that mean something by what they carry.
_REFUSED = frozenset({"deny", "cancel"})
_OF_THE_DIALOGUE = NO_QUESTION | {"help", "report_problem", FALLBACK}

_LOOP = text(
    """
    select loop.data ->> 'name' from tracker_event said
    join tracker_event loop on loop.sender_id = said.sender_id and loop.n < said.n
      and loop.data ->> 'event' = 'active_loop'
    where said.sender_id = :sender and said.data ->> 'event' = 'user' and said.data ->> 'text' = :said
    order by said.n desc, loop.n desc limit 1
    """
)


@dataclass
class Seen:
    """A message with what came after it.

    Attributes:
        later: messages of its conversation after it, in order.
        refused: answers that the person said did not help, with when.
    """

    message: Message
    later: Sequence[Message]
    refused: Sequence[tuple[str, datetime]] = ()
    vectors: dict[int, Vectors] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """Why a message is to be looked at.

    Attributes:
        chosen: the intent that the person chose instead, if they did.
        saw: what speaks for it.
    """

    reason: Reason
    saw: dict[str, Any]
    chosen: str = ""


def find(session: Session, encoder: Encoder, taught: Taught) -> int:
    """Look through the next messages; returns how many were looked at, 0 when all are."""
    cursor = _cursor(session)
    asked = select(Message).where(Message.id > cursor.seen_to).order_by(Message.id).limit(BATCH)
    settled = clock.now() - SETTLED
    # Up to the first that is not: ids and times do not rise quite together, and none may be passed over.
    batch = list(takewhile(lambda each: each.created_at < settled, session.scalars(asked)))
    if not batch:
        return 0
    cursor.seen_to = batch[-1].id
    some = _with_what_followed(session, [each for each in batch if _is_said(each)])
    _encode_pairs(some, encoder)
    found = [(seen.message, what) for seen in some if (what := judged(seen)) is not None]
    _keep(session, found, encoder, taught)
    return len(batch)


def is_anything_there(session: Session) -> bool:
    """Whether anything was said, corrected or found at all. Reading what `data/` teaches takes long the first time."""
    settled = Message.created_at < clock.now() - SETTLED
    asked = (select(Message.id).where(settled), select(ReadingLabel.id), select(ReviewItem.id))
    return any(session.scalar(each.limit(1)) is not None for each in asked)


def _cursor(session: Session) -> ReviewCursor:
    """Where to go on; the first time, with what was said in the last two months."""
    there = session.get(ReviewCursor, CURSOR, with_for_update=True)
    if there is not None:
        return there
    old = select(func.max(Message.id)).where(Message.created_at < clock.now() - FIRST_TIME)
    begin = session.scalar(old) or 0
    session.execute(insert(ReviewCursor).values(name=CURSOR, seen_to=begin).on_conflict_do_nothing())
    return session.get_one(ReviewCursor, CURSOR, with_for_update=True)


def _is_said(message: Message) -> bool:
    """Typed words that the assistant understood somehow; not a button, and not what a human answered."""
    return (
        message.author == Author.PERSON
        and message.intent is not None
        and message.intent not in NO_QUESTION
        and "payload" not in message.data
        and message.text != REMOVED
        and any(map(str.isalpha, message.text))
    )


def _with_what_followed(session: Session, messages: Sequence[Message]) -> list[Seen]:
    if not messages:
        return []
    wanted = {each.conversation_id for each in messages}
    first = min(each.created_at for each in messages)
    later: dict[UUID, list[Message]] = defaultdict(list)
    asked = select(Message).where(Message.conversation_id.in_(wanted), Message.created_at >= first)
    for each in session.scalars(asked.order_by(Message.conversation_id, Message.seq)):
        later[each.conversation_id].append(each)
    refused: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    said_no = select(AnswerFeedback.conversation_id, AnswerFeedback.answer, AnswerFeedback.at)
    said_no = said_no.where(AnswerFeedback.conversation_id.in_(wanted), AnswerFeedback.helped.is_(False))
    for conversation_id, answer, at in session.execute(said_no.order_by(AnswerFeedback.at)):
        refused[conversation_id].append((answer, at))
    return [
        Seen(
            each,
            [other for other in later[each.conversation_id] if other.seq > each.seq],
            refused[each.conversation_id],
        )
        for each in messages
    ]


def _encode_pairs(some: Sequence[Seen], encoder: Encoder) -> None:
    """Vectors of what was said twice in a row, to see whether it was the same."""
    for seen in some:
        again = _said_next(seen)
        if again is not None:
            vectors = encoder.encode([seen.message.text, again.text])
            seen.vectors |= {seen.message.id: vectors[0], again.id: vectors[1]}


def _said_next(seen: Seen) -> Message | None:
    """The person's next words, when they came soon."""
    following = next((each for each in seen.later if each.author == Author.PERSON), None)
    if following is None or not _is_said(following) or following.created_at - seen.message.created_at > SOON:
        return None
    return following


def judged(seen: Seen) -> Finding | None:
    """Why this message is to be looked at; None: it seems to have been understood."""
    message = seen.message
    reasons: list[tuple[Reason, dict[str, Any], str]] = []
    if message.intent == FALLBACK or (message.confidence or 0.0) < LOW:
        reasons.append((Reason.LOW_CONFIDENCE, {}, ""))
    if message.intent in (FALLBACK, OUT_OF_SCOPE) and not any(each.author == Author.PERSON for each in seen.later):
        reasons.append((Reason.ABANDONED, {}, ""))
    reasons += [*_rephrased(seen), *_chosen(seen), *_not_helped(seen)]
    if not reasons:
        return None
    order = list(Reason)
    reason, saw, chosen = max(reasons, key=lambda each: order.index(each[0]))
    kept = {
        "intent": message.intent,
        "confidence": round(message.confidence or 0.0, 3),
        "model": message.model,
        "reasons": [each[0].value for each in reasons],
        **saw,
    }
    return Finding(reason, kept, chosen)


def _rephrased(seen: Seen) -> list[tuple[Reason, dict[str, Any], str]]:
    again = _said_next(seen)
    if again is None or again.id not in seen.vectors or again.text.strip() == seen.message.text.strip():
        return []
    likeness = float(seen.vectors[seen.message.id] @ seen.vectors[again.id])
    if likeness < ALIKE:
        return []
    understood = again.intent or ""
    helpful = understood not in (FALLBACK, seen.message.intent) and (again.confidence or 0) >= LOW
    chosen = understood if helpful and understood != OUT_OF_SCOPE else ""
    return [(Reason.REPHRASED, {"likeness": round(likeness, 3), "then": understood}, chosen)]


def _chosen(seen: Seen) -> list[tuple[Reason, dict[str, Any], str]]:
    """What was pressed next: another thing, or none of these."""
    for each in seen.later[:AFTERWARDS]:
        if each.author != Author.PERSON:
            continue
        payload = str(each.data.get("payload", ""))
        if not payload and _is_said(each):
            return []
        intent = payload.removeprefix("/").partition("{")[0]
        if intent in _REFUSED:
            unsure = seen.message.intent == FALLBACK
            return [(Reason.NOT_THAT, {"pressed": payload}, "")] if unsure else []
        chosen = _choice(payload) or ("" if intent in _OF_THE_DIALOGUE else intent)
        if chosen and chosen != seen.message.intent:
            return [(Reason.CHOSE_OTHER, {"pressed": payload}, chosen)]
        return []
    return []


def _choice(payload: str) -> str:
    """The FAQ entry that a button names: `/inform{"choice": "faq/connect_wifi"}`."""
    _, _, rest = payload.partition('"faq/')
    return f"faq/{rest.partition(chr(34))[0]}" if rest else ""


def _not_helped(seen: Seen) -> list[tuple[Reason, dict[str, Any], str]]:
    key = (seen.message.intent or "").removeprefix("faq/")
    if not key or key == seen.message.intent:
        return []
    after = seen.message.created_at
    if not any(answer == key and after <= at <= after + FEEDBACK_WITHIN for answer, at in seen.refused):
        return []
    if any(each.intent == seen.message.intent for each in seen.later if each.author == Author.PERSON):
        return []  # the answer came again, and the "no" is that one's
    return [(Reason.NOT_HELPED, {"answer": key}, "")]


def _keep(session: Session, found: Sequence[tuple[Message, Finding]], encoder: Encoder, taught: Taught) -> None:
    colleagues = staff_names(session)
    places = _places(session, {message.conversation_id for message, _ in found})
    for message, what in found:
        sender, department, name = places[message.conversation_id]
        if session.scalar(_LOOP, {"sender": sender, "said": message.text}) is not None:
            continue  # an answer within a form
        put(
            session,
            encoder,
            taught,
            what,
            scrubbed(message.text, [name], colleagues),
            {"message_id": message.id, "department_id": department, "said_at": message.created_at},
        )


def _places(session: Session, ids: Iterable[UUID]) -> Mapping[UUID, tuple[str, UUID | None, str]]:
    asked = select(Conversation.id, Conversation.sender_id, Conversation.department_id, func.coalesce(Person.name, ""))
    asked = asked.outerjoin(Person, Person.id == Conversation.person_id).where(Conversation.id.in_(set(ids)))
    return {row[0]: (row[1], row[2], row[3]) for row in session.execute(asked)}


def staff_names(session: Session) -> list[str]:
    """Names of everyone who works here."""
    asked = select(Person.name).join(Account, Account.person_id == Person.id)
    return [name for name in session.scalars(asked.where(Account.role.in_(STAFF))) if name]


def put(session: Session, encoder: Encoder, taught: Taught, what: Finding, said: str, place: Mapping[str, Any]) -> None:
    """Keep an item, compared with what is taught; once, and not when nothing is left of its words."""
    if not said:
        return
    vector = encoder.encode([said])[0]
    row = insert(ReviewItem).values(
        **place,
        reason=what.reason.value,
        saw=what.saw,
        text=said,
        encoder=encoder.version,
        vector=vector,
        uncertainty=_uncertainty(what),
        **compared(said, vector, what, taught),
    )
    session.execute(row.on_conflict_do_nothing())


def _uncertainty(what: Finding) -> float:
    """1 when it was certainly wrong."""
    if what.reason not in (Reason.LOW_CONFIDENCE, Reason.ABANDONED, Reason.REPHRASED):
        return 1.0
    return 1.0 if what.saw.get("intent") == FALLBACK else 1.0 - float(what.saw.get("confidence") or 0.0)


def compared(said: str, vector: Vectors, what: Finding, taught: Taught) -> dict[str, Any]:
    """What changes about an item with the examples in `data/`."""
    near = taught.nearest(vector)
    known = taught.known.get(blocks.same(said))
    suggested, by = what.chosen, "corrected" if what.reason is Reason.CORRECTED else "chosen"
    if not suggested:
        refused = str(what.saw.get("intent") or "") if what.reason is Reason.NOT_HELPED else ""
        suggested, by = taught.suggestion(vector, refused), "near"
    return {
        "near": [each.as_json() for each in near],
        "compared_with": taught.version,
        "distance": ranking.distances(vector[None, :], taught.vectors)[0],
        "suggested": suggested,
        "suggested_by": by if suggested else "",
        "state": State.KNOWN.value if known is not None else State.OPEN.value,
    }


def corrections(session: Session, encoder: Encoder, taught: Taught) -> int:
    """Take along what agents corrected; returns how many are new. One that was taken back goes."""
    _follow_labels(session)
    there = select(ReviewItem.ticket_id).where(ReviewItem.ticket_id == ReadingLabel.ticket_id).exists()
    asked = (
        select(Ticket, ReadingLabel.said, ReadingLabel.right, ReadingLabel.at)
        .join(ReadingLabel, ReadingLabel.ticket_id == Ticket.id)
        .where(ReadingLabel.tag == Tag.TOPIC.value, ReadingLabel.said.is_distinct_from(ReadingLabel.right))
        .where(Ticket.description != REMOVED, ~there)
        .order_by(ReadingLabel.id)
        .limit(MOST_CORRECTIONS)
    )
    rows = session.execute(asked).all()
    colleagues = staff_names(session) if rows else []
    for ticket, said, right, at in rows:
        what = Finding(Reason.CORRECTED, {"intent": said, "right": right, "reasons": ["corrected"]}, intent_of(right))
        words = essence.of(ticket.subject, ticket.description)
        line = scrubbed(words.problem or words.text, [ticket.requester.name], colleagues)
        # A ticket without a line is remembered as ignored, so that it is not read again and again.
        place = {"ticket_id": ticket.id, "department_id": ticket.department_id, "said_at": at}
        put(session, encoder, taught, what, line or "-", place)
        if not line:
            _ignore(session, ticket.id)
    return len(rows)


def _ignore(session: Session, ticket_id: UUID) -> None:
    session.execute(update(ReviewItem).where(ReviewItem.ticket_id == ticket_id).values(state=State.IGNORED.value))


def intent_of(category: str) -> str:
    """The intent by which people report a problem of this category; empty when there is none."""
    found = categories.load().get(category)
    return found.intents[0] if found is not None and found.intents else ""


def _follow_labels(session: Session) -> None:
    """A correction that was changed or taken back since."""
    label = select(ReadingLabel.right).where(
        ReadingLabel.ticket_id == ReviewItem.ticket_id, ReadingLabel.tag == Tag.TOPIC.value
    )
    is_open = (ReviewItem.ticket_id.is_not(None), ReviewItem.state == State.OPEN.value)
    session.execute(delete(ReviewItem).where(*is_open, ~label.exists()).execution_options(synchronize_session=False))
    right = label.scalar_subquery()
    changed = select(ReviewItem, right).where(*is_open, ReviewItem.saw["right"].astext != right)
    for item, now_right in session.execute(changed):
        item.saw = {**item.saw, "right": now_right}
        item.suggested = intent_of(now_right)
    session.flush()


def forget_lost(session: Session) -> None:
    """What has neither its message nor its ticket any more, and was never accepted, goes as well."""
    gone = delete(ReviewItem).where(
        ReviewItem.message_id.is_(None), ReviewItem.ticket_id.is_(None), ReviewItem.state != State.ACCEPTED.value
    )
    session.execute(gone.execution_options(synchronize_session=False))
