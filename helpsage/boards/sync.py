"""One look at a board: first what happened there, then what happened here.

Each side is compared with how both stood when they were last the same (`BoardCard.agreed`), so that what we wrote
ourselves is no news when it comes back, however late, and a board that was away for days is simply further behind.
When both sides moved a card, the desk's move stands, and the ticket says so. Rows are written before the board is
asked, so that a crash in between leaves something to look for, and nothing is made twice.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from helpsage import clock, mail, sealed, settings
from helpsage.boards import cards, news
from helpsage.boards import words as told
from helpsage.boards.board import AccessLost, Board, BoardAway, CardGone
from helpsage.boards.kinds import KINDS
from helpsage.boards.models import BoardCard, BoardRemark, BoardRow, CardState
from helpsage.db.session import transaction
from helpsage.people.models import Account, Role
from helpsage.tickets import lifecycle
from helpsage.tickets.models import Entry, Status, Ticket

log = logging.getLogger(__name__)

PURPOSE = "boards"
#: Between two looks.
EVERY = timedelta(seconds=20)
#: A look that was begun and never ended is taken for dead after this time.
LEASE = timedelta(minutes=10)
LONGEST_WAIT = timedelta(minutes=30)
#: Tickets brought over in one look; the next one goes on.
BATCH = 50

_WORKED_ON = [status.value for status in Status if status not in lifecycle.FINISHED]


def due(session: Session) -> list[UUID]:
    """Boards to look at now; they are not due again while somebody looks."""
    now = clock.now()
    asked = select(BoardRow).where(
        BoardRow.removed_at.is_(None),
        BoardRow.disabled_at.is_(None),
        BoardRow.broken_at.is_(None),
        BoardRow.next_at <= now,
    )
    found = session.scalars(asked.with_for_update(skip_locked=True)).all()
    for row in found:
        row.next_at = now + LEASE
    return [row.id for row in found]


def run(board_id: UUID) -> None:
    """Look at a board once. What stands in the way is written on its row; nothing is lost by it."""
    with transaction() as session:
        row = session.get(BoardRow, board_id)
        if row is None or row.removed_at is not None or row.disabled_at is not None:
            return
        board, cursor = _opened(row), row.cursor
    try:
        _prepare(board_id, board)
        _pull(board_id, board, cursor)
        left = _push(board_id, board)
    except (BoardAway, AccessLost) as error:
        with transaction() as session:
            _note_trouble(session, session.get_one(BoardRow, board_id), error)
        return
    with transaction() as session:
        row = session.get_one(BoardRow, board_id)
        row.synced_at, row.failures, row.trouble = clock.now(), 0, ""
        row.next_at = clock.now() if left else clock.now() + EVERY


def _opened(row: BoardRow) -> Board:
    return KINDS[row.kind].open(sealed.unseal(PURPOSE, row.token), row.project_id, row.sections)


def _note_trouble(session: Session, row: BoardRow, error: BoardAway | AccessLost) -> None:
    row.failures += 1
    row.trouble = str(error)
    wait = min(EVERY * 2 ** min(row.failures, 10), LONGEST_WAIT)
    if isinstance(error, BoardAway) and error.retry_after_s is not None:
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    row.next_at = clock.now() + wait
    log.warning("board %s: %s", row.id, error)
    if isinstance(error, AccessLost) and row.broken_at is None:
        row.broken_at = clock.now()
        _tell_administrators(session, row)


def _tell_administrators(session: Session, row: BoardRow) -> None:
    link = f"{settings.get().web_url}/settings/boards/{row.id}"
    text = told.BROKEN_TEXT.format(name=row.name, trouble=row.trouble, link=link)
    asked = select(Account).where(Account.role == Role.ADMINISTRATOR.value, Account.disabled_at.is_(None))
    for account in session.scalars(asked):
        key = f"board:{row.id}:{clock.now():%Y%m%d}:{account.id}"
        mail.send(session, account.email, told.BROKEN_SUBJECT.format(name=row.name), text, key=key)


def _prepare(board_id: UUID, board: Board) -> None:
    with transaction() as session:
        if set(session.get_one(BoardRow, board_id).sections) == set(told.SECTIONS):
            return
    sections = board.prepare(told.SECTIONS)
    with transaction() as session:
        session.get_one(BoardRow, board_id).sections = dict(sections)


# --- from the board


def _pull(board_id: UUID, board: Board, cursor: str) -> None:
    found = board.news(cursor)
    with transaction() as session:
        seen = list(found.cards)
        if found.whole:
            seen += _missed(session, board_id, board, {card.id for card in found.cards})
        row = session.get_one(BoardRow, board_id, with_for_update=True)
        people = {each: {"name": who.name, "email": who.email} for each, who in found.people.items()}
        row.people = {**row.people, **people}
        # Cards first: a reply moves its ticket too, and would look like a change at the same time.
        for card in seen:
            news.take_card(session, row, card)
        for remark in found.remarks:
            news.take_remark(session, row, remark)
        row.cursor = found.cursor


def _missed(session: Session, board_id: UUID, board: Board, told_of: set[str]) -> list[news.SeenCard]:
    """Cards of ours that everything there is does not name: done, or gone."""
    asked = select(BoardCard.external_id).where(BoardCard.board_id == board_id, BoardCard.state == CardState.ON.value)
    missed = []
    for external_id in session.scalars(asked):
        if external_id is None or external_id in told_of:
            continue
        try:
            missed.append(board.look(external_id))
        except CardGone:
            missed.append(news.SeenCard(external_id, None, finished=False, gone=True))
    return missed


# --- to the board


def _push(board_id: UUID, board: Board) -> bool:
    """Bring over what changed here; returns whether there may be more."""
    with transaction() as session:
        row = session.get_one(BoardRow, board_id)
        waiting = session.execute(_behind(row)).all()
    for ticket_id, number in waiting:
        try:
            _push_ticket(board_id, ticket_id, board)
        except CardGone:
            with transaction() as session:
                row = session.get_one(BoardRow, board_id)
                news.lose(session, row, _card_of(session, board_id, ticket_id))
        log.info("board %s: HS-%s brought over", board_id, number)
    return len(waiting) == BATCH


def _behind(row: BoardRow) -> Select[UUID, int]:
    """Tickets whose card is older than they are, and those that are worked on and have none."""
    card = and_(BoardCard.ticket_id == Ticket.id, BoardCard.board_id == row.id)
    older = and_(BoardCard.state != CardState.GONE.value, BoardCard.version < Ticket.version)
    without = and_(BoardCard.id.is_(None), Ticket.status.in_(_WORKED_ON), Ticket.merged_into_id.is_(None))
    asked = select(Ticket.id, Ticket.number).outerjoin(BoardCard, card).where(or_(older, without))
    if row.department_id is not None:
        asked = asked.where(or_(Ticket.department_id == row.department_id, BoardCard.id.is_not(None)))
    return asked.order_by(Ticket.number).limit(BATCH)


def _card_of(session: Session, board_id: UUID, ticket_id: UUID) -> BoardCard:
    return session.scalars(
        select(BoardCard).where(BoardCard.board_id == board_id, BoardCard.ticket_id == ticket_id).with_for_update()
    ).one()


def _push_ticket(board_id: UUID, ticket_id: UUID, board: Board) -> None:
    with transaction() as session:
        ticket = session.get_one(Ticket, ticket_id)
        known = session.scalar(
            select(BoardCard).where(BoardCard.board_id == board_id, BoardCard.ticket_id == ticket_id)
        )
        # A row from before, without an id: the card may be there.
        uncertain = known is not None and known.external_id is None
        if known is None:
            session.add(BoardCard(board_id=board_id, ticket_id=ticket_id, ticket=ticket))
        wanted, version = cards.of(session, ticket), ticket.version
        external_id = known.external_id if known is not None else None
        agreed = dict(known.agreed) if known is not None else {}
    if external_id is None:
        placed = board.find(cards.title_start(ticket)) if uncertain else None
        placed = placed or board.add(wanted, f"card:{board_id}:{ticket_id}")
        external_id = placed.id
        agreed = {"section": wanted.section, "finished": False, "words": cards.digest(wanted)}
        with transaction() as session:
            card = _card_of(session, board_id, ticket_id)
            card.external_id, card.url, card.state = placed.id, placed.url, CardState.ON.value
            card.agreed = agreed
    _settle(board, external_id, wanted, agreed)
    with transaction() as session:
        card = _card_of(session, board_id, ticket_id)
        section = agreed["section"] if wanted.finished else wanted.section
        card.agreed = {"section": section, "finished": wanted.finished, "words": cards.digest(wanted)}
    _push_remarks(board_id, ticket_id, board)
    with transaction() as session:
        _card_of(session, board_id, ticket_id).version = version


def _settle(board: Board, external_id: str, wanted: cards.Card, agreed: dict[str, object]) -> None:
    """Only what differs."""
    if cards.digest(wanted) != agreed.get("words"):
        board.change(external_id, wanted)
    if agreed.get("finished") and not wanted.finished:
        board.reopen(external_id)
    if not wanted.finished and wanted.section != agreed.get("section"):
        board.move(external_id, wanted.section)
    if wanted.finished and not agreed.get("finished"):
        board.finish(external_id)


def _push_remarks(board_id: UUID, ticket_id: UUID, board: Board) -> None:
    with transaction() as session:
        row, card = session.get_one(BoardRow, board_id), _card_of(session, board_id, ticket_id)
        assert card.external_id is not None
        external_id = card.external_id
        uncertain = _uncertain(session, card)
        there = {cards.digest_of(remark.text): remark.id for remark in board.remarks(external_id)} if uncertain else {}
        for remark in uncertain:
            remark.external_id = there.get(remark.digest)
        session.flush()
        waiting = [(entry.id, cards.remark(entry)) for entry in _unsaid(session, row, card)]
        known = set(session.scalars(select(BoardRemark.entry_id).where(BoardRemark.card_id == card.id)))
        for entry_id, text in waiting:
            if entry_id not in known:
                session.add(BoardRemark(card_id=card.id, entry_id=entry_id, digest=cards.digest_of(text)))
        card_id = card.id
    for entry_id, text in waiting:
        made = board.remark(external_id, text, f"remark:{card_id}:{entry_id}")
        with transaction() as session:
            asked = select(BoardRemark).where(BoardRemark.card_id == card_id, BoardRemark.entry_id == entry_id)
            session.scalars(asked).one().external_id = made


def _uncertain(session: Session, card: BoardCard) -> list[BoardRemark]:
    asked = select(BoardRemark).where(BoardRemark.card_id == card.id, BoardRemark.external_id.is_(None))
    return list(session.scalars(asked))


def _unsaid(session: Session, row: BoardRow, card: BoardCard) -> list[Entry]:
    """Entries of the thread that the board does not have, in order."""
    said = select(BoardRemark.entry_id).where(
        BoardRemark.card_id == card.id, BoardRemark.external_id.is_not(None), BoardRemark.entry_id.is_not(None)
    )
    asked = select(Entry).where(Entry.ticket_id == card.ticket_id, Entry.id.not_in(said))
    if not row.notes:
        asked = asked.where(Entry.visibility == "public")
    return list(session.scalars(asked.order_by(Entry.created_at, Entry.id)))
