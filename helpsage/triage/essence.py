"""What of a long text is read: its subject, the sentence with the problem, and how it begins.

A sentence encoder reads some hundred words and makes one vector of them; greetings, thanks, disclaimers and pasted logs
would drown the one sentence that matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Characters of the whole that are looked at.
LONGEST_TEXT = 20_000
#: Sentences that are weighed.
MOST_SENTENCES = 80
LONGEST_SENTENCE = 240
#: Characters that are handed on.
LONGEST_ESSENCE = 420
#: Characters of a polite sentence that is nothing else.
LONGEST_COURTESY = 60

_SENTENCE = re.compile(r"[^.!?\n\u3002]+(?:\.(?=\w)[^.!?\n\u3002]+)*[.!?\u3002]*")
_SPACES = re.compile(r"\s+")
_REPLY_MARK = re.compile(r"^\s*(?:(?:re|aw|fw|fwd|wg|sv|vs|antw|tr|rv)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_TICKET_MARK = re.compile(r"\[[^\]]{0,40}\]|\bHS[- ]?\d+\b", re.IGNORECASE)
_GREETING = (
    r"hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|greetings|to whom it may concern|hallo"
    r"|guten (?:tag|morgen)|sehr geehrte|liebe|bonjour|hola|namaste"
)
_COURTESY = (
    r"thanks?|thank you|many thanks|thx|cheers|regards|(?:with )?(?:kind|best|warm) (?:regards|wishes)|sincerely"
    r"|yours|this (?:e-?mail|message) (?:is|and)"
    r"|hope (?:this|you|all)|i hope|sorry (?:to|for)|my name is|i am a student|i'm a student|sent from my"
    r"|please find|looking forward"
)
_POLITE = re.compile(rf"^\W*(?:(?P<greeting>{_GREETING})|{_COURTESY})\b", re.IGNORECASE)
#: Where a greeting ends and what follows it in the same sentence begins.
_PAUSE = re.compile(r"[,;:!\u2013\u2014]\s*|\s-+\s")
#: Words from which on what follows a greeting is more than a name.
_SAYS_SOMETHING = 4
_CLOSING = (
    r"(?:(?:with\s+)?(?:kind|best|warm|many)?\s*(?:regards|wishes|greetings)|regards|yours(?:\s+(?:sincerely|faithfully"
    r"|truly))?|sincerely|cheers|best|thanks(?:\s+(?:a lot|in advance|again))?|many thanks|thank you(?:\s+very much)?"
    r"|mit freundlichen gr(?:ü|ue)(?:ß|ss)en|(?:viele|liebe|beste) gr(?:ü|ue)(?:ß|ss)e|cordialement|saludos)"
)
#: A line that ends a letter, with what follows it: names, posts, addresses.
_SIGNED = re.compile(rf"^[ \t]*{_CLOSING}\s*[,.!]?[ \t]*$[\s\S]*\Z|^--[ \t]*$[\s\S]*\Z", re.IGNORECASE | re.MULTILINE)
#: The same within the last line: "... before Friday. Best, Inês".
_SIGNED_INLINE = re.compile(rf"(?<=[.!?\n])\s*(?i:{_CLOSING})\s*,\s*[A-Z][\w.'’ ,-]{{1,60}}\Z")
LONGEST_SIGNATURE = 500
_PROBLEM = re.compile(
    r"\b(?:not|no|never|n[o']t|can'?t|cannot|won'?t|doesn'?t|didn'?t|isn'?t|unable|fail\w*|error\w*|broken|wrong|missing"
    r"|problem\w*|issue\w*|stuck|crash\w*|freez\w*|frozen|lost|locked|denied|refus\w*|reject\w*|declin\w*|stopp\w*|down"
    r"|slow|twice|double|stolen|leak\w*|expired|invalid|blank|empty|need|want|would like|request\w*|please (?:give|send"
    r"|reset|unlock|install|change|cancel|refund|fix|check|help)|how (?:do|can|to)|where (?:do|can|is)|when (?:will|is)"
    r"|nicht|kein\w*|fehler|kaputt|geht nicht|impossible|erreur|probl[eè]me|ne \w+ pas)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Essence:
    """What of a ticket is read.

    Attributes:
        text: everything below as one text, for the encoder.
        problem: the sentence that says what is wrong.
    """

    text: str
    problem: str


def of(subject: str, text: str) -> Essence:
    """Find what matters in a ticket."""
    subject = _subject(subject)
    sentences = _sentences(unsigned(text))
    told = [said for each in sentences if (said := _plainly(each))] or sentences
    problem = max(told, key=lambda each: _weight(each, told.index(each)), default=subject)
    parts = [subject, problem] if not _within(subject, problem) else [problem]
    length = sum(map(len, parts))
    for sentence in told:
        if length + len(sentence) > LONGEST_ESSENCE:
            break
        if sentence is not problem and not _within(sentence, subject):
            parts.append(sentence)
            length += len(sentence)
    return Essence(" ".join(_ended(part) for part in parts if part), problem)


def unsigned(text: str) -> str:
    """The text without its signature, which is the same below every mail of one person, or of one office."""
    text = text.rstrip()
    for pattern in (_SIGNED, _SIGNED_INLINE):
        found = pattern.search(text, max(0, len(text) - LONGEST_SIGNATURE))
        if found is not None and text[: found.start()].strip():
            return text[: found.start()].rstrip()
    return text


def _subject(subject: str) -> str:
    plain = _TICKET_MARK.sub(" ", _REPLY_MARK.sub("", subject[:400]))
    return _SPACES.sub(" ", plain).strip(" -:…")


def _sentences(text: str) -> list[str]:
    found = []
    for match in _SENTENCE.finditer(text[:LONGEST_TEXT]):
        sentence = _SPACES.sub(" ", match[0]).strip(" -*>|\t")
        if any(map(str.isalpha, sentence)):
            found.append(sentence[:LONGEST_SENTENCE])
        if len(found) == MOST_SENTENCES:
            break
    return found


def _plainly(sentence: str) -> str:
    """What a sentence says besides being polite: of "Hi, my printer is broken" the printer. Empty for nothing."""
    rest = sentence
    while (polite := _POLITE.match(rest)) is not None:
        behind = rest[polite.end() :]
        pause = _PAUSE.search(behind)
        greets = polite["greeting"] is not None
        if pause is None:
            # "Hi my printer is broken"; of "sorry to hear that my printer is broken" the whole.
            rest, troubled = (behind.strip() if greets else rest), _PROBLEM.search(behind)
            return rest if troubled and (greets or len(rest) >= LONGEST_COURTESY) else ""
        rest = behind[pause.end() :]
        if not (_PROBLEM.search(rest) or (greets and len(rest.split()) >= _SAYS_SOMETHING)):
            return ""
    return rest


def _weight(sentence: str, place: int) -> float:
    """Words of trouble count; a very short or very long sentence says less, a late one too."""
    words = len(sentence.split())
    trouble = min(len(_PROBLEM.findall(sentence)), 3)
    fitting = 1.0 if 4 <= words <= 40 else 0.4
    return fitting * (1.0 + trouble) - 0.12 * min(place, 12)


def _within(short: str, long: str) -> bool:
    """Whether one says nothing that the other does not; subjects are often cut from the text."""
    return short.rstrip("…. ").casefold() in long.casefold()


def _ended(part: str) -> str:
    return part if part[-1:] in ".!?\u3002" else f"{part}."
