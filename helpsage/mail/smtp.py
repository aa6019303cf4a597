"""Handing a letter to the mail server (RFC 5321)."""

from __future__ import annotations

import contextlib
import hashlib
import smtplib
import ssl
import struct
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from urllib.parse import urlsplit

from helpsage import settings
from helpsage.mail.models import Mail

#: Seconds that the server gets for each answer.
TIMEOUT_S = 20.0
IMPLICIT_TLS_PORT = 465
#: RFC 5322, section 2.1.1.
LONGEST_LINE = 998
#: Where letters show the logo (`letters/_page.html`).
LOGO_PLACE = "<!--logo-->"
LOGO_HEIGHT, LOGO_WIDEST = 36, 220


class Refused(Exception):
    """The server will never take this letter; the message is its reply code."""


class TryLater(Exception):
    """The server is away, or asks to come back; the message is its reply code or the kind of trouble."""


def is_configured() -> bool:
    """Whether there is a server to hand letters to."""
    return bool(settings.get().smtp_host)


def sender_address() -> str:
    """The installation's own address."""
    configured = settings.get()
    return configured.mail_from or f"no-reply@{urlsplit(configured.web_url).hostname or 'localhost'}"


def message(mail: Mail, sender_name: str, sender: str, logo: bytes | None = None) -> EmailMessage:
    """The letter as it travels. Its Message-ID is its own for ever, so that a second copy is known as one.

    Parameters:
        logo: a PNG that its HTML shows on top. It travels with the letter (RFC 2392): mail programs do not fetch
            pictures from elsewhere until they are allowed to, and many desks cannot be reached from outside at all.
    """
    # Message-IDs are long words: folded at 78 characters they would be encoded, and nobody would know them again.
    policy = SMTP if mail.recipient.isascii() and sender.isascii() else SMTPUTF8
    built = EmailMessage(policy=policy.clone(max_line_length=LONGEST_LINE))
    built["From"] = Address(sender_name, addr_spec=sender)
    built["To"] = mail.recipient
    built["Subject"] = mail.subject
    built["Date"] = mail.created_at
    # RFC 3834, section 5: out-of-office notes and the like must not answer.
    own = {"Message-ID": message_id(mail, sender), "Auto-Submitted": "auto-generated"}
    for name, value in {**own, **mail.headers}.items():
        if name not in built:
            built[name] = value
    built.set_content(mail.text)
    if mail.html is not None:
        _add_html(built, mail.html, logo)
    return built


def _add_html(built: EmailMessage, html: str, logo: bytes | None) -> None:
    if logo is None or LOGO_PLACE not in html:
        built.add_alternative(html.replace(LOGO_PLACE, ""), subtype="html")
        return
    name = f"logo.{hashlib.sha256(logo).hexdigest()[:16]}@help-sage"
    width, height = struct.unpack(">II", logo[16:24])
    shown = min(LOGO_HEIGHT, round(LOGO_WIDEST * height / width) or 1)
    # With both sides as attributes, too: some programs know no styles.
    picture = (
        f'<img src="cid:{name}" alt="" width="{round(width * shown / height) or 1}" height="{shown}" '
        'style="display:block;margin:0 0 12px;border:0">'
    )
    built.add_alternative(html.replace(LOGO_PLACE, picture, 1), subtype="html")
    html_part = list(built.iter_parts())[-1]
    assert isinstance(html_part, EmailMessage)
    html_part.add_related(logo, "image", "png", cid=f"<{name}>", filename="logo.png", disposition="inline")


def message_id(mail: Mail, sender: str) -> str:
    """What answers to this letter will refer to."""
    return f"<{mail.id}@{sender.rpartition('@')[2]}>"


def return_path(built: EmailMessage) -> str:
    """Where a mail server tells that a letter could not be brought (RFC 5321, 4.4).

    A letter that can be answered at the desk comes back there too: its own address may be one that takes no mail.
    """
    field = built["Reply-To"] or built["From"]
    return str(field.addresses[0].addr_spec)


def deliver(built: EmailMessage) -> None:
    """Hand a letter to the configured server.

    Raises:
        Refused: it will not be taken, ever.
        TryLater: not now.
    """
    try:
        server = _connected()
        try:
            server.send_message(built, from_addr=return_path(built))
            _leave(server)
        finally:
            server.close()
    except smtplib.SMTPRecipientsRefused as error:
        _sort(next(iter(error.recipients.values()))[0], error)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        # The letter is fine; whoever runs the desk can make it go.
        raise TryLater(type(error).__name__) from error
    except smtplib.SMTPResponseException as error:
        _sort(error.smtp_code, error)
    except (OSError, smtplib.SMTPException) as error:
        raise TryLater(type(error).__name__) from error


def _leave(server: smtplib.SMTP) -> None:
    """The letter was taken. Whatever the server says to our goodbye, sending it again would make two of it."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.quit()


def _sort(code: int, error: Exception) -> None:
    """RFC 5321, section 4.2.1: 5yz is for good, everything else is for now."""
    raise (Refused if 500 <= code <= 599 else TryLater)(str(code)) from error


def _connected() -> smtplib.SMTP:
    configured = settings.get()
    if configured.smtp_port == IMPLICIT_TLS_PORT:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            configured.smtp_host, configured.smtp_port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        )
    else:
        server = smtplib.SMTP(configured.smtp_host, configured.smtp_port, timeout=TIMEOUT_S)
    try:
        if configured.smtp_starttls and configured.smtp_port != IMPLICIT_TLS_PORT:
            server.starttls(context=ssl.create_default_context())
        if configured.smtp_user:
            server.login(configured.smtp_user, configured.smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server
