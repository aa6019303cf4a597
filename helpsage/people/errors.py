"""What can go wrong with an account, one type for each thing a caller can act on."""

from __future__ import annotations


class AccountError(Exception):
    """Anything the accounts refuse."""


class AccountExists(AccountError):
    """The address has an account."""


class InvalidAccount(AccountError):
    """An address or a password that cannot be used; the message says why, for whoever chose it."""


class WrongCredentials(AccountError):
    """No active account has this address and this password. Which of the two was wrong is not told."""


class TooManyAttempts(AccountError):
    """Too many wrong passwords lately.

    Attributes:
        retry_after_s: seconds until another try is looked at.
    """

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"too many attempts; try again in {retry_after_s} seconds")
