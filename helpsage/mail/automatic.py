"""Letters that no person wrote: they are never answered, and never become a ticket (RFC 3834).

Two programs that answer each other would do so for ever; a robot that does not say what it is, is held by the limit on
letters to one address (`helpsage.notify.sending`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from helpsage.mail import threading
from helpsage.mail.address import InvalidAddress, one_line, parse
from helpsage.mail.parsed import Letter

#: RFC 2076, 3.9; `auto_reply` is what some programs make of it.
_PRECEDENCE = frozenset({"bulk", "junk", "list", "auto_reply"})
#: RFC 2369 and 2919.
_LISTS = ("list-id", "list-unsubscribe", "list-post", "list-help", "list-owner", "list-archive", "list-subscribe")
#: What programs wrote before RFC 3834.
_OLDER = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoresponder", "x-mail-autoreply")
_ROBOTS = frozenset({"mailer-daemon", "postmaster"})

REPORT, READ_NOTICE, SUBMITTED, LIST, SUPPRESSED, NO_RETURN, OWN = (
    "report",
    "read_notice",
    "auto_submitted",
    "list",
    "suppressed",
    "no_return_path",
    "own",
)


@dataclass(frozen=True)
class Bounce:
    """An address that a letter did not reach, as the other server says (RFC 3464).

    Attributes:
        status: like 5.1.1 (RFC 3463).
        returned_id: Message-ID of the letter that came back.
    """

    address: str
    status: str
    words: str
    returned_id: str

    @property
    def is_for_good(self) -> bool:
        """Whether trying again is of no use."""
        return self.status.startswith("5")


def why(letter: Letter, envelope_from: str | None = None) -> str:
    """Why this letter is taken for a program's; empty for a person's.

    Parameters:
        envelope_from: who the mail server says it is from; None when it did not say.
    """
    if letter.report_type == "delivery-status" or letter.reports:
        return REPORT
    if letter.report_type == "disposition-notification":
        return READ_NOTICE
    if threading.ticket_of_message_id(letter.message_id) is not None:
        return OWN
    submitted = letter.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no") or any(letter.header(name) for name in _OLDER):
        return SUBMITTED
    if letter.header("precedence").strip().lower() in _PRECEDENCE or any(letter.header(name) for name in _LISTS):
        return LIST
    if letter.header("x-auto-response-suppress").strip().lower() not in ("", "none"):
        return SUPPRESSED
    if envelope_from == "" or letter.header("return-path").replace(" ", "") == "<>":
        return NO_RETURN
    if letter.sender.address.partition("@")[0] in _ROBOTS:
        return REPORT
    return ""


def bounces(letter: Letter) -> list[Bounce]:
    """The addresses that a delivery report says were not reached."""
    returned = next(iter(threading.ids_in(letter.returned.get("message-id", ""))), "")
    found = (_bounce(group, returned) for group in letter.reports)
    return [bounce for bounce in found if bounce is not None]


def _bounce(group: Mapping[str, str], returned: str) -> Bounce | None:
    if group.get("action", "").strip().lower() != "failed":
        return None
    recipient = group.get("original-recipient") or group.get("final-recipient") or ""
    try:
        address = parse(recipient.rpartition(";")[2]).lower()
    except InvalidAddress:
        return None
    status = one_line(group.get("status", "")).split(" ")[0][:12]
    return Bounce(address, status, one_line(group.get("diagnostic-code", "").rpartition(";")[2]), returned)
