"""The list of what was misunderstood: in clusters, the most helpful first; what people decide about it, and undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Subquery, func, or_, select, true
from sqlalchemy.orm import Session, defer

from encoder.model import Encoder, EncoderMissing
from helpsage import clock
from helpsage.people.permissions import Action, Reach, Viewer, reach
from helpsage.setup import steps
from helpsage.training import blocks, finding, gaps, patches, ranking, taught
from helpsage.training.finding import Finding
from helpsage.training.items import GapState, KnowledgeGap, Reason, ReviewDecision, ReviewItem, State
from helpsage.training.patches import NAME, Addition, Edit, InvalidName
from helpsage.training.taught import Taught
from helpsage.triage import store

#: Open items that are grouped; of more, the newest.
MOST_GROUPED = 3_000
#: Items compared anew in one go, after `data/` changed.
BATCH = 500


class NothingThere(LookupError):
    """No such item, or not for this viewer."""


@dataclass(frozen=True)
class Group:
    """A cluster as the page lists it."""

    middle: ReviewItem
    size: int
    score: float


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """The items that a viewer may see: those of their departments."""
    return in_reach(viewer, ReviewItem.department_id)


def in_reach(viewer: Viewer, column: Any) -> ColumnElement[bool]:
    """The same for any column that names a department."""
    if reach(viewer.role, Action.REVIEW) is Reach.ALL:
        return true()
    mine = column.in_(viewer.department_ids)
    return or_(mine, column.is_(None)) if viewer.sees_unplaced else mine


# --- the job


def refresh(session: Session, encoder: Encoder, now: Taught) -> None:
    """Compare anew what was compared with other examples, settle what is done, group and rank the rest."""
    _compare_anew(session, encoder, now)
    settle(session, now)
    regroup(session)


def _compare_anew(session: Session, encoder: Encoder, now: Taught) -> None:
    asked = select(ReviewItem).where(
        ReviewItem.state == State.OPEN.value,
        or_(ReviewItem.compared_with != now.version, ReviewItem.encoder != encoder.version),
    )
    for item in session.scalars(asked.order_by(ReviewItem.id).limit(BATCH)):
        if item.encoder != encoder.version:
            item.vector, item.encoder = encoder.encode([item.text])[0], encoder.version
        chosen = item.suggested if item.suggested_by != "near" else ""
        what = Finding(Reason(item.reason), item.saw, chosen)
        for name, value in finding.compared(item.text, np.asarray(item.vector, np.float32), what, now).items():
            setattr(item, name, value)
    session.flush()


def settle(session: Session, now: Taught) -> int:
    """Accepted items that stand in `data/` are done as soon as there is a model of that data; returns how many."""
    if not steps.model_path().exists():
        return 0
    done = 0
    for item in session.scalars(select(ReviewItem).where(ReviewItem.state == State.ACCEPTED.value)):
        there = now.known.get(blocks.same(item.text))
        if there is not None and there.intent == item.label:
            item.state, done = State.DONE.value, done + 1
    answers = "".join(text for path, text in now.files.items() if path.startswith("data/faq/"))
    for gap in session.scalars(select(KnowledgeGap).where(KnowledgeGap.state == GapState.ACCEPTED.value)):
        if gap.kind == "faq" and f"utter_faq/{gaps.key_of(gap.title)}:" in answers:
            gap.state, done = GapState.DONE.value, done + 1
    session.flush()
    return done


def regroup(session: Session) -> int:
    """Group and rank the open items; returns the number of clusters."""
    asked = select(ReviewItem).where(ReviewItem.state == State.OPEN.value).order_by(ReviewItem.id.desc())
    items = list(session.scalars(asked.limit(MOST_GROUPED)))[::-1]
    if not items:
        return 0
    now = clock.now()
    found = ranking.ranked(
        np.stack([np.asarray(item.vector, np.float32) for item in items]),
        [(now - item.said_at).total_seconds() / 86_400 for item in items],
        [item.uncertainty for item in items],
        [item.distance for item in items],
    )
    for cluster in found:
        for row in cluster.members:
            items[row].cluster_id, items[row].score = items[cluster.members[0]].id, cluster.help
    session.flush()
    return len(found)


# --- what people see


def groups(session: Session, viewer: Viewer, most: int, after: int = 0) -> list[Group]:
    """Clusters, the most helpful first; each shown by the item nearest to its middle that the viewer may see."""
    each = _clusters(viewer)
    asked = select(ReviewItem, each.c.size, each.c.score).join(each, each.c.id == ReviewItem.id)
    asked = asked.where(each.c.place == 1).order_by(each.c.score.desc(), each.c.cluster).offset(after).limit(most)
    return [Group(row[0], row[1], row[2]) for row in session.execute(asked.options(defer(ReviewItem.vector)))]


def _clusters(viewer: Viewer) -> Subquery:
    """The open items that a viewer may see, with their cluster, its size, and their place in it (1: its middle)."""
    cluster = func.coalesce(ReviewItem.cluster_id, ReviewItem.id)
    nearest_first = ((ReviewItem.id == cluster).desc(), ReviewItem.id)
    return (
        select(
            ReviewItem.id,
            cluster.label("cluster"),
            func.count().over(partition_by=cluster).label("size"),
            func.max(ReviewItem.score).over(partition_by=cluster).label("score"),
            func.row_number().over(partition_by=cluster, order_by=nearest_first).label("place"),
        )
        .where(ReviewItem.state == State.OPEN.value, visible(viewer))
        .subquery()
    )


def get(session: Session, viewer: Viewer, item_id: int) -> ReviewItem:
    """An item.

    Raises:
        NothingThere
    """
    found = session.scalar(select(ReviewItem).where(ReviewItem.id == item_id, visible(viewer)))
    if found is None:
        raise NothingThere(item_id)
    return found


def cluster_of(session: Session, viewer: Viewer, item: ReviewItem) -> list[ReviewItem]:
    """The open items of its cluster, itself first."""
    if item.cluster_id is None:
        return [item]
    asked = select(ReviewItem).where(
        ReviewItem.cluster_id == item.cluster_id, ReviewItem.state == State.OPEN.value, visible(viewer)
    )
    found = session.scalars(asked.order_by(ReviewItem.id).options(defer(ReviewItem.vector)))
    others = [other for other in found if other.id != item.id]
    return [item, *others]


def beside(session: Session, viewer: Viewer, item: ReviewItem) -> tuple[int | None, int | None]:
    """The items to go on to: of the cluster before, and of the one after this."""
    each = _clusters(viewer)
    asked = select(each.c.id, each.c.cluster).where(each.c.place == 1)
    order = session.execute(asked.order_by(each.c.score.desc(), each.c.cluster)).all()
    mine = item.cluster_id or item.id
    here = next((place for place, row in enumerate(order) if row.cluster == mine), None)
    if here is None:
        return None, order[0].id if order else None
    before = order[here - 1].id if here else None
    return before, order[here + 1].id if here + 1 < len(order) else None


def counts(session: Session, viewer: Viewer) -> dict[str, int]:
    """How many items there are in each state."""
    asked = select(ReviewItem.state, func.count()).where(visible(viewer)).group_by(ReviewItem.state)
    found: dict[str, int] = {row[0]: row[1] for row in session.execute(asked)}
    return {state.value: found.get(state.value, 0) for state in State}


# --- what people decide


def decide(
    session: Session, viewer: Viewer, item: ReviewItem, action: str, label: str = "", *, whole: bool = False
) -> ReviewDecision:
    """Accept with this label, or ignore: one item, or all open ones of its cluster.

    Parameters:
        action: `accept` or `ignore`.
        label: an intent; one that no file has yet becomes a new one.

    Raises:
        InvalidName
    """
    if action == "accept":
        check(label)
    some = cluster_of(session, viewer, item) if whole else [item]
    decision = ReviewDecision(
        at=clock.now(), by_id=viewer.person_id, by_name=viewer.name, action=action, label=label, items=[]
    )
    for each in some:
        decision.items.append({"id": each.id, "state": each.state, "label": each.label})
        each.state = State.ACCEPTED.value if action == "accept" else State.IGNORED.value
        each.label = label if action == "accept" else ""
        each.decided_by_id, each.decided_at = viewer.person_id, decision.at
    session.add(decision)
    session.flush()
    return decision


def reopen(session: Session, item: ReviewItem) -> None:
    """It is to be decided anew; what is learned already stays."""
    if item.state in (State.ACCEPTED.value, State.IGNORED.value, State.KNOWN.value):
        item.state, item.label = State.OPEN.value, ""
        item.decided_by_id = item.decided_at = None
        session.flush()


def check(label: str) -> None:
    """Whether an intent may be called that.

    Raises:
        InvalidName
    """
    group, slash, key = label.rpartition("/")
    if (slash and group != "faq") or not NAME.fullmatch(key):
        raise InvalidName(label)


def last_decision(session: Session, viewer: Viewer) -> ReviewDecision | None:
    """The viewer's newest decision that stands."""
    asked = select(ReviewDecision).where(ReviewDecision.by_id == viewer.person_id, ReviewDecision.undone_at.is_(None))
    return session.scalar(asked.order_by(ReviewDecision.id.desc()).limit(1))


def undo(session: Session, viewer: Viewer, decision_id: int) -> list[ReviewItem]:
    """Make it as it was; returns its items. What was decided anew since, or is done, stays.

    Raises:
        NothingThere: no such decision, not the viewer's to undo, or undone already.
    """
    decision = session.get(ReviewDecision, decision_id, with_for_update=True)
    everywhere = reach(viewer.role, Action.REVIEW) is Reach.ALL
    if decision is None or decision.undone_at is not None or not (everywhere or decision.by_id == viewer.person_id):
        raise NothingThere(decision_id)
    decision.undone_at = clock.now()
    restored = []
    for kept in decision.items:
        item = session.get(ReviewItem, kept["id"])
        if item is not None and item.decided_at == decision.at and item.state != State.DONE.value:
            item.state, item.label = kept["state"], kept["label"]
            item.decided_by_id = item.decided_at = None
            restored.append(item)
    session.flush()
    return restored


# --- the change


def accepted(session: Session, viewer: Viewer | None = None) -> list[ReviewItem]:
    """Items that wait to be merged, by intent."""
    asked = select(ReviewItem).where(ReviewItem.state == State.ACCEPTED.value)
    if viewer is not None:
        asked = asked.where(visible(viewer))
    return list(session.scalars(asked.order_by(ReviewItem.label, ReviewItem.id)))


def change(session: Session, files: blocks.Files, viewer: Viewer | None = None) -> Edit:
    """Everything accepted, written into these files.

    Parameters:
        viewer: takes only what they may see.
    """
    items = accepted(session, viewer)
    encoder = _encoder()
    additions = [
        Addition(item.label, taught.annotated(item.text, files, encoder) if encoder is not None else item.text)
        for item in items
    ]
    return patches.change(files, additions, gaps.accepted(session, viewer))


def _encoder() -> Encoder | None:
    """Entities are marked with it; a change can be made without."""
    try:
        return store.encoder()
    except EncoderMissing:
        return None


def labels(now_taught: Sequence[str]) -> list[str]:
    """Intents that a person may choose: those with examples, without the ones set by the channel."""
    return [name for name in now_taught if name not in ("nlu_fallback", "answer_agent")]
