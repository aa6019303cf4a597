"""How letters and answers find their ticket (RFC 5322, section 3.6.4).

Every letter about a ticket has a Message-ID that carries the ticket's number under a signature, and a reply address
that does the same. An answer shows one of the two; nobody can make one up. Letters that people wrote are known by
their own Message-ID, which is kept with the ticket (`mail_reference`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, object_session

from helpsage import clock, settings
from helpsage.departments import service as departments
from helpsage.intake import lanes
from helpsage.mail import smtp
from helpsage.mail.models import MailReference
from helpsage.tickets.models import Ticket

#: RFC 3834, section 5.
GENERATED, REPLIED, BY_HAND = "auto-generated", "auto-replied", "no"
#: Message-IDs are cut nowhere: a longer one is not kept. RFC 5322 allows 998 characters a line.
LONGEST_ID = 500
#: Earlier letters that a letter names.
MOST_REFERENCES = 8

_ADDRESS = re.compile(r"(?P<base>[^@]*)\+hs(?P<number>\d{1,12})\.(?P<mac>[a-z2-7]{16})", re.IGNORECASE)
_OWN_ID = re.compile(r"<hs(?P<number>\d{1,12})\.(?P<digest>[0-9a-f]{16})\.(?P<mac>[a-z2-7]{16})@[^<>\s@]+>", re.I)
_ID = re.compile(r"<[^<>\s\x00-\x1f\x7f]{1,498}>")


def reply_address(ticket: Ticket) -> str:
    """Where answers about this ticket go: the desk's address with the ticket's signed number behind a plus sign.

    Without sub-addressing it is the desk's plain address; empty when no address of the desk takes mail.
    """
    session = object_session(ticket)
    home = departments.by_id(session, ticket.department_id) if session is not None else None
    desk = lanes.address_for(home.key if home is not None else "")
    if desk is None:
        return ""
    if not desk.sub_addressing:
        return desk.address
    local, _, domain = desk.address.rpartition("@")
    return f"{local}+hs{ticket.number}.{_signed('address', str(ticket.number))}@{domain}"


def ticket_of_address(address: str) -> int | None:
    """The number of the ticket that a reply address of ours stands for; None for every other address."""
    found = _ADDRESS.fullmatch(address.strip().strip("<>").rpartition("@")[0])
    if found is None:
        return None
    return int(found["number"]) if _is_signed(found["mac"], "address", found["number"]) else None


def message_id(ticket: Ticket, mail_key: str) -> str:
    """The Message-ID of the letter with this key: the same each time it is asked for."""
    digest = hashlib.sha256(mail_key.encode()).hexdigest()[:16]
    mac = _signed("message", str(ticket.number), digest)
    return f"<hs{ticket.number}.{digest}.{mac}@{smtp.sender_address().rpartition('@')[2]}>"


def ticket_of_message_id(written: str) -> int | None:
    """The number of the ticket that a letter of ours with this Message-ID was about; None for every other one."""
    found = _OWN_ID.fullmatch(written.strip())
    if found is None:
        return None
    signed = _is_signed(found["mac"], "message", found["number"], found["digest"].lower())
    return int(found["number"]) if signed else None


def headers_for(session: Session, ticket: Ticket, mail_key: str, auto_submitted: str = GENERATED) -> dict[str, str]:
    """What the header of a letter about a ticket says, so that it stands in its thread and an answer comes back to it.

    Parameters:
        mail_key: of the letter (`mail.send(key=...)`).
        auto_submitted: `GENERATED`; `REPLIED` for what answers a letter by itself; `BY_HAND` for a person's own words.
    """
    earlier = _earlier(session, ticket)
    own = message_id(ticket, mail_key)
    root = earlier[0] if earlier else message_id(ticket, "root")
    references = list(dict.fromkeys([root, *earlier[-MOST_REFERENCES:]]))
    headers = {
        "Message-ID": own,
        "In-Reply-To": references[-1],
        "References": " ".join(references),
        "Auto-Submitted": auto_submitted,
        "X-Ticket": ticket.reference,
    }
    if auto_submitted != BY_HAND:
        # Exchange and its kin answer by themselves unless they are asked not to (MS-OXCMAIL, 2.1.3.2.20).
        headers["X-Auto-Response-Suppress"] = "All"
    back = reply_address(ticket)
    return {**headers, "Reply-To": back} if back else headers


def remember(session: Session, ticket_id: UUID, written: str, sender: str) -> None:
    """Keep the Message-ID of a letter that somebody wrote about a ticket; a second one of this name changes nothing."""
    ids = ids_in(written)
    if not ids:
        return
    row = insert(MailReference).values(message_id=ids[0], ticket_id=ticket_id, sender=sender, at=clock.now())
    session.execute(row.on_conflict_do_nothing(index_elements=["message_id"]))


def ticket_named(session: Session, ids: Sequence[str]) -> UUID | None:
    """The ticket of the last of these Message-IDs that we know: ours, or a person's letter about one."""
    for written in reversed(ids):
        number = ticket_of_message_id(written)
        if number is not None:
            found = session.scalar(select(Ticket.id).where(Ticket.number == number))
        else:
            found = session.scalar(select(MailReference.ticket_id).where(MailReference.message_id == written))
        if found is not None:
            return found
    return None


def ids_in(*written: str) -> list[str]:
    """The Message-IDs in header fields, in order, each once."""
    return list(dict.fromkeys(found for each in written for found in _ID.findall(each)))


def _earlier(session: Session, ticket: Ticket) -> list[str]:
    """Letters that the requester wrote about it, oldest first."""
    asked = select(MailReference.message_id).where(MailReference.ticket_id == ticket.id)
    newest = session.scalars(asked.order_by(MailReference.at.desc()).limit(MOST_REFERENCES)).all()
    first = session.scalar(asked.order_by(MailReference.at).limit(1))
    return list(dict.fromkeys([*([first] if first else []), *reversed(newest)]))


def _signed(kind: str, *parts: str) -> str:
    """80 bits of an HMAC, in letters that survive a change of case."""
    key = settings.get().derived("mail threads").encode()
    digest = hmac.new(key, "\n".join((kind, *parts)).encode(), hashlib.sha256).digest()
    return base64.b32encode(digest[:10]).decode().lower()


def _is_signed(mac: str, kind: str, *parts: str) -> bool:
    return hmac.compare_digest(mac.lower().encode(), _signed(kind, *parts).encode())
