"""A letter that somebody passes on: who wrote it, what it said, and what was said about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from helpsage.mail import parsed
from helpsage.mail.address import InvalidAddress, one_line, parse
from helpsage.mail.parsed import Letter, Part

_SUBJECT = re.compile(r"^\s*(?:(?:re|aw|fwd?|wg|tr|rv|i|enc|doorst)\s*:\s*)+", re.IGNORECASE)
_PASSED_ON = re.compile(r"^\s*(?:(?:re|aw)\s*:\s*)*(?:fwd?|wg|tr|rv|enc|doorst|i)\s*:", re.IGNORECASE)
#: How mail programs begin a letter that is passed on.
_MARK = re.compile(
    r"^(?:-{2,}\s*(?:forwarded message|original message|weitergeleitete nachricht|ursprüngliche nachricht|"
    r"message transféré|message d.origine|mensaje reenviado|mensaje original|messaggio inoltrato)[^\n]{0,200}"
    r"|(?:begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié)\s*:?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_FIELD = re.compile(
    r"^[*> ]{0,10}(from|von|de|da|sent|gesendet|date|datum|to|an|à|cc|subject|betreff|objet)\b\*?\s*:\*?\s*(.*)$", re.I
)
_FROM = frozenset({"from", "von", "de", "da"})
_ADDRESS = re.compile(r"[^\s<>\[\]()\"';,:]{1,64}@[A-Za-z0-9.-]{1,190}")
#: Lines of a header within the words.
_MOST_FIELDS = 12


@dataclass(frozen=True)
class Forwarded:
    """The letter within."""

    address: str
    name: str
    subject: str
    text: str
    #: What was written above it.
    remark: str = ""
    parts: list[Part] = field(default_factory=list)


def is_passed_on(letter: Letter) -> bool:
    """Whether it says that it is somebody else's letter."""
    return bool(_PASSED_ON.match(letter.subject)) and (bool(letter.letters) or _MARK.search(letter.text) is not None)


def looks_passed_on(letter: Letter) -> bool:
    """Whether it may be somebody else's letter: `inside` finds none when this is false."""
    return bool(letter.letters) or _PASSED_ON.match(letter.subject) is not None


def inside(letter: Letter) -> Forwarded | None:
    """The letter that this one passes on, when it can be told who wrote it."""
    if letter.letters and (not letter.text.strip() or _PASSED_ON.match(letter.subject)):
        inner = parsed.read(letter.letters[0])
        if inner.sender.address:
            subject = inner.subject or plain_subject(letter.subject)
            return Forwarded(
                inner.sender.address, inner.sender.name, subject, inner.text, letter.text.strip(), inner.parts
            )
    mark = _MARK.search(letter.text)
    if mark is None or not _PASSED_ON.match(letter.subject):
        return None
    return _within(letter, letter.text[: mark.start()], letter.text[mark.end() :])


def plain_subject(subject: str) -> str:
    """Without "Re:", "Fwd:" and their like."""
    return _SUBJECT.sub("", subject).strip()


def _within(letter: Letter, above: str, below: str) -> Forwarded | None:
    lines = below.lstrip("\n").split("\n")
    said, count = "", 0
    for line in lines[:_MOST_FIELDS]:
        found = _FIELD.match(line)
        if not line.strip() and count:
            break
        if found is not None and found[1].lower() in _FROM and not said:
            said = found[2]
        count += 1
    address = _ADDRESS.search(said)
    if address is None:
        return None
    try:
        parsed_address = parse(address[0]).lower()
    except InvalidAddress:
        return None
    name = one_line(said[: address.start()].strip(" \"'<([*:"))[:200]
    return Forwarded(
        parsed_address,
        name,
        plain_subject(letter.subject),
        "\n".join(lines[count:]).strip(),
        above.strip(),
        letter.parts,
    )
