"""What people wrote, without what tells who they are: done before anybody sees it as an example.

What stands in an example's place is no placeholder but something of the same kind that belongs to nobody, so that the
assistant still learns how such a sentence looks: `name@example.org` (RFC 2606), `192.0.2.1` (RFC 5737), `HS-1042`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from helpsage.triage import essence
from helpsage.triage.masking import SHORTEST_PART, masked

#: Characters of an example; of what is longer the sentence with the problem is taken.
LONGEST = 240
#: Letters and digits of one; fewer teach nothing.
SHORTEST = 2
#: What stood beside something that was taken out may only then look like something personal.
MOST_ROUNDS = 4

#: By the kinds of `triage.masking`.
STAND_INS = {
    "ADDRESS": "name@example.org",
    "LINK": "https://example.org/page",
    "IBAN": "IBAN",
    "IP": "192.0.2.1",
    "SECRET": "password",
    "NUMBER": "TXN00000000",
    "NAME": "Alex",
}
REFERENCE = "HS-1042"

_PLACEHOLDER = re.compile(rf"\[({'|'.join(STAND_INS)})\]")
#: Ways to write a ticket's reference; its digits are hidden from the patterns for numbers.
_REFERENCE = re.compile(r"(?<![\w.-])#?hs(?:\s?[-–—_#]\s?\d{1,9}|\s?\d{3,9})(?!\w)", re.IGNORECASE)
_KEPT_REFERENCE = "\ue000"
#: Digits that stand alone: five in a row are somebody's, whatever they are.
_DIGITS = re.compile(r"\d[\d\s./-]{3,}\d")
_NAMED = re.compile(
    r"(?P<before>\b(?:my (?:full |last |first )?name(?: is|'s|:)|i am called|mein name ist|je m'appelle)\s+)"
    r"(?P<name>[^\W\d_][\w'’.-]+)(?P<second>\s+[^\W\d_][\w'’.-]+)?",
    re.IGNORECASE,
)
#: What follows "my name is" when it is no name, and what follows a name when it is no second one.
_NO_NAME_WORDS = """
    not wrong missing misspelled misspelt spelled spelt still on in the a an listed written shown there incorrect gone
    unknown different now also never under and from but with i my here we you please can could this that it is am since
    at for to of or so who und
"""
_NO_NAME = frozenset(_NO_NAME_WORDS.split())
_TITLED = re.compile(
    r"(?P<title>\b(?:mr|mrs|ms|dr|prof|professor|miss|sir|madam|herr|frau)\b\.?)\s+(?P<name>[A-Z][\w'’-]+)",
    re.IGNORECASE,
)


def scrubbed(text: str, names: Iterable[str] = (), colleagues: Iterable[str] = ()) -> str:
    """The text on one line as an example: empty when nothing is left that would teach anything.

    Parameters:
        names: of the person, whole; found however they are written.
        colleagues: names of people who work here; their parts are found where they are written like names.
    """
    said, people = _short(text), list(colleagues)
    mine = list(names)
    for _ in range(MOST_ROUNDS):
        told = _scrubbed(said, mine, people)
        if told == said:
            break
        said = told
    return said if sum(map(str.isalnum, said)) >= SHORTEST else ""


def _scrubbed(short: str, names: list[str], colleagues: list[str]) -> str:
    hidden = _REFERENCE.sub(_KEPT_REFERENCE, short.replace(_KEPT_REFERENCE, ""))
    hidden = _without_colleagues(hidden, colleagues)
    hidden = _NAMED.sub(_named, hidden)
    hidden = _TITLED.sub(lambda found: f"{found['title']} [NAME]", hidden)
    hidden = _DIGITS.sub("[NUMBER]", masked(hidden, names))
    shown = _PLACEHOLDER.sub(lambda found: STAND_INS[found[1]], hidden).replace(_KEPT_REFERENCE, REFERENCE)
    return one_line(shown)


def one_line(text: str) -> str:
    """What may stand as an example in a YAML block.

    No line breaks or control characters, and nothing that Rasa's reader would take for an entity (square brackets) or
    a command (a slash in front).
    """
    kept = "".join(each for each in " ".join(text.split()) if _is_printable(each))
    plain = kept.replace("[", "(").replace("]", ")")
    return " ".join(plain.split()).lstrip("/ ")


def _is_printable(character: str) -> bool:
    """What YAML 1.2 calls printable (section 5.1), without the byte order mark."""
    if character == "\ufeff" or unicodedata.category(character) in ("Cc", "Cs"):
        return False
    return ord(character) & 0xFFFE != 0xFFFE


def _short(text: str) -> str:
    plain = text.strip()
    return plain if len(plain) <= LONGEST else (essence.of("", plain).problem or plain)[:LONGEST]


def _named(found: re.Match[str]) -> str:
    if _is_no_name(found["name"]):
        return found[0]
    second = found["second"] or ""
    return f"{found['before']}[NAME]{second if _is_no_name(second) else ''}"


def _is_no_name(word: str) -> bool:
    return word.lower().strip(" .'’-") in _NO_NAME


def _without_colleagues(text: str, colleagues: list[str]) -> str:
    whole = [name.strip() for name in colleagues if len(name.strip()) >= SHORTEST_PART]
    if not whole:
        return text
    text = re.sub(rf"(?<!\w)(?:{_any(whole)})(?!\w)", "[NAME]", text, flags=re.IGNORECASE)
    parts = {part for name in whole for part in name.split() if len(part) >= SHORTEST_PART}
    # "will" and "mark" are words as well.
    return re.sub(rf"(?<!\w)(?:{_any(parts)})(?!\w)", "[NAME]", text)


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word)))
