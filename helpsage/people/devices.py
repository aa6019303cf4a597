"""What a browser calls itself, in a few words a person recognises."""

from __future__ import annotations

from languages import SOURCE, catalogues

UNKNOWN = "An unknown browser"
BOTH = "%(browser)s on %(system)s"

#: The first that is found counts: several name the others as well.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
    ("curl", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def described(user_agent: str, language: str = SOURCE) -> str:
    """`Firefox on Linux`, in a language."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return catalogues.shown(BOTH, language) % {"browser": browser, "system": system}
    return browser or system or catalogues.shown(UNKNOWN, language)
