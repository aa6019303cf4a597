"""Reading a mailbox by IMAP (RFC 3501, RFC 2177): every new letter once, through restarts on both sides.

The number of the last letter read is kept in the transaction that keeps the letter. When the server gives all letters
new numbers (UIDVALIDITY), everything since our first look is gone through again, and what is known is not kept twice.
"""

from __future__ import annotations

import contextlib
import imaplib
import logging
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted, MailMessageFlags
from imap_tools.errors import ImapToolsError, MailboxLoginError
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.db.session import transaction
from helpsage.intake import service
from helpsage.intake.models import Lane, MailboxState
from helpsage.mail import parsed
from helpsage.mail.parsed import Letter
from helpsage.mailroom import keeping
from helpsage.people import administrators
from helpsage.settings import Mailbox

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
#: Of a letter that is too large, this much is fetched: its words stand before its files.
FETCHED_OF_TOO_LARGE = 256 * 1024
TIMEOUT_S = 30.0
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
#: Trouble of this length is told to administrators, a wrong password at once; once a day.
TOLD_AFTER_S = 600.0
#: How often a thread that waits for the server asks whether it is to stop.
SLICE_S = 0.5
#: imaplib refuses longer lines; a letter is read by its size, so that lines are those of the server's own answers.
imaplib._MAXLINE = 10 * MEGABYTE  # type: ignore[attr-defined]

_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")

#: What a mail server that goes away, or refuses us, looks like from here.
TROUBLE = (ImapToolsError, imaplib.IMAP4.error, OSError, SQLAlchemyError)


@dataclass(frozen=True)
class Place:
    """How far a mailbox was read."""

    uid_validity: int
    last_uid: int
    #: For the server's search, which knows days only.
    since: str


class Watcher(threading.Thread):
    """Reads one mailbox until it is told to stop."""

    def __init__(self, name: str, mailbox: Mailbox, stopping: threading.Event) -> None:
        super().__init__(name=f"mailbox {name}", daemon=True)
        self._mailbox_name = name
        self._mailbox = mailbox
        self._stopping = stopping
        self._trouble_since = time.monotonic()
        #: When the mailbox was last read to its end; None since something stood in the way.
        self._healthy_at: float | None = None

    def run(self) -> None:
        """Connect, read, wait for more; after trouble again, later each time. Nothing ends this but `stopping`."""
        wait = FIRST_WAIT_S
        while not self._stopping.is_set():
            try:
                with connected(self._mailbox) as client:
                    self._stay(client)
            except TROUBLE as error:
                wait = self._wait_after(error, wait)
            except Exception as error:  # a server can answer anything; a thread that died would read no letter more
                log.exception("mailbox %s", self._mailbox_name)
                wait = self._wait_after(error, wait)

    def _wait_after(self, error: Exception, wait: float) -> float:
        """Say what is wrong, and wait; returns how long to wait the next time."""
        name, what = self._mailbox_name, type(error).__name__
        wait = FIRST_WAIT_S if self._healthy_at is not None else wait
        log.warning("mailbox %s: %s; trying again in %.0f s", name, what, wait)
        _note_trouble(name, what)
        now = time.monotonic()
        if self._healthy_at is not None:
            self._trouble_since, self._healthy_at = now, None
        if isinstance(error, MailboxLoginError) or now - self._trouble_since > TOLD_AFTER_S:
            _tell(name, what)
        self._stopping.wait(wait)
        return min(wait * 2, LONGEST_WAIT_S)

    def _stay(self, client: BaseMailBox) -> None:
        announces = "IDLE" in client.client.capabilities
        while not self._stopping.is_set():
            read_new(client, self._mailbox_name, self._mailbox, self._stopping)
            self._healthy_at = time.monotonic()
            if announces:
                self._wait_for_news(client)
            else:
                self._stopping.wait(self._mailbox.every)

    def _wait_for_news(self, client: BaseMailBox) -> None:
        until = time.monotonic() + self._mailbox.every
        client.idle.start()  # type: ignore[no-untyped-call]
        try:
            while not self._stopping.is_set() and time.monotonic() < until:
                if client.idle.poll(timeout=SLICE_S):
                    break
        finally:
            client.idle.stop()  # type: ignore[no-untyped-call]


@contextlib.contextmanager
def connected(mailbox: Mailbox) -> Iterator[BaseMailBox]:
    """A connection, logged in, the folder open; closed at the end, however it ends.

    Raises:
        one of TROUBLE
    """
    made = _reached(mailbox)
    try:
        made.login(mailbox.user, mailbox.password.get_secret_value(), initial_folder=mailbox.folder)
        yield made
        made.logout()
    finally:
        # A server that is gone hears no goodbye.
        with contextlib.suppress(OSError):
            made.client.shutdown()


def _reached(mailbox: Mailbox) -> BaseMailBox:
    if mailbox.security == "tls":
        return MailBox(mailbox.host, mailbox.port, timeout=TIMEOUT_S)
    if mailbox.security == "starttls":
        return MailBoxStartTls(mailbox.host, mailbox.port, timeout=TIMEOUT_S)
    return MailBoxUnencrypted(mailbox.host, mailbox.port, timeout=TIMEOUT_S)


def read_new(client: BaseMailBox, name: str, mailbox: Mailbox, stopping: threading.Event | None = None) -> int:
    """Keep every letter that came since the last look; returns how many were looked at.

    Raises:
        one of TROUBLE: what was kept before it is kept.
    """
    # What the server knows of the open folder is only renewed when it is asked.
    client.client.noop()
    status = client.folder.status(mailbox.folder, ["UIDVALIDITY", "UIDNEXT"])
    validity, following = status["UIDVALIDITY"], status["UIDNEXT"]
    place, criteria = _place(name, validity)
    uids = sorted(int(uid) for uid in client.uids(criteria) if int(uid) > place.last_uid)
    again = criteria.startswith("SINCE")
    done: list[int] = []
    for uid in uids:
        if stopping is not None and stopping.is_set():
            return len(done)
        _take(client, name, uid, validity, again)
        done.append(uid)
        _put_away(client, mailbox, uid)
    with transaction() as session:
        _remember(session, name, validity, max([place.last_uid, following - 1 if not uids else uids[-1]]))
    return len(done)


def _place(name: str, validity: int) -> tuple[Place, str]:
    """How far it was read, and what to ask the server for."""
    with transaction() as session:
        row = insert(MailboxState).values(name=name, uid_validity=0, last_uid=0, since=clock.now())
        session.execute(row.on_conflict_do_nothing(index_elements=["name"]))
        kept = session.get_one(MailboxState, name)
        place = Place(kept.uid_validity, kept.last_uid, f"{kept.since:%d-%b-%Y}")
    if place.uid_validity == 0:
        # The first look: what people have read before is none of ours.
        return place, "UNSEEN"
    if place.uid_validity != validity:
        log.warning("mailbox %s has new numbers; it is gone through again", name)
        return Place(validity, 0, place.since), f"SINCE {place.since}"
    return place, f"UID {place.last_uid + 1}:*"


def _take(client: BaseMailBox, name: str, uid: int, validity: int, again: bool) -> None:
    """Keep one letter, and that it was read, in one transaction."""
    head, size = _head(client, uid)
    if head is None:
        return  # gone in the meantime
    if again and _is_known(head):
        return
    limit = settings.get().mail_max_mb * MEGABYTE
    part = f"BODY.PEEK[]<0.{FETCHED_OF_TOO_LARGE}>" if size > limit else "BODY.PEEK[]"
    raw = _fetched(client, uid, part)
    if raw is None:
        return
    meta = {"mailbox": name, "uid": uid, "uid_validity": validity, "full_size": size, "cut": size > limit}
    with transaction() as session:
        keeping.keep(session, raw, meta, head if head.message_id else None)
        if not again:
            _remember(session, name, validity, uid)


def _is_known(head: Letter) -> bool:
    if not head.message_id:
        return False
    with transaction() as session:
        return service.is_known(session, Lane.EMAIL, parsed.key_of(head, b""))


def _head(client: BaseMailBox, uid: int) -> tuple[Letter | None, int]:
    answer = client.client.uid("FETCH", str(uid), "(RFC822.SIZE BODY.PEEK[HEADER])")
    parts = [part for part in answer[1] if isinstance(part, tuple)]
    if not parts:
        return None, 0
    told = b" ".join(part[0] if isinstance(part, tuple) else part or b"" for part in answer[1])
    found = _SIZE.search(told)
    return parsed.heading(parts[0][1]), int(found[1]) if found else 0


def _fetched(client: BaseMailBox, uid: int, part: str) -> bytes | None:
    answer = client.client.uid("FETCH", str(uid), f"({part})")
    found = [each[1] for each in answer[1] if isinstance(each, tuple)]
    return bytes(found[0]) if found else None


def _put_away(client: BaseMailBox, mailbox: Mailbox, uid: int) -> None:
    """Kept is kept: a mailbox that cannot be tidied is no reason to stop."""
    try:
        client.flag(str(uid), MailMessageFlags.SEEN, True)
        if mailbox.done_folder:
            if not client.folder.exists(mailbox.done_folder):
                client.folder.create(mailbox.done_folder)
            client.move(str(uid), mailbox.done_folder)
    except ImapToolsError as error:
        log.warning("letter %s stays where it lies: %s", uid, type(error).__name__)


def _remember(session: Session, name: str, validity: int, uid: int) -> None:
    kept = session.get_one(MailboxState, name, with_for_update=True)
    kept.last_uid = uid if kept.uid_validity != validity else max(kept.last_uid, uid)
    kept.uid_validity = validity
    kept.looked_at, kept.trouble = clock.now(), ""


def _tell(name: str, trouble: str) -> None:
    """Write to the administrators, once a day: letters of people wait there, and nobody would see it."""
    values = {"mailbox": name, "trouble": trouble, "link": f"{settings.get().web_url}/settings/intake"}
    try:
        with transaction() as session:
            administrators.tell(session, "mailbox_trouble", values, f"mailbox:{name}:{clock.now():%Y-%m-%d}")
    except SQLAlchemyError:
        log.debug("the database is away, too")


def _note_trouble(name: str, trouble: str) -> None:
    try:
        with transaction() as session:
            row = insert(MailboxState).values(name=name, since=clock.now(), trouble=trouble)
            session.execute(row.on_conflict_do_update(index_elements=["name"], set_={"trouble": trouble}))
    except SQLAlchemyError:
        log.debug("the database is away, too")
