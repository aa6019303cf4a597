"""Questions that neither FAQ nor article answers: tickets about the same, what they cost, and an answer for next time.

Every ticket of the last two months is one that nothing written has spared, unless the chat's answer helped. Those about
the same are a gap, when they are at least two and no FAQ entry lies so near that it is about that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, delete, func, or_, select, text, true
from sqlalchemy.orm import Session

from encoder.model import Encoder
from helpsage import clock
from helpsage.configuration.service import Who
from helpsage.knowledge import confidence, search
from helpsage.knowledge.faq import title
from helpsage.people.permissions import Action, Reach, Viewer, reach
from helpsage.privacy.words import REMOVED
from helpsage.tickets.models import REFERENCE_PREFIX, Entry, Ticket
from helpsage.training import articles, finding, ranking
from helpsage.training import taught as trainers
from helpsage.training.articles import slug
from helpsage.training.items import GapState, KnowledgeGap
from helpsage.training.patches import NewAnswer
from helpsage.training.scrub import STAND_INS, one_line, scrubbed
from helpsage.training.taught import Taught
from helpsage.triage import essence
from helpsage.triage.masking import masked
from helpsage.triage.models import TicketMeaning

MONTH = timedelta(days=30)
#: Newest tickets that are looked at.
MOST = 3_000
#: Tickets of this month that are a gap, and gaps that are kept open.
LEAST_SIZE, MOST_GAPS = 2, 200
ALIKE = 0.66
#: An FAQ entry as near as this is about the same: people do not find it, or it does not help. That is told, too.
ANSWERED = 0.8
#: Share of tickets that two clusters must have in common to be the same gap as last night.
SAME = 0.5
#: Examples and FAQ entries shown.
MOST_ASKED, MOST_NEAR = 8, 3
LONGEST_ANSWER, LONGEST_TITLE = 4_000, 120

#: Estimated minutes of an agent: to read before each entry of theirs, to write (words a minute), and for each change.
READING_MINUTES, WORDS_A_MINUTE, CHANGE_MINUTES = 2.0, 30.0, 0.5

_EFFORT = text(
    """
    select ticket.id, coalesce(said.minutes, 0) + coalesce(done.minutes, 0)
    from unnest(cast(:ids as uuid[])) as ticket (id)
    left join lateral (
      select sum(:reading + coalesce(array_length(regexp_split_to_array(trim(e.body), '\\s+'), 1), 0) / :speed)
        as minutes
      from ticket_entry e where e.ticket_id = ticket.id and e.author_kind = 'agent'
    ) said on true
    left join lateral (
      select count(*) * :change as minutes from ticket_change c
      where c.ticket_id = ticket.id and c.actor_kind = 'agent' and c.action not in ('replied', 'noted')
    ) done on true
    """
)
_HELPED = text(
    """
    select t.id from ticket t join answer_feedback f on f.conversation_id = t.conversation_id
    where t.id = any(:ids) and f.helped and f.at >= t.created_at
    """
)


@dataclass(frozen=True)
class Draft:
    """An answer made of what agents replied.

    Attributes:
        sources: references of the tickets.
    """

    answer: str
    sources: tuple[str, ...]


def find(session: Session, encoder: Encoder, taught: Taught) -> int:
    """Find the gaps anew; returns how many are open."""
    tickets, vectors = _unanswered(session, encoder)
    kept = list(session.scalars(select(KnowledgeGap).order_by(KnowledgeGap.id)))
    seen: set[int] = set()
    for members in ranking.clusters(vectors, ALIKE):
        some = [tickets[row] for row in members]
        if sum(1 for each in some if _is_new(each)) < LEAST_SIZE:
            continue
        middle = vectors[list(members)].mean(axis=0)
        near = _nearest_answers(taught, middle / np.linalg.norm(middle))
        if (near and near[0]["likeness"] >= ANSWERED) or _in_an_article(session, some[0]):
            continue
        known = _same(kept, some, seen)
        gap = known or KnowledgeGap(state=GapState.OPEN.value, ticket_id=some[0].id, size=0, kind="faq")
        _fill(session, gap, some, near)
        if known is None:
            session.add(gap)
            session.flush()
        seen.add(gap.id)
    gone = delete(KnowledgeGap).where(KnowledgeGap.state == GapState.OPEN.value, KnowledgeGap.id.not_in(seen))
    session.execute(gone.execution_options(synchronize_session="fetch"))
    session.flush()
    return session.scalar(select(func.count()).where(KnowledgeGap.state == GapState.OPEN.value)) or 0


def _unanswered(session: Session, encoder: Encoder) -> tuple[list[Ticket], ranking.Floats]:
    since = clock.now() - 2 * MONTH
    asked = (
        select(Ticket, TicketMeaning.vector)
        .join(TicketMeaning, TicketMeaning.ticket_id == Ticket.id)
        .where(TicketMeaning.encoder == encoder.version, TicketMeaning.opened_at >= since)
        .where(Ticket.merged_into_id.is_(None), Ticket.description != REMOVED)
        .order_by(TicketMeaning.opened_at.desc(), Ticket.id)
        .limit(MOST)
    )
    rows = [(row[0], row[1]) for row in session.execute(asked)]
    helped = set(session.scalars(_HELPED, {"ids": [ticket.id for ticket, _ in rows]}))
    rows = [(ticket, vector) for ticket, vector in rows if ticket.id not in helped]
    if not rows:
        return [], np.zeros((0, 1), np.float32)
    return [ticket for ticket, _ in rows], np.stack([np.asarray(vector, np.float32) for _, vector in rows])


def _in_an_article(session: Session, ticket: Ticket) -> bool:
    """Whether an article that everybody may read answers it so surely that the chat would quote it."""
    found = search.search(session, essence.of(ticket.subject, ticket.description).text, limit=1)
    return bool(found) and found[0].confidence >= confidence.QUOTED


def _is_new(ticket: Ticket) -> bool:
    return ticket.created_at >= clock.now() - MONTH


def _same(kept: Sequence[KnowledgeGap], some: Sequence[Ticket], seen: set[int]) -> KnowledgeGap | None:
    """The gap of an earlier night that these tickets are, whatever was decided about it."""
    ids = {str(ticket.id) for ticket in some}
    for gap in kept:
        if gap.id not in seen and len(ids & set(gap.tickets)) >= SAME * min(len(ids), len(gap.tickets) or 1):
            return gap
    return None


def _fill(session: Session, gap: KnowledgeGap, some: Sequence[Ticket], near: list[Any]) -> None:
    colleagues = finding.staff_names(session)
    gap.updated_at = clock.now()
    gap.tickets = [str(ticket.id) for ticket in some]
    gap.size = sum(map(_is_new, some))
    gap.size_before = len(some) - gap.size
    gap.minutes = round(sum(effort(session, [ticket.id for ticket in some if _is_new(ticket)]).values()))
    gap.near = near
    if gap.state not in (GapState.OPEN.value, GapState.DISMISSED.value):
        return
    gap.ticket_id, gap.department_id = some[0].id, some[0].department_id
    asked = [question_of(ticket, colleagues) for ticket in some]
    gap.asked = list(dict.fromkeys(each for each in asked if each))[:MOST_ASKED]
    gap.question = gap.asked[0] if gap.asked else some[0].reference
    gap.title = _title(gap.question)
    draft = drafted(session, some, colleagues)
    gap.answer, gap.sources = draft.answer, list(draft.sources)


def question_of(ticket: Ticket, colleagues: Iterable[str]) -> str:
    """What a ticket asks, scrubbed."""
    words = essence.of(ticket.subject, ticket.description)
    return scrubbed(words.problem or words.text, [ticket.requester.name], colleagues)


def _title(question: str) -> str:
    plain = question.strip().rstrip(".! ")
    return plain[:1].upper() + plain[1:LONGEST_TITLE]


def effort(session: Session, ids: Sequence[UUID]) -> dict[UUID, float]:
    """Estimated minutes of agents on each ticket."""
    given = {
        "ids": list(ids),
        "reading": READING_MINUTES,
        "speed": WORDS_A_MINUTE,
        "change": CHANGE_MINUTES,
    }
    return {row[0]: float(row[1]) for row in session.execute(_EFFORT, given)}


def drafted(session: Session, some: Sequence[Ticket], colleagues: Sequence[str]) -> Draft:
    """The reply that solved it best: of the best rated ticket, and of equals the shortest; empty when none was solved.

    Only the last public reply before a ticket was solved counts, and only words of agents.
    """
    best: tuple[tuple[int, int, int], Ticket, str] | None = None
    for ticket in some:
        if ticket.resolved_at is None:
            continue
        asked = select(Entry.body).where(
            Entry.ticket_id == ticket.id,
            Entry.author_kind == "agent",
            Entry.visibility == "public",
            Entry.created_at <= ticket.resolved_at + timedelta(minutes=5),
        )
        body = session.scalar(asked.order_by(Entry.created_at.desc(), Entry.id).limit(1))
        if not body or not body.strip() or body == REMOVED:
            continue
        rank = (-(ticket.rating or 3), len(body), ticket.number)
        if best is None or rank < best[0]:
            best = (rank, ticket, body)
    if best is None:
        return Draft("", ())
    _, ticket, body = best
    return Draft(scrubbed_answer(body, [ticket.requester.name], colleagues), (ticket.reference,))


#: Without a query or a fragment, which may name somebody.
_LINK = re.compile(r"https?://[^\s?#()\[\]<>]+(?=[\s.,;)\]>]|$)")
_KEY = re.compile(r"(?=[\w-]*\d)[\w-]{12,}|\d{5,}")
_GREETING = re.compile(r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|hallo)\b.{0,40}", re.IGNORECASE)


def scrubbed_answer(body: str, names: Iterable[str], colleagues: Iterable[str]) -> str:
    """An agent's reply as an answer for everybody: without greeting, signature, names and numbers of one person.

    Links stay when they are nobody's own: an answer often is one.
    """
    links: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if not _is_anybodys(found[0]):
            return found[0]
        links.append(found[0])
        return f"\ue002{chr(0xE100 + len(links) - 1)}"

    plain = _LINK.sub(keep, essence.unsigned(body)[:LONGEST_ANSWER].strip())
    lines = [line for line in plain.splitlines() if not _GREETING.fullmatch(line.strip())]
    known = {*names, *colleagues}
    told = masked("\n".join(lines).strip(), [name for name in known if name])
    for kind, instead in STAND_INS.items():
        told = told.replace(f"[{kind}]", instead)
    for number, link in enumerate(links):
        told = told.replace(f"\ue002{chr(0xE100 + number)}", link)
    return told.strip()


def _is_anybodys(link: str) -> bool:
    """Whether a link has no part that looks like somebody's own key or address."""
    return "@" not in link and not _KEY.search(link)


# --- what people see and decide


def listed(session: Session, viewer: Viewer, states: Sequence[GapState] = (GapState.OPEN,)) -> list[KnowledgeGap]:
    """Gaps, those first that cost most."""
    asked = select(KnowledgeGap).where(KnowledgeGap.state.in_([state.value for state in states]), _visible(viewer))
    asked = asked.order_by(KnowledgeGap.minutes.desc(), KnowledgeGap.size.desc(), KnowledgeGap.id)
    return list(session.scalars(asked.limit(MOST_GAPS)))


def get(session: Session, viewer: Viewer, gap_id: int) -> KnowledgeGap:
    """A gap.

    Raises:
        LookupError: there is none, or not for this viewer.
    """
    found = session.scalar(select(KnowledgeGap).where(KnowledgeGap.id == gap_id, _visible(viewer)))
    if found is None:
        raise LookupError(gap_id)
    return found


def _visible(viewer: Viewer) -> ColumnElement[bool]:
    if reach(viewer.role, Action.REVIEW) is Reach.ALL:
        return true()
    mine: ColumnElement[bool] = KnowledgeGap.department_id.in_(viewer.department_ids)
    return or_(mine, KnowledgeGap.department_id.is_(None)) if viewer.sees_unplaced else mine


def accept(session: Session, viewer: Viewer, gap: KnowledgeGap, kind: str, title: str, answer: str) -> None:
    """Make it a part of the change, as an FAQ entry, or the draft of an article.

    Raises:
        InvalidDraft: no title, no answer, or a kind that there is not.
        TakenTitle: the FAQ has an entry of that name.
    """
    if kind not in ("faq", "article") or not title.strip() or not answer.strip():
        raise InvalidDraft
    if kind == "faq" and _is_taken(session, gap, key_of(title)):
        raise TakenTitle(title)
    gap.kind, gap.title, gap.answer = kind, title.strip()[:LONGEST_TITLE], answer.strip()[:LONGEST_ANSWER]
    _decided(session, viewer, gap, GapState.ACCEPTED)
    if kind == "article":
        articles.propose(session, gap.title, gap.answer, gap.sources, Who(viewer.person_id, viewer.name))
        _decided(session, viewer, gap, GapState.DONE)


def dismiss(session: Session, viewer: Viewer, gap: KnowledgeGap) -> None:
    """It needs no answer; it does not come again."""
    _decided(session, viewer, gap, GapState.DISMISSED)


def reopen(session: Session, viewer: Viewer, gap: KnowledgeGap) -> None:
    """Take the decision back."""
    _decided(session, viewer, gap, GapState.OPEN)


def _decided(session: Session, viewer: Viewer, gap: KnowledgeGap, state: GapState) -> None:
    gap.state, gap.decided_by_id, gap.decided_at = state.value, viewer.person_id, clock.now()
    session.flush()


class InvalidDraft(ValueError):
    """A draft without title or answer."""


class TakenTitle(InvalidDraft):
    """The FAQ has an entry of that name, or another accepted gap has it."""


def _is_taken(session: Session, gap: KnowledgeGap, key: str) -> bool:
    if any(f"utter_faq/{key}:" in text for text in trainers.files().values()):
        return True
    asked = select(KnowledgeGap.title).where(
        KnowledgeGap.state == GapState.ACCEPTED.value, KnowledgeGap.kind == "faq", KnowledgeGap.id != gap.id
    )
    return key in map(key_of, session.scalars(asked))


def key_of(title: str) -> str:
    """The key of the FAQ entry of this title."""
    return slug(title)


def accepted(session: Session, viewer: Viewer | None = None) -> list[NewAnswer]:
    """What was accepted as an entry for the FAQ."""
    asked = select(KnowledgeGap).where(KnowledgeGap.state == GapState.ACCEPTED.value).order_by(KnowledgeGap.id)
    answers: list[NewAnswer] = []
    for gap in session.scalars(asked if viewer is None else asked.where(_visible(viewer))):
        examples = tuple(dict.fromkeys([one_line(gap.title), *map(str, gap.asked)]))
        answers.append(NewAnswer(key_of(gap.title), examples, gap.answer))
    return answers


def forget(session: Session, ticket_ids: Sequence[UUID]) -> None:
    """Remove gaps that hold words of these tickets; those that go on without them are found again at night."""
    held = [KnowledgeGap.tickets.contains([str(each)]) for each in ticket_ids]
    if held:
        gone = delete(KnowledgeGap).where(or_(*held))
        session.execute(gone.execution_options(synchronize_session=False))


def references(session: Session, gap: KnowledgeGap, most: int = 20) -> list[str]:
    """What people call its tickets."""
    ids = [UUID(str(each)) for each in gap.tickets[:most]]
    found: dict[UUID, int] = {
        row[0]: row[1] for row in session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(ids)))
    }
    return [f"{REFERENCE_PREFIX}{found[each]}" for each in ids if each in found]


def _nearest_answers(taught: Taught, vector: Any) -> list[Any]:
    """FAQ entries by their nearest question."""
    best: dict[str, float] = {}
    for near in taught.nearest(vector, 40):
        if near.example.intent.startswith("faq/"):
            key = near.example.intent.partition("/")[2]
            best[key] = max(best.get(key, 0.0), near.likeness)
    order = sorted(best, key=lambda key: -best[key])[:MOST_NEAR]
    return [{"key": key, "title": title(key), "likeness": round(best[key], 3)} for key in order]
