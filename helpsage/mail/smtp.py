"""Handing a letter to the mail server (RFC 5321)."""

from __future__ import annotations

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from urllib.parse import urlsplit

from helpsage import settings
from helpsage.mail.models import Mail

#: Seconds that the server gets for each answer.
TIMEOUT_S = 20.0
IMPLICIT_TLS_PORT = 465


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


def message(mail: Mail, sender_name: str, sender: str) -> EmailMessage:
    """The letter as it travels. Its Message-ID is its own for ever, so that a second copy is known as one."""
    built = EmailMessage(policy=SMTP if mail.recipient.isascii() and sender.isascii() else SMTPUTF8)
    built["From"] = Address(sender_name, addr_spec=sender)
    built["To"] = mail.recipient
    built["Subject"] = mail.subject
    built["Date"] = mail.created_at
    built["Message-ID"] = message_id(mail, sender)
    # RFC 3834, section 5: out-of-office notes and the like must not answer.
    built["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        if name not in built:
            built[name] = value
    built.set_content(mail.text)
    if mail.html is not None:
        built.add_alternative(mail.html, subtype="html")
    return built


def message_id(mail: Mail, sender: str) -> str:
    """What answers to this letter will refer to."""
    return f"<{mail.id}@{sender.rpartition('@')[2]}>"


def deliver(built: EmailMessage) -> None:
    """Hand a letter to the configured server.

    Raises:
        Refused: it will not be taken, ever.
        TryLater: not now.
    """
    try:
        with _connected() as server:
            server.send_message(built)
    except smtplib.SMTPRecipientsRefused as error:
        _sort(next(iter(error.recipients.values()))[0], error)
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        # The letter is fine; whoever runs the desk can make it go.
        raise TryLater(type(error).__name__) from error
    except smtplib.SMTPResponseException as error:
        _sort(error.smtp_code, error)
    except (OSError, smtplib.SMTPException) as error:
        raise TryLater(type(error).__name__) from error


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
