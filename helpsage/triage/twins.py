"""Tickets about the same thing: found by person, words, meaning and time; offered, linked, or parted again.

Nothing is merged here but by the rule for twins of one person (`rules.Table.merge_own_certain`, off unless an
administrator turns it on); merging and its undo are `helpsage/tickets/merge.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, and_, func, or_, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from helpsage import clock, settings
from helpsage.tickets import changing, lifecycle, merge
from helpsage.tickets.actor import Actor
from helpsage.tickets.categories import catalogue
from helpsage.tickets.errors import TicketError
from helpsage.tickets.models import Status, Ticket
from helpsage.triage import essence, likeness, local, rules, words
from helpsage.triage.likeness import Told
from helpsage.triage.models import TicketMeaning, Twin
from helpsage.triage.wording import Floats

DESK = Actor("system")
#: Candidates that are compared, by meaning and by words each.
NEAREST = 20
#: The rarest words of a ticket that are looked for.
RAREST = 6
#: Candidates that the worker has not read yet whose vectors are made at once, some ten milliseconds each.
MOST_UNREAD = 5
#: Twins that one ticket is offered.
MOST = 5
#: So many people who report the same within so long are a trouble of everybody's.
BURST, BURST_HOURS = 3, 6
#: Tag by which agents mark the ticket of a trouble that everybody may know of.
OUTAGE = "outage"

_RARITY = text(
    """
    select word, seen, tickets from search_word,
      (select greatest(reltuples, 1000) as tickets from pg_class where oid = 'ticket_search'::regclass) known
    where word = any(cast(:words as text[]))
    """
)
_BY_WORDS = text(
    """
    select t.id from ticket_search s join ticket t on t.id = s.ticket_id
    where s.document @@ to_tsquery('simple', :query) and t.created_at >= :since and t.merged_into_id is null
    order by s.number desc limit :most
    """
)


_MADE = insert(TicketMeaning)
_MEAN = _MADE.on_conflict_do_update(
    index_elements=[TicketMeaning.ticket_id],
    set_={name: _MADE.excluded[name] for name in ("encoder", "vector", "opened_at")},
)


class NoTwin(TicketError):
    """These two tickets are not (any more) offered as twins."""


@dataclass(frozen=True)
class Words:
    """What someone tells, as far as it is known: a ticket, or what may become one."""

    subject: str
    description: str
    category: str | None
    requester_id: UUID | None
    at: datetime
    vector: Floats | None


@dataclass(frozen=True)
class Found:
    """A ticket that may be about the same."""

    ticket: Ticket
    score: float
    same_person: bool
    because: list[str]
    #: Whether the desk links it by itself.
    is_certain: bool = False

    @property
    def is_worth_asking(self) -> bool:
        """Whether the person is asked about it while they are writing."""
        return self.score >= likeness.ASKED


# --- looking


def remember(session: Session, ticket: Ticket, vector: Floats, encoder: str) -> None:
    """Keep a ticket's vector, for those that come after it."""
    remember_all(session, {ticket: vector}, encoder)


def remember_all(session: Session, vectors: Mapping[Ticket, Floats], encoder: str) -> None:
    """The same for many."""
    rows: list[dict[str, object]] = [
        {"ticket_id": ticket.id, "encoder": encoder, "vector": vector, "opened_at": ticket.created_at}
        for ticket, vector in vectors.items()
    ]
    session.execute(_MEAN, rows)


def vector_of(session: Session, ticket: Ticket) -> Floats | None:
    """What is remembered of a ticket."""
    return _vectors(session, [ticket]).get(ticket.id)


def of(ticket: Ticket, vector: Floats | None) -> Words:
    """A ticket as it is compared."""
    return Words(ticket.subject, ticket.description, ticket.category, ticket.requester_id, ticket.created_at, vector)


def find(
    session: Session,
    told: Words,
    but: UUID | None = None,
    among: ColumnElement[bool] | None = None,
    shared: bool = False,
    most: int = MOST,
) -> list[Found]:
    """Tickets about the same, the likeliest first.

    Parameters:
        but: the ticket itself.
        among: a condition on `Ticket`: only those (the person's own, known outages).
        shared: those are everybody's affair: "my Wi-Fi" may be one of them.
    """
    candidates = _candidates(session, told, but, among)
    if not candidates:
        return []
    mine = Told.of(told.subject, told.description)
    theirs = {ticket.id: Told.of(ticket.subject, ticket.description) for ticket in candidates}
    if shared:
        mine = replace(mine, personal=0.0)
        theirs = {ticket_id: replace(each, personal=0.0) for ticket_id, each in theirs.items()}
    rarity = _rarity(session, {word for each in (mine, *theirs.values()) for word in each.words})
    vectors = _vectors(session, candidates)
    if told.vector is not None:
        vectors |= _vectors_now(each for each in candidates if each.id not in vectors)
    found = [_compare(told, mine, ticket, theirs[ticket.id], vectors.get(ticket.id), rarity) for ticket in candidates]
    likely = [each for each in found if each.score >= likeness.OFFERED]
    return sorted(likely, key=lambda each: (-each.score, each.ticket.number))[:most]


def words_of(subject: str, description: str, category: str | None, requester_id: UUID | None) -> Words:
    """What someone is just telling."""
    vector = local.vector_of(essence.of(subject, description).text)
    return Words(subject, description, category, requester_id, clock.now(), vector)


def by_requester(told: Words, requester_id: UUID) -> Words:
    """The same words, told by this person."""
    return replace(told, requester_id=requester_id)


def _compare(
    told: Words, mine: Told, ticket: Ticket, theirs: Told, vector: Floats | None, rarity: Mapping[str, float]
) -> Found:
    same_person = told.requester_id is not None and ticket.requester_id == told.requester_id
    cosine = float(told.vector @ vector) if told.vector is not None and vector is not None else 0.0
    apart = told.at - ticket.created_at
    hours = apart.total_seconds() / 3600
    signs = likeness.compared(mine, theirs, cosine, told.category == ticket.category, hours, same_person, rarity)
    return Found(
        ticket,
        likeness.score(signs, same_person),
        same_person,
        _reasons(mine, theirs, cosine, apart, same_person, rarity),
        likeness.is_certain(signs, same_person),
    )


def _reasons(
    mine: Told, theirs: Told, cosine: float, apart: timedelta, same_person: bool, rarity: Mapping[str, float]
) -> list[str]:
    reasons = [words.SAME_PERSON] if same_person else []
    reasons.append(words.APART.format(apart=words.span(apart)))
    if cosine > 0:
        reasons.append(words.MEANING.format(percent=round(100 * cosine)))
    numbers = mine.shared_names(theirs)[:3]
    if numbers:
        reasons.append(words.SHARED_NUMBERS.format(numbers=", ".join(numbers)))
    shared = likeness.common(mine, theirs, rarity)[:4]
    if shared:
        reasons.append(words.SHARED_WORDS.format(words=", ".join(shared)))
    return reasons


def _candidates(session: Session, told: Words, but: UUID | None, among: ColumnElement[bool] | None) -> list[Ticket]:
    configured = settings.get()
    own_since = told.at - timedelta(days=configured.twins_own_days)
    since = told.at - timedelta(hours=configured.twins_others_hours)
    ids: dict[UUID, None] = {}
    if told.requester_id is not None:
        own = select(Ticket.id).where(Ticket.requester_id == told.requester_id, Ticket.created_at >= own_since)
        ids |= dict.fromkeys(session.scalars(own.order_by(Ticket.created_at.desc()).limit(NEAREST)))
    if among is not None:
        ids |= dict.fromkeys(
            session.scalars(select(Ticket.id).where(among, Ticket.created_at >= own_since).limit(NEAREST))
        )
    else:
        ids |= dict.fromkeys(_by_meaning(session, told, since))
        ids |= dict.fromkeys(_by_words(session, told, since))
    ids.pop(but, None) if but is not None else None
    if not ids:
        return []
    asked = select(Ticket).where(
        Ticket.id.in_(list(ids)), Ticket.merged_into_id.is_(None), Ticket.created_at <= told.at
    )
    # Somebody else's trouble that is over is not the same; one's own may have come back.
    open_or_own: ColumnElement[bool] = Ticket.status.not_in([status.value for status in lifecycle.FINISHED])
    if told.requester_id is not None:
        open_or_own = or_(open_or_own, Ticket.requester_id == told.requester_id)
    asked = asked.where(open_or_own)
    return list(session.scalars(asked if among is None else asked.where(among)))


def _by_meaning(session: Session, told: Words, since: datetime) -> Sequence[UUID]:
    """The nearest vectors of the window, by the HNSW index, which goes on looking until it has found enough of them."""
    if told.vector is None:
        return []
    session.execute(text("set local hnsw.iterative_scan = strict_order"))
    near = TicketMeaning.vector.cosine_distance(told.vector)
    asked = select(TicketMeaning.ticket_id).where(TicketMeaning.opened_at >= since).order_by(near).limit(NEAREST + 1)
    return session.scalars(asked).all()


def _by_words(session: Session, told: Words, since: datetime) -> Sequence[UUID]:
    """The newest tickets of the window that have at least two of this one's rarest words."""
    mine = Told.of(told.subject, told.description).words
    plain = [word for word in mine if word.isalnum() and len(word) <= 40]
    rarity = _rarity(session, plain)
    rarest = sorted(plain, key=lambda word: (-rarity.get(word, 0.0), word))
    rarest = [word for word in rarest if word in rarity][:RAREST]
    pairs = [f"({one} & {other})" for place, one in enumerate(rarest) for other in rarest[place + 1 :]]
    if not pairs:
        return []
    values = {"query": " | ".join(pairs), "since": since, "most": NEAREST}
    return session.scalars(_BY_WORDS, values).all()


def _rarity(session: Session, some: Iterable[str]) -> dict[str, float]:
    """What words are worth, by the list of words that search keeps: the fewer tickets have one, the more."""
    rows = session.execute(_RARITY, {"words": sorted(set(some))})
    return {word: math.log((1 + total) / (1 + min(seen, total))) + 1 for word, seen, total in rows}


def _vectors(session: Session, tickets: Iterable[Ticket]) -> dict[UUID, Floats]:
    ids = [ticket.id for ticket in tickets]
    rows = session.execute(
        select(TicketMeaning.ticket_id, TicketMeaning.vector).where(TicketMeaning.ticket_id.in_(ids))
    )
    return {row[0]: np.array(row[1], np.float32) for row in rows}


def _vectors_now(tickets: Iterable[Ticket]) -> dict[UUID, Floats]:
    """Of tickets that are so new that the worker has not read them yet."""
    found = {}
    for ticket in islice(tickets, MOST_UNREAD):
        vector = local.vector_of(essence.of(ticket.subject, ticket.description).text)
        if vector is not None:
            found[ticket.id] = vector
    return found


# --- keeping, and deciding


def keep(session: Session, ticket: Ticket, found: Iterable[Found]) -> list[Twin]:
    """Offer what was found; what is certain is linked, if the rules say so. Finding again changes nothing."""
    table = rules.table()
    kept = []
    for each in found:
        linked = each.is_certain and table.link_certain
        row = insert(Twin).values(
            ticket_id=ticket.id,
            other_id=each.ticket.id,
            same_person=each.same_person,
            score=each.score,
            because=each.because,
            version=likeness.VERSION,
            state="linked" if linked else "offered",
            found_at=clock.now(),
            decided_at=clock.now() if linked else None,
        )
        made = session.scalar(row.on_conflict_do_nothing().returning(Twin.id))
        if made is None:
            continue
        kept.append(session.get_one(Twin, made))
        if linked:
            _tell(session, ticket, each.ticket, "ticket.linked", DESK)
        if linked and each.same_person and table.merge_own_certain and _may_merge(ticket, each.ticket):
            merge.merge(session, ticket, each.ticket, DESK, words.MERGED_BY_RULE)
            break
    return kept


def _may_merge(ticket: Ticket, other: Ticket) -> bool:
    return ticket.merged_into_id is None and Status(other.status) not in lifecycle.FINISHED


def of_ticket(session: Session, ticket: Ticket) -> list[tuple[Twin, Ticket]]:
    """Twins of a ticket that nobody parted, older and newer ones, linked ones first; merged ones stand elsewhere."""
    other = aliased(Ticket)
    asked = (
        select(Twin, other)
        .join(
            other,
            or_(
                and_(Twin.ticket_id == ticket.id, other.id == Twin.other_id),
                and_(Twin.other_id == ticket.id, other.id == Twin.ticket_id),
            ),
        )
        .where(Twin.state != "dismissed", other.merged_into_id.is_(None))
        .order_by(Twin.state == "offered", Twin.score.desc(), Twin.id)
    )
    return [(row[0], row[1]) for row in session.execute(asked)]


def link(session: Session, ticket: Ticket, other: Ticket, actor: Actor) -> Twin:
    """Say that two tickets are about the same, also when nobody had offered it."""
    return _decide(session, ticket, other, actor, "linked")


def dismiss(session: Session, ticket: Ticket, other: Ticket, actor: Actor) -> Twin:
    """Say that they are not; the desk does not offer it again.

    Raises:
        NoTwin
    """
    if _between(session, ticket, other) is None:
        raise NoTwin(ticket.reference)
    return _decide(session, ticket, other, actor, "dismissed")


def _decide(session: Session, ticket: Ticket, other: Ticket, actor: Actor, state: str) -> Twin:
    for each in sorted((ticket, other), key=lambda one: one.id):
        changing.locked(session, each, merged_too=True)
    twin = _between(session, ticket, other)
    if twin is None:
        newer, older = sorted((ticket, other), key=lambda one: one.number, reverse=True)
        same = newer.requester_id == older.requester_id
        twin = Twin(ticket_id=newer.id, other_id=older.id, same_person=same, score=1.0, because=[], state="offered")
        session.add(twin)
    if twin.state != state:
        twin.state, twin.decided_by_id, twin.decided_at = state, actor.person_id, clock.now()
        _tell(session, ticket, other, "ticket.linked" if state == "linked" else "ticket.parted", actor)
    session.flush()
    return twin


def _between(session: Session, ticket: Ticket, other: Ticket) -> Twin | None:
    one = and_(Twin.ticket_id == ticket.id, Twin.other_id == other.id)
    turned = and_(Twin.ticket_id == other.id, Twin.other_id == ticket.id)
    return session.scalar(select(Twin).where(or_(one, turned)).with_for_update())


def _tell(session: Session, ticket: Ticket, other: Ticket, kind: str, actor: Actor) -> None:
    """In both logs, and as one event."""
    action = kind.rpartition(".")[2]
    for one, opposite in ((ticket, other), (other, ticket)):
        one = changing.locked(session, one, merged_too=True)
        at = changing.moment(one)
        changing.log(session, one, actor, action, None, {"with": opposite.reference}, "", at)
    changing.tell(session, ticket, kind, actor, {"other": str(other.id)})


# --- for the chat


def known_outage() -> ColumnElement[bool]:
    """Tickets that agents marked as a trouble which everybody may know of, and that is not over."""
    unfinished = Ticket.status.not_in([status.value for status in lifecycle.FINISHED])
    return and_(Ticket.tags.contains([OUTAGE]), unfinished, Ticket.merged_into_id.is_(None))


def many_lately(session: Session, category: str | None) -> bool:
    """Whether enough people reported something of this category lately that it may be one trouble. Of what each has
    for oneself, such as a payment, many are no news.
    """
    known = catalogue().categories.get(category or "")
    if known is None or not known.shared:
        return False
    asked = select(func.count(func.distinct(Ticket.requester_id))).where(Ticket.category == category, _lately())
    return (session.scalar(asked) or 0) >= BURST


def burst(session: Session, told: Words) -> Ticket | None:
    """The likeliest of others' reports of the last hours that tell the same as this; None when fewer than `BURST`
    people made them, because then somebody might be known by what they wrote.
    """
    not_mine = Ticket.requester_id != told.requester_id if told.requester_id is not None else true()
    found = [
        each
        for each in find(session, told, among=and_(_lately(), not_mine), shared=True, most=NEAREST)
        if each.is_worth_asking
    ]
    people = {each.ticket.requester_id for each in found}
    return found[0].ticket if len(people) >= BURST else None


def _lately() -> ColumnElement[bool]:
    unfinished = Ticket.status.not_in([status.value for status in lifecycle.FINISHED])
    since = clock.now() - timedelta(hours=BURST_HOURS)
    return and_(Ticket.created_at >= since, unfinished, Ticket.merged_into_id.is_(None))
