"""What happened on a board, done to the ticket."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage.boards import cards, words
from helpsage.boards.board import Remark, SeenCard
from helpsage.boards.models import BoardCard, BoardRemark, BoardRow, CardState
from helpsage.people.models import Account, Role
from helpsage.tickets import changing, service
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import IllegalTransition
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.words import LONGEST_BODY

__all__ = ["SeenCard", "lose", "take_card", "take_remark"]

SOURCE = "board"


def take_remark(session: Session, row: BoardRow, remark: Remark) -> None:
    """A comment becomes a reply or a note, once; one that we wrote ourselves is only known from now on."""
    card = _card(session, row, remark.card_id)
    if card is None or _known(session, card, remark):
        return
    text = (remark.text.strip() or words.NOTHING_SAID)[:LONGEST_BODY]
    ticket = changing.survivor(session, card.ticket)
    actor, key = _author(session, row, remark.author_id), f"board:{row.id}:{remark.id}"
    if row.remarks == "note" or text.lower().startswith(words.NOTE_MARK):
        entry = service.note(session, ticket, text, actor, key=key, source=SOURCE)
    else:
        entry = service.reply(session, ticket, text, actor, key=key, source=SOURCE)
    session.add(BoardRemark(card_id=card.id, entry_id=entry.id, external_id=remark.id))
    session.flush()


def _known(session: Session, card: BoardCard, remark: Remark) -> bool:
    asked = select(BoardRemark).where(BoardRemark.card_id == card.id)
    if session.scalar(asked.where(BoardRemark.external_id == remark.id)) is not None:
        return True
    digest = cards.digest_of(remark.text)
    ours = session.scalars(asked.where(BoardRemark.external_id.is_(None), BoardRemark.digest == digest)).first()
    if ours is not None:
        # We wrote it, and did not hear that it was taken.
        ours.external_id = remark.id
    return ours is not None


def take_card(session: Session, row: BoardRow, seen: SeenCard) -> None:
    """Somebody moved, finished, reopened or deleted a card."""
    card = _card(session, row, seen.id)
    if card is None:
        return
    if seen.gone:
        lose(session, row, card)
        return
    if card.state == CardState.GONE.value:
        card.state = CardState.ON.value
        _note(session, card.ticket, words.CARD_BACK.format(board=row.name))
    before = (card.agreed["finished"], card.agreed["section"])
    there = (seen.finished, seen.section or before[1])
    if there != before:
        _follow(session, row, card, before, there)


def lose(session: Session, row: BoardRow, card: BoardCard) -> None:
    """The card is not there any more: the ticket says so, once, and goes on without."""
    if card.state != CardState.GONE.value:
        card.state = CardState.GONE.value
        _note(session, card.ticket, words.CARD_GONE.format(board=row.name))


def _follow(
    session: Session, row: BoardRow, card: BoardCard, before: tuple[bool, str], there: tuple[bool, str]
) -> None:
    ticket = changing.locked(session, card.ticket, merged_too=True)
    wanted = cards.of(session, ticket)
    here = (wanted.finished, before[1] if wanted.finished else wanted.section)
    # From now on both sides know of the board's move; where the desk's differs, the next push says so there.
    card.agreed = {**card.agreed, "finished": there[0], "section": there[1]}
    if here == there or (here[0] and there[0]):
        return
    names = {"board": row.name, "there": _called(there), "here": _called(here)}
    if here != before or ticket.merged_into_id is not None:
        _differ(session, card, ticket, words.BOTH_CHANGED.format(**names))
        return
    target = Status.RESOLVED if there[0] else Status(there[1])
    actor = Actor("agent", row.name)
    reason = words.REASON.format(board=row.name)
    try:
        with session.begin_nested():
            if before[0] and not there[0]:
                service.reopen(session, ticket, actor, reason)
            service.change_status(session, ticket, target, actor, reason)
    except IllegalTransition:
        _differ(session, card, ticket, words.NOT_POSSIBLE.format(**names))
        return
    card.conflict = ""


def _differ(session: Session, card: BoardCard, ticket: Ticket, text: str) -> None:
    """The note counts the ticket's version up, so that the next push puts the card where the desk has it."""
    card.conflict = text
    _note(session, ticket, text)


def _called(side: tuple[bool, str]) -> str:
    return words.FINISHED if side[0] else words.SECTIONS[side[1]]


def _note(session: Session, ticket: Ticket, text: str) -> None:
    alive = changing.survivor(session, ticket)
    service.note(session, alive, text, Actor("system"), source=SOURCE)


def _card(session: Session, row: BoardRow, external_id: str) -> BoardCard | None:
    return session.scalar(select(BoardCard).where(BoardCard.board_id == row.id, BoardCard.external_id == external_id))


def _author(session: Session, row: BoardRow, author_id: str) -> Actor:
    """The member of staff with this address, or whoever the board says it was."""
    known = row.people.get(author_id, {})
    account = session.scalar(
        select(Account).where(
            func.lower(Account.email) == str(known.get("email", "")).lower(),
            Account.role != Role.REQUESTER.value,
            Account.disabled_at.is_(None),
        )
    )
    if account is not None:
        return Actor("agent", account.person.name, account.person_id)
    return Actor("agent", str(known.get("name") or words.SOMEBODY))
