"""What can go wrong with an account, one type for each thing a caller can act on."""

from __future__ import annotations


class AccountError(Exception):
    """Anything the accounts refuse."""


class AccountExists(AccountError):
    """The address has an account."""


class AccountNotFound(AccountError):
    """There is no such account."""


class InvalidAccount(AccountError):
    """An address, a name or a password that cannot be used; the message says why, for whoever chose it."""


class InvalidEmail(InvalidAccount):
    """Not an address that a letter can be sent to."""


class InvalidName(InvalidAccount):
    """No name, or one that is too long."""


class InvalidPassword(InvalidAccount):
    """A password that is too short, too long or known to everyone."""


class WrongCredentials(AccountError):
    """No active account has this address and this password. Which of the two was wrong is not told."""


class WrongCode(AccountError):
    """Not the one-time or recovery code that is right now, or one that was used."""


class TooManyAttempts(AccountError):
    """Too many tries lately.

    Attributes:
        retry_after_s: seconds until another try is looked at.
    """

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many attempts; try again in {retry_after_s} seconds")


class LinkError(AccountError):
    """A link that opens nothing."""


class LinkUnknown(LinkError):
    """It was never ours, or was removed long ago."""


class LinkUsed(LinkError):
    """It has done its work already."""


class LinkExpired(LinkError):
    """It is too old."""


class ConversationTaken(AccountError):
    """The conversation belongs to somebody else."""


class NoCode(AccountError):
    """No code waits to be typed in: none was asked for, it was used, is too old, or was tried too often."""
