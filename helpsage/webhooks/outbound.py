"""The only way out for webhooks: an HTTP request to an address that somebody else chose.

Such an address can name our own network (server-side request forgery), so that a name is resolved once, each address
that comes of it is checked, and the connection goes to a checked address, whatever the name means a moment later.
Redirects are not followed, answers are read for a few kilobytes, and all of it ends after a fixed time.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from helpsage import settings
from helpsage.mail.address import one_line

#: Seconds for connecting, and for everything from the first byte to the last.
CONNECT_WITHIN_S = 5.0
DONE_WITHIN_S = 15.0
#: Bytes of an answer that are looked at.
MOST_ANSWER = 4_096
LONGEST_URL = 2_000
#: Of a name, that are tried one after the other.
MOST_ADDRESSES = 3

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: IPv6 addresses that stand for IPv4 ones (RFC 6052, section 2.1; RFC 8215).
_NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))


class Forbidden(Exception):
    """The address may not be called; the message says why, for an administrator."""


class NoAnswer(Exception):
    """There was none: not reached, reset, no TLS, too slow. The message says which."""


@dataclass(frozen=True)
class Place:
    """An address that was understood."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        body: its beginning.
        retry_after_s: seconds that the other side asks us to wait.
    """

    status: int
    body: str
    retry_after_s: int | None = None


def place(url: str) -> Place:
    """Understand an address, without asking the network.

    Raises:
        Forbidden: it is none that can be called.
    """
    url = url.strip()
    if not 0 < len(url) <= LONGEST_URL or not url.isprintable() or any(mark in url for mark in " \\"):
        raise Forbidden(NOT_AN_ADDRESS)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        name = host if ":" in host else host.encode("idna").decode("ascii")
    except (ValueError, UnicodeError) as error:
        raise Forbidden(NOT_AN_ADDRESS) from error
    if parts.scheme not in ("http", "https") or not name:
        raise Forbidden(NOT_AN_ADDRESS)
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise Forbidden(NO_NAMES)
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    asked = f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
    return Place(parts.scheme, name, port or (443 if parts.scheme == "https" else 80), path + asked)


def is_allowed(address: Address) -> bool:
    """Whether it is a public address, or of a network that the operator has opened (`webhook_networks`)."""
    inner = _inside(address)
    opened = [ipaddress.ip_network(network, strict=False) for network in settings.get().webhook_networks]
    if any(inner.version == network.version and inner in network for network in opened):
        return True
    return inner.is_global and not inner.is_multicast and not inner.is_reserved and not inner.is_unspecified


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, however it is wrapped."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if any(address in network for network in _NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    wrapped = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if wrapped is None and int(address) >> 32 == 0 and int(address) > 1:  # "IPv4-compatible", RFC 4291, 2.5.5.1
        wrapped = ipaddress.IPv4Address(int(address))
    return wrapped or address


def resolved(where: Place) -> list[Address]:
    """Every address that the name stands for, once each.

    Raises:
        Forbidden: one of them may not be called; then none is.
        NoAnswer: the name is not known.
    """
    try:
        found = socket.getaddrinfo(where.host, where.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise NoAnswer(UNKNOWN_NAME) from error
    # A link-local IPv6 address comes with its zone behind a percent sign.
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    for address in addresses:
        if not is_allowed(address):
            raise Forbidden(PRIVATE.format(host=where.host, address=address))
    return list(dict.fromkeys(addresses))


def post(url: str, body: bytes, headers: Mapping[str, str], within_s: float = DONE_WITHIN_S) -> Answer:
    """Send it.

    Raises:
        Forbidden: nothing was sent.
        NoAnswer
    """
    where = place(url)
    addresses = resolved(where)
    connection = _Connection(where, addresses)
    try:
        with _deadline(connection, within_s):
            connection.request("POST", where.path, body, dict(headers))
            with connection.getresponse() as response:
                if connection.ran_out:  # cut off by us within its header
                    raise TimeoutError
                text = response.read(MOST_ANSWER).decode("utf-8", "replace").replace("\0", "")
                return Answer(response.status, text, _seconds(response.headers.get("Retry-After", "")))
    except (TimeoutError, ssl.SSLError, OSError, http.client.HTTPException, ValueError) as error:
        raise NoAnswer(_described(error, connection.ran_out)) from error
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    """A connection to one of the checked addresses, under the name that was asked for."""

    def __init__(self, where: Place, addresses: Sequence[Address]) -> None:
        super().__init__(where.host, where.port, timeout=CONNECT_WITHIN_S)
        self.default_port = 443 if where.scheme == "https" else 80
        self.ran_out = False
        self._where = where
        self._addresses = addresses

    def connect(self) -> None:
        """Reach one of the addresses; none of them is looked up again."""
        trouble: OSError | None = None
        for address in self._addresses[:MOST_ADDRESSES]:
            try:
                made = socket.create_connection((str(address), self._where.port), CONNECT_WITHIN_S)
                break
            except OSError as error:
                trouble = error
        else:
            raise trouble or OSError("no address")
        # From here on the deadline holds, for the greeting of TLS as well.
        made.settimeout(DONE_WITHIN_S)
        self.sock = made
        if self._where.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(made, server_hostname=self._where.host)


@contextmanager
def _deadline(connection: _Connection, within_s: float) -> Iterator[None]:
    """End it after this time: whoever sends a byte now and then would else hold us for ever."""
    began = time.monotonic()

    def end() -> None:
        connection.ran_out = True
        held = connection.sock
        if held is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                held.close()

    clock = threading.Timer(within_s, end)
    clock.daemon = True
    clock.start()
    try:
        yield
    finally:
        clock.cancel()
        if time.monotonic() - began >= within_s:
            connection.ran_out = True


def _seconds(written: str) -> int | None:
    """Retry-After as a number (RFC 9110, section 10.2.3); as a date it is left alone."""
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else None


def _described(error: BaseException, ran_out: bool) -> str:
    if ran_out or isinstance(error, TimeoutError):
        return TOO_SLOW
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{BAD_CERTIFICATE}: {error.verify_message}"
    # What the other side sent can stand in there.
    return one_line(f"{type(error).__name__}: {error}")[:200]


NOT_AN_ADDRESS = "Write an address such as https://example.org/hooks."
NO_NAMES = "An address without user, password and fragment, please: the signature proves who calls."
PRIVATE = (
    "{host} is {address}, which is not a public address. An operator opens networks of one's own with "
    "HELPSAGE_WEBHOOK_NETWORKS."
)
UNKNOWN_NAME = "nobody knows this name"
TOO_SLOW = "too slow"
BAD_CERTIFICATE = "its certificate is not good"
