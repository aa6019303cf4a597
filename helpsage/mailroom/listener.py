"""Taking letters from a mail server: SMTP (RFC 5321) or LMTP (RFC 2033), for the desk's own addresses only.

"250" is said when the letter lies in the database, and not before. Meant to stand behind a mail server that faces the
Internet: that one keeps spam out, checks SPF, DKIM and DMARC, and tries again while we are away.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Connection

from helpsage import settings
from helpsage.intake import gate, lanes, words
from helpsage.mail import threading as threads
from helpsage.mailroom import keeping

log = logging.getLogger(__name__)

MEGABYTE = 1_000_000
MOST_RECIPIENTS = 100
#: At once; each may hold a whole letter in memory.
MOST_CONNECTIONS = 50
#: Seconds without a word after which a connection is closed (RFC 5321, 4.5.3.2 asks for minutes).
TIMEOUT_S = 300.0
#: RFC 5321 allows a thousand characters a line; programs that do not know write whole pages as one.
LONGEST_LINE = 1 << 20
HOSTNAME = "help-sage"
#: Letters that are being kept at a time. They share commits: the more of them, the fewer commits for each.
KEEPERS = 24


class Handler:
    """What happens with a letter."""

    def __init__(self, lmtp: bool) -> None:
        self._lmtp = lmtp
        self._keepers = ThreadPoolExecutor(KEEPERS, thread_name_prefix="keeper")

    async def handle_RCPT(
        self, server: SMTP, session: Connection, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Only for addresses of ours: this is no relay."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return words.TOO_MANY
        if not lanes.is_ours(address) and threads.ticket_of_address(address) is None:
            # Begun while the database was away, we know no addresses: "nobody here" would send letters back for good.
            return words.NOT_HERE if await asyncio.to_thread(lambda: lanes.lanes.is_read) else words.LATER
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Connection, envelope: Envelope) -> str:
        """Keep it, then say so; LMTP says so for each recipient."""
        answer = await asyncio.get_running_loop().run_in_executor(self._keepers, _keep, session, envelope)
        return "\r\n".join([answer] * len(envelope.rcpt_tos)) if self._lmtp else answer


def _keep(connection: Connection, envelope: Envelope) -> str:
    raw = envelope.original_content or b""
    meta: dict[str, Any] = {
        # The null path stands for letters that nobody is to answer (RFC 5321, 4.5.5).
        "envelope_from": (envelope.mail_from or "").strip("<>"),
        "envelope_to": list(envelope.rcpt_tos),
        "client": str((connection.peer or [""])[0]),
    }
    try:
        number = gate.keep(keeping.arrival(raw, meta)).number
    except Exception:  # whatever it was, the other server still has the letter and tries again
        log.exception("a letter could not be kept")
        return words.LATER
    return words.KEPT.format(number=number)


class _Kind:
    """What both protocols do alike: words for people where the library has some for programs, and a limit on what a
    connection may send without an end of line.
    """

    line_length_limit = LONGEST_LINE
    data_size_limit: int | None
    transport: asyncio.Transport | None
    _taken = 0
    _open = 0
    _counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One more; too many at once are asked to come back (RFC 5321, section 3.8)."""
        if _Kind._open >= MOST_CONNECTIONS and isinstance(transport, asyncio.Transport):
            log.warning("more than %s connections at once: one was sent away", MOST_CONNECTIONS)
            transport.write(f"{words.BUSY}\r\n".encode())
            transport.close()
            return
        _Kind._open += 1
        self._counted = True
        super().connection_made(transport)  # type: ignore[misc]

    def connection_lost(self, error: Exception | None) -> None:
        """One less."""
        if not self._counted:
            return
        _Kind._open -= 1
        self._counted = False
        super().connection_lost(error)  # type: ignore[misc]

    def eof_received(self) -> bool | None:
        """Nothing more comes."""
        return super().eof_received() if self._counted else None  # type: ignore[misc]

    async def push(self, status: Any) -> None:
        """Say it kindly."""
        if isinstance(status, str) and status.startswith("552 "):
            status = words.TOO_LARGE.format(limit=settings.get().mail_max_mb)
        await super().push(status)  # type: ignore[misc]

    async def smtp_MAIL(self, arg: str | None) -> None:
        """A new letter begins."""
        self._taken = 0
        await super().smtp_MAIL(arg)  # type: ignore[misc]

    def data_received(self, data: bytes) -> None:
        """The library remembers a line until it ends, however long: who sends more than two letters' worth is cut."""
        self._taken += len(data)
        if self.data_size_limit and self._taken > 2 * self.data_size_limit + LONGEST_LINE:
            log.warning("a connection sent too much and was closed")
            if self.transport is not None:
                self.transport.abort()
            return
        if self._counted:
            super().data_received(data)  # type: ignore[misc]


class KindSMTP(_Kind, SMTP):  # type: ignore[misc]
    """SMTP."""


class KindLMTP(_Kind, LMTP):  # type: ignore[misc]
    """LMTP."""


async def listen(configured: settings.Settings) -> asyncio.Server:
    """Begin to listen."""
    lmtp = configured.mail_listen_protocol == "lmtp"
    handler, kind = Handler(lmtp), KindLMTP if lmtp else KindSMTP
    loop = asyncio.get_running_loop()

    def protocol() -> SMTP:
        return kind(
            handler,
            data_size_limit=configured.mail_max_mb * MEGABYTE,
            enable_SMTPUTF8=True,
            hostname=HOSTNAME,
            ident=HOSTNAME,
            timeout=TIMEOUT_S,
            loop=loop,
        )

    server = await loop.create_server(protocol, configured.mail_listen_host, configured.mail_listen_port)
    log.info("letters are taken by %s on port %s", configured.mail_listen_protocol, configured.mail_listen_port)
    return server
