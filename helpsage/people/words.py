"""What accounts say to people: reasons beside a field, and notices by mail."""

from __future__ import annotations

NO_ADDRESS = "Please give an e-mail address like name@example.org."
NO_NAME = "Please give the name that should be shown."
NAME_TOO_LONG = "A name has at most {longest} characters."
TOO_SHORT = "A password has at least {shortest} characters. A few words in a row are easy to keep in mind."
TOO_LONG = "A password has at most {longest:,} characters."
TRIED_FIRST = "This password is among the first that are tried. Please choose another."
IS_ADDRESS = "Your address or your name is no password. Please choose another."
SAME_ADDRESS = "This is your address already."

#: By kind: title and words of the mail about a change that its owner should know of.
NOTICES = {
    "password": ("Your password was changed", "The password of your account was changed."),
    "email": (
        "Your e-mail address was changed",
        "Your account now has another e-mail address. Letters no longer come to this one.",
    ),
    "email_asked": (
        "Someone wants to change your e-mail address",
        "Your account is about to move to another e-mail address. It does as soon as that address is confirmed.",
    ),
    "two_factor_on": ("One-time codes are on", "Logging in to your account now asks for a one-time code as well."),
    "two_factor_off": ("One-time codes are off", "Logging in to your account no longer asks for a one-time code."),
    "recovery_codes": (
        "New recovery codes",
        "New recovery codes were made for your account. The old ones no longer work.",
    ),
    "recovery_used": ("A recovery code was used", "Someone logged in to your account with one of its recovery codes."),
    "identity_linked": ("A new way to log in", "Your account can now be opened by signing on with {detail}."),
    "identity_removed": ("One way to log in less", "Your account can no longer be opened by signing on with {detail}."),
    "token_made": (
        "A token was made",
        "A token named “{detail}” was made for your account: with it, a program can act for you. If that was not you, "
        "revoke it on the page of your account.",
    ),
    "place_linked": (
        "A chat was connected",
        "{detail} now belongs to you: your tickets are shown there too. If that was not you, disconnect it on the page "
        "of your account.",
    ),
    "place_unlinked": (
        "A chat was disconnected",
        "{detail} no longer belongs to you: your tickets stay, unseen there.",
    ),
    "locked": (
        "Someone tries to guess your password",
        "Too many wrong passwords were given for your account. For some minutes nobody can log in to it.",
    ),
}

#: Chat applications by the channel's name.
PLACES = {"slack": "Slack", "teams": "Microsoft Teams", "telegram": "Telegram"}

# Said in a chat to whoever says who they are.
LINK_HOW = "To see all your tickets here, write “link” and your e-mail address: link name@example.org"
LINK_ASKED = "Please look into your mail: a code is on its way to that address. Type it here within {minutes} minutes."
LINKED = "Thank you. This chat now belongs to {email}: your tickets are the same here and everywhere else."
LINK_WRONG = "That is not the code. Please look once more and type it again."
LINK_ENDED = "That code has ended. Write “link” and your e-mail address, and I send a new one."
LINK_TOO_OFTEN = "That was tried too often. Please wait {minutes} minutes."
LINK_NOT_HERE = "Others can read along here. Please write that to me directly, between the two of us."
