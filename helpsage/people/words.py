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
    "locked": (
        "Someone tries to guess your password",
        "Too many wrong passwords were given for your account. For some minutes nobody can log in to it.",
    ),
}
