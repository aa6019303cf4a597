"""What the account pages say from code: reasons, and what was done."""

from __future__ import annotations

WRONG_CREDENTIALS = "This e-mail address and password do not match."
WRONG_PASSWORD = "That is not the password of this account."  # noqa: S105 words
WRONG_CHOSEN = "That is not the password you chose when you made the account."
TOO_MANY_ATTEMPTS = "Too many attempts. Please wait a few minutes and try again."
TOO_MANY_LETTERS = (
    "We have sent you several e-mails already. Look into your mailbox and its spam folder, or try again in an hour."
)
WRONG_CODE = "This code is not right, or was used already. Codes change every 30 seconds."
UNSOLVED = "Please answer the question above once more: this one is new."
NO_PASSWORD = "Please give your password."  # noqa: S105 words
EMAIL_TAKEN = "This address has an account by now. Log in with it."

#: After `?done=`: what has just happened, at the top of the next page.
DONE = {
    "confirmed": "Your address is confirmed and your account is made. You can log in now.",
    "reset": "Your new password is set. Log in with it.",
    "logged-out": "You are logged out.",
    "password": "Your password is changed. All other browsers were logged out.",
    "name": "Your name is changed.",
    "email": "Your account now has its new address.",
    "email-asked": "An e-mail is on its way to the new address. Your account moves there when you open its link.",
    "two-factor-off": "Logging in no longer asks for a code.",
    "session": "That browser is logged out.",
    "sessions": "All other browsers are logged out.",
    "linked": "From now on you can log in that way.",
    "unlinked": "That way to log in is removed.",
    "last-way": "Nothing was changed: without it you could no longer log in. Choose a password first.",
    "token": "That token is revoked.",
    "chat-disconnected": "That chat no longer belongs to you. Your tickets stay here.",
    "chat-moving": "A code is on its way to that address. Typed into that chat, it moves the chat there.",
    "sent-again": "The letter is on its way once more.",
}

#: Why signing on with an identity provider did not work out.
SIGN_ON = {
    "denied": "Signing on was cancelled. You can try again, or log in another way.",
    "unavailable": "{name} does not answer at the moment. Please try again, or log in another way.",
    "failed": "Signing on with {name} did not work. Please try again.",
    "unvouched": "{name} did not confirm your e-mail address, so we cannot tell which account is yours. "
    "Log in with your password; then you can connect {name} on the page of your account.",
    "disabled": "This account is switched off. The people who run this desk know more.",
    "taken": "That login at {name} already belongs to another account.",
    "other": "That login at {name} belongs to another account than the one that is open here.",
}

#: On the button below a link that opens nothing.
ASK_AGAIN = "Ask for a new one"
LOG_IN = "Log in"
#: A link that opens nothing: title and words, by what is wrong with it.
LINKS = {
    "unknown": ("This link is incomplete", "Perhaps a part of it was lost on the way. Copy all of it from the e-mail."),
    "used": ("This link has been used", "Each link works once, and this one has done what it was for."),
    "expired": ("This link is too old", "To keep you safe, links work for a short time only."),
}

MAIL_STATES = {
    "waiting": "On its way",
    "sent": "Sent",
    "kept": "Kept here",
    "failed": "Refused",
}

#: Days for which a token can be good; empty: without an end.
LIFETIMES = {"7": "A week", "30": "30 days", "90": "90 days", "365": "A year", "": "Until it is revoked"}

#: How it was shown whose a chat is.
PROVEN_BY = {
    "code": "by a code that was mailed to you",
    "profile": "by your profile there",
    "sign_on": "by logging in",
    "staff": "by an administrator",
}
