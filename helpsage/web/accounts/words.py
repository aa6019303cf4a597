"""What the account pages say from code: reasons, and what was done."""

from __future__ import annotations

WRONG_CREDENTIALS = "E-mail address and password do not belong together."
WRONG_PASSWORD = "This is not the password of this account."  # noqa: S105 words
WRONG_CHOSEN = "This is not the password that was chosen when the account was asked for."
TOO_MANY_ATTEMPTS = "Too many attempts. Please wait a few minutes and try again."
TOO_MANY_LETTERS = (
    "Enough letters went out for now. Look into your mailbox and its spam folder, or try again in an hour."
)
WRONG_CODE = "This code is not right, or was used already. Codes change every 30 seconds."
UNSOLVED = "Please answer the question above once more: this one is new."
NO_PASSWORD = "Please give your password."  # noqa: S105 words
EMAIL_TAKEN = "This address has got an account in the meantime. Log in with it."

#: After `?done=`: what has just happened, at the top of the next page.
DONE = {
    "confirmed": "Your address is confirmed and your account is made. You can log in now.",
    "reset": "Your new password is set. Log in with it.",
    "logged-out": "You are logged out.",
    "password": "Your password is changed. All other browsers were logged out.",
    "name": "Your name is changed.",
    "email": "Your account now has its new address.",
    "email-asked": "A letter is on its way to the new address. Your account moves there when you open its link.",
    "two-factor-off": "Logging in no longer asks for a code.",
    "session": "That browser is logged out.",
    "sessions": "All other browsers are logged out.",
    "linked": "From now on you can log in that way.",
    "unlinked": "That way to log in is removed.",
    "last-way": "Nothing was changed: without it you could no longer log in. Choose a password first.",
    "sent-again": "The letter is on its way once more.",
}

#: Why signing on with an identity provider did not work out.
SIGN_ON = {
    "denied": "Signing on was cancelled. You can try again, or log in another way.",
    "unavailable": "{name} does not answer at the moment. Please try again, or log in another way.",
    "failed": "Signing on with {name} did not work out. Please try again.",
    "unvouched": "{name} did not confirm your e-mail address, so we cannot tell which account is yours. "
    "Log in with your password; then you can connect {name} on the page of your account.",
    "disabled": "This account is switched off. The people who run this desk know more.",
    "taken": "That login at {name} already belongs to another account.",
    "other": "That login at {name} belongs to another account than the one that is open here.",
}

#: A link that opens nothing: title and words, by what is wrong with it.
LINKS = {
    "unknown": ("This link is not whole", "Perhaps a part was lost on the way. Copy all of it from the letter."),
    "used": ("This link was used already", "Each link works once. What it was for is done."),
    "expired": ("This link is too old", "For your safety links work for a short time only."),
}

MAIL_STATES = {
    "waiting": "On its way",
    "sent": "Sent",
    "kept": "Kept here",
    "failed": "Refused",
}
