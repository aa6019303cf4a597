"""How likely it is that two texts tell of the same thing, from meaning, words, numbers and time. Knows no database.

Two small logistic formulas, one for two tickets of one person and one for those of different people, fitted on the
development pairs in `bench/intake/labelled` (`python -m bench.intake.reading --fit`); docs/triage.md has the figures.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from helpsage.tickets.search import typos
from helpsage.tickets.search.words import fold
from helpsage.triage import essence

VERSION = "twins-3"
#: Offered to staff from the first, asked in the chat from the second (it interrupts someone), linked from the third.
OFFERED, ASKED, CERTAIN = 0.5, 0.75, 0.9
#: Certain ones are at least so alike in meaning, and so much more when they were put into different categories.
CERTAIN_MEANING, CERTAIN_ACROSS = 0.65, 0.75
#: And of different people's, hardly about anything of one's own.
CERTAIN_PERSONAL = 0.2
LONGEST_TEXT = 1_500
MOST_WORDS = 80
#: What a word is worth that no ticket is known to have.
UNKNOWN_RARITY = 6.0
#: Words that speak of nothing in particular.
_COMMON = """
    a about after again all also am an and any are as at be because been but by can cannot cant could did do does
    dont every for from get got had has have hello help hi how i if in into is it its just kind know like me my
    need no not now of ok on one only or our out please problem regards since so some sorry still team than thank
    thanks that the their them then there they this to today too try trying up us use very was we were what when
    where which who why will with would yes yesterday you your
"""
COMMON = frozenset(_COMMON.split())
#: Letters and digits in one word, or a long number: transactions, orders, devices, course codes.
_ID = re.compile(r"(?<![\w.,])(?=[\w/-]*\d{3})(?:[A-Za-z]+[-/]?\d[\w/-]*|\d{5,})(?!\w|,\d|[.]\d)")
_ERROR = re.compile(
    r"(?i)\b(?:error|code|fehler|erreur)s?\s*(?:code|no\.?|number)?\W{0,2}(0x[0-9a-f]{4,}|\d{3,6})\b|\b([45]0\d)\b"
)
#: Written "k.mensah", or behind the word: "user asmith3".
_USER = re.compile(r"\b([a-z]\.[a-z]{3,})\b(?!@)|\b(?i:user(?:\s?name)?|account|konto)\s+([a-z]+[._]?[a-z]*\d+)\b")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(rf"\b(\d{{1,2}})\.?\s+({_MONTHS})[a-z]*\b", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?<![\w.-])(\d{1,3}(?:,\d{3})+(?:\.\d\d)?|\d{1,5}\.\d\d|\d{3,5})(?=\s*(?:rupees|euros?|dollars|eur|usd|inr|rs)\b|[^\w.-]|$)"
)
_KINDS = (
    "hall|block|room|building|floor|lab|till|gate|house|haus|hostel|machine|drive|laufwerk|wing|tower|line|platform"
    "|step|assignment|group|pc|elevator|lift|ward|counter|pool|locker|seminar room|cash desk|raum|gebäude|semester|sem"
)
#: Kinds that are one: "lift B" is "elevator B".
_SAME_KIND = {
    "lift": "elevator", "cash desk": "till", "haus": "building", "house": "building", "gebäude": "building",
    "block": "building", "laufwerk": "drive", "raum": "room", "seminar room": "room", "sem": "semester",
}  # fmt: skip
# Not a small "a" or "i": "they block a page" names no block.
_PLACE = re.compile(
    rf"\b((?i:{_KINDS}))\s+(?:(?i:no\.?|number)\s*)?"
    r"([A-Z][- ]?\d{1,4}|[A-Zb-hj-z](?![\w-])|\d{1,4}[A-Za-z]?(?!\w|[.]\d)|\d{1,2}\.\d{2})"
)
_DRIVE = re.compile(r"\b([A-Z]):|\b([A-Z])\s+drive\b")
#: Of a storey and a number in it: "2.04", "C-214".
_ROOM = re.compile(
    r"(?<![\w.,-])(?:([A-Z])-?(\d{2,3})|(\d{1,2}\.\d{2}))(?![\w,-]|\.\d)(?!\s*(?i:euros?|rupees|eur|usd|am|pm)\b)"
)
_STOREY = re.compile(r"\b(first|second|third|fourth|fifth|\d{1,2}(?:st|nd|rd|th))\s+(floor)\b", re.IGNORECASE)
_ORDINALS = {"first": "1", "second": "2", "third": "3", "fourth": "4", "fifth": "5"}
#: Kinds of `named` by which one and the same thing is known, and those that only tell two things apart.
_THINGS, _MARKS = frozenset({"id", "user"}), frozenset({"amount", "date"})
#: Kinds of which each is somebody's.
_SOMEONES = frozenset({"room", "pc", "locker", "user"})
#: A name within a sentence.
_NAME = re.compile(r"(?<=[a-z,:'’\"(] )['\"“‘(]?([A-Z][\w.+-]*\w)")
_ACRONYM = re.compile(r"\b[A-Z][A-Z0-9]{1,7}\b|\b[A-Z][a-z]+[A-Z]\w*\b|\b[\w-]+\.(?:docx?|xlsx?|pdf|pptx?|csv)\b")
_CAPITAL = re.compile(r"(?<=\w )[A-Z]\w+")
#: German writes all nouns with capitals: no names then.
MOST_CAPITALS = 0.3
#: One's own affair, which nobody else's ticket is about: my password, my refund, please install ...
_PERSONAL = re.compile(
    r"\b(?:my|mine|mera|mere|meri|mein\w*|i (?:forgot|was|need|want|would like|got|lost|am|deleted|clicked|paid"
    r"|withdrew|have|had|don'?t know|can'?t|cannot)|for me|refund|please (?:install|reset|revalue|give|unlock|book|send"
    r"|set up|add|restore|enrol|create|change|remove|help)|needed on|need \w+ (?:access|for)|how (?:do|can) i"
    r"|can i|could you|what is the|user|account locked|forgot|forgotten|laptop|notebook|mouse|keyboard|headset|monitor"
    r"|battery|mobile)\b",
    re.IGNORECASE,
)
#: Everybody's affair.
_SHARED = re.compile(
    r"\b(?:everyone|everybody|nobody|none of us|no one|anyone|sabko|all (?:of us|our|students|users|the"
    r" (?!time|best|way|day)|rooms|cards|machines|wings|tills|counters|employees|meetings)|whole|entire|ganzen|we|us"
    r"|our|others|other teams|colleagues?|classmates|friends|same for|students are|customers|queue|line of|long line"
    r"|several people)\b",
    re.IGNORECASE,
)
_WISH = re.compile(
    r"\b(?:please (?:install|give|add|book|send|set up|create|order|enrol|restore|delete|remove|extend|put|tell|change"
    r"|unsubscribe|connect)|(?:i|we) (?:need|want|would like|'d like|wish|want to)|can i (?:have|get|use|install"
    r"|change)|could you (?:install|send|set)|needed|is needed|may i|chahiye|brauche|would like|request)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"(?:^|[.!?:,\n]\s*)(?:how|where|what|when|which|who|is (?:it|there)|do (?:i|you|we)|can (?:i|we|one)|may i"
    r"|are there|wie|wo|wann)\b[^.!?]*\?",
    re.IGNORECASE,
)
#: At least three words, up to the next stop.
_CLAUSE = re.compile(r"\W*(?:\S+\s+){2,}?\S*?[,.!?:;\n]")
#: Of someone who wrote before.
_AGAIN = re.compile(
    r"\b(?:still|again|any (?:update|news)|not yet|no (?:answer|reply|response)|as i (?:wrote|said|told)|forgot to say"
    r"|i (?:wrote|asked|told you|reported|requested)|asked (?:last|for|you|in)|reminder|waiting|abhi tak|immer noch"
    r"|toujours|what about|follow(?:ing)? up|last (?:mail|message|ticket)|in addition|one more thing|where is"
    r"|when do i)\b",
    re.IGNORECASE,
)
#: Endings that a word may have or not, the longest first.
_ENDINGS = ("ations", "ation", "ings", "ions", "ing", "ion", "ied", "ies", "ers", "ed", "es", "er", "ly", "s", "e", "y")


@dataclass(frozen=True)
class Told:
    """A text as it is compared, without its signature.

    Attributes:
        words: folded, without common ones, each once.
        named: what is named, by kind: `{"id": {"txn123"}, "room": {"214"}, "date": {"4 nov"}}`.
        names: of systems, people, subjects, houses: folded.
        everything: all words, folded, also common and short ones, in which the other's names are looked for.
        personal: whether it is about something that only concerns whoever wrote it, 0 to 1.
        shared: whether it says that many have it.
        asks: what it wants: `wish`, `question`, or `` (something is wrong).
    """

    words: frozenset[str]
    named: Mapping[str, frozenset[str]]
    names: frozenset[str]
    everything: frozenset[str]
    personal: float
    shared: bool
    asks: str
    #: Whether it sounds like somebody who wrote before.
    again: bool

    @classmethod
    @lru_cache(maxsize=2_000)
    def of(cls, subject: str, text: str) -> Told:
        """Take a ticket apart. Those of the last days are compared again and again, and taken apart once."""
        whole = essence.unsigned(f"{subject}\n{text}"[:LONGEST_TEXT]).strip()
        folded = fold(whole).split()
        words = [word for word in folded if len(word) > 2 and word not in COMMON and not word.isdigit()]
        named, shared = _named(whole), bool(_SHARED.search(whole))
        own = 1.0 if _PERSONAL.search(whole) else 0.5 if named.keys() & _SOMEONES else 0.0
        return cls(
            words=frozenset(list(dict.fromkeys(words))[:MOST_WORDS]),
            named=named,
            names=_names(whole),
            everything=frozenset(folded),
            personal=own * (0.4 if shared else 1.0),
            shared=shared,
            asks=_asks(whole),
            again=bool(_AGAIN.search(whole)),
        )

    def shared_names(self, other: Told) -> list[str]:
        """Ids and places that both name."""
        return sorted(
            each if kind in _THINGS else f"{kind} {each}"
            for kind, mine in self.named.items()
            if kind not in _MARKS
            for each in mine & other.named.get(kind, frozenset())
        )

    def same_id(self, other: Told) -> bool:
        """Whether both name the same transaction, order, device, course or error."""
        kinds = ("id", "error")
        return any(self.named.get(kind, frozenset()) & other.named.get(kind, frozenset()) for kind in kinds)

    def contradicts(self, other: Told) -> bool:
        """Whether both name an id, or a place of one kind, and not the same one."""
        kinds = self.named.keys() & other.named.keys()
        return any(not self.named[kind] & other.named[kind] for kind in kinds)

    def swaps_names(self, other: Told) -> bool:
        """Whether each names something that the other does not: "... for MATLAB", "... for AutoCAD"."""
        return bool(self.names - other.everything) and bool(other.names - self.everything)


def _named(whole: str) -> dict[str, frozenset[str]]:
    """What is named, by kind."""
    found: dict[str, set[str]] = {}

    def add(kind: str, name: str) -> None:
        found.setdefault(_SAME_KIND.get(kind.lower(), kind.lower()), set()).add(
            name.lower().replace("-", "").replace(" ", "")
        )

    for kind, name in _PLACE.findall(whole):
        inside = re.fullmatch(r"([A-Z])[- ]?(\d{2,4})", name)
        if inside is not None and kind.lower() in ("room", "raum"):
            add("building", inside[1])
            add("room", inside[2])
        else:
            add(kind, name)
    for match in _STOREY.finditer(whole):
        add("floor", _ORDINALS.get(match[1].lower(), match[1].lower()[:-2]))
    for one, other in _DRIVE.findall(whole):
        add("drive", one or other)
    for building, number, dotted in _ROOM.findall(whole):
        if building:
            add("building", building)
        add("room", number or dotted)
    for one, other in _ERROR.findall(whole):
        add("error", one or other)
    for one, other in _USER.findall(whole):
        add("user", one or other)
    for day, month in _DATE.findall(whole):
        add("date", f"{day} {month}")
    rooms = {name for kind in ("room", "building") for name in found.get(kind, ())}
    ids = {each.lower().replace("-", "") for each in _ID.findall(whole)}
    taken = found.get("error", set()) | {f"{one}{other}" for one in rooms for other in rooms}
    for each in ids - taken - rooms:
        add("id", each)
    for amount in _AMOUNT.findall(whole):
        plain = amount.replace(",", "").removesuffix(".00")
        if plain not in rooms | taken | ids and not re.fullmatch(r"(?:19|20)\d\d", plain):
            add("amount", plain)
    return {kind: frozenset(names) for kind, names in found.items()}


def _asks(whole: str) -> str:
    """By how it begins: "Portal gives 503, I need to submit my form" is no wish."""
    clause = _CLAUSE.match(whole)
    beginning = clause[0] if clause is not None else whole
    if _QUESTION.search(beginning):
        return "question"
    return "wish" if _WISH.search(beginning) else ""


def _names(whole: str) -> frozenset[str]:
    if len(_CAPITAL.findall(whole)) > MOST_CAPITALS * max(6, len(whole.split())):
        found = _ACRONYM.findall(whole)
    else:
        found = _NAME.findall(whole) + _ACRONYM.findall(whole)
    return frozenset(word for each in found for word in fold(each).split() if len(word) > 1 and word not in COMMON)


@dataclass(frozen=True)
class Signs:
    """What is compared, each 0 to 1."""

    #: Cosine of the vectors, 0 below a cosine of 0.
    meaning: float
    #: Share of the rarer words that both have.
    words: float
    #: Both name the same transaction, order, device or error.
    same_id: float
    #: Both name the same place, or user.
    same_place: float
    #: Both name ids, or places of one kind, and not the same; the more, the more alike the rest is.
    other_name: float
    #: Each names something that the other does not, the more alike the rest is.
    swapped: float
    category: float
    #: 1 now, 1/2 after a day (different people) or a week (one person).
    near: float
    #: How much each is about something of one's own.
    personal: float
    #: How much each says that many have it.
    shared: float
    #: One wants something or asks something, and the other does not, or something else.
    other_wish: float
    #: One of them sounds like somebody who wrote before.
    again: float

    def values(self) -> tuple[float, ...]:
        """In the order of the weights."""
        return (
            self.meaning,
            self.words,
            self.same_id,
            self.same_place,
            self.other_name,
            self.swapped,
            self.category,
            self.near,
            self.personal,
            self.shared,
            self.other_wish,
            self.again,
        )


#: Weights of `Signs.values()`, and the constant, for one person and for different people.
OWN = ((10.4, 0.0, 4.0, 0.3, -9.2, -4.6, 0.3, 3.8, 0.0, 0.0, -2.7, 2.8), -9.1)
OTHERS = ((10.2, 0.1, 3.0, 0.9, -9.2, -4.0, 0.1, 3.2, -6.6, 1.5, -3.9, 0.0), -7.6)


def compared(
    one: Told,
    other: Told,
    cosine: float,
    same_category: bool,
    hours: float,
    same_person: bool,
    rarity: Mapping[str, float],
) -> Signs:
    """Compare two tickets.

    Parameters:
        cosine: of their vectors.
        hours: between them.
        rarity: what a word is worth: the rarer, the more.
    """
    shared, total = _shared(one.words, other.words, rarity)
    words = shared / total if total else 0.0
    half_life = 24 * 7 if same_person else 24
    return Signs(
        meaning=max(0.0, cosine),
        words=words,
        same_id=float(one.same_id(other)),
        same_place=float(bool(one.shared_names(other)) and not one.same_id(other)),
        other_name=(0.6 + 0.4 * words) * float(one.contradicts(other)),
        swapped=(0.4 + 0.6 * words) * float(one.swaps_names(other)),
        category=float(same_category),
        near=0.5 ** (abs(hours) / half_life),
        personal=(one.personal + other.personal) / 2,
        shared=(one.shared + other.shared) / 2,
        other_wish=float(one.asks != other.asks),
        again=float(one.again or other.again),
    )


def score(signs: Signs, same_person: bool) -> float:
    """How likely it is that they are about the same thing."""
    weights, constant = OWN if same_person else OTHERS
    total = constant + sum(weight * value for weight, value in zip(weights, signs.values(), strict=True))
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def is_certain(signs: Signs, same_person: bool) -> bool:
    """Whether the desk may link them by itself: likely enough, and nothing at all speaks against it."""
    if score(signs, same_person) < CERTAIN or signs.other_name or signs.swapped or signs.other_wish:
        return False
    if not same_person and signs.personal > CERTAIN_PERSONAL:
        return False
    return signs.meaning >= (CERTAIN_MEANING if signs.category else CERTAIN_ACROSS)


def common(one: Told, other: Told, rarity: Mapping[str, float]) -> list[str]:
    """The rarest words that both have, the rarest first."""
    both = one.words & other.words
    return sorted(both, key=lambda word: (-rarity.get(word, UNKNOWN_RARITY), word))


def _shared(one: frozenset[str], other: frozenset[str], rarity: Mapping[str, float]) -> tuple[float, float]:
    """Worth of the words that both have (a mistyped one counts nearly whole), and of the smaller text's words."""

    def worth(word: str) -> float:
        return rarity.get(word, UNKNOWN_RARITY)

    both = one & other
    shared = sum(map(worth, both))
    mine, theirs = one - both, other - both
    stems = {_stem(each) for each in theirs}
    for word in mine:
        if _stem(word) in stems or any(_mistyped(word, each) for each in theirs):
            shared += 0.8 * worth(word)
    return shared, max(
        1e-9, min(sum(map(worth, one)), sum(map(worth, other))) * 0.6 + 0.4 * sum(map(worth, one | other))
    )


def _stem(word: str) -> str:
    """Without its ending, roughly: "printing" and "printer" are "print"."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word.removesuffix(ending)
    return word


def _mistyped(word: str, other: str) -> bool:
    allowed = min(typos.mistakes_allowed(word), typos.mistakes_allowed(other))
    return allowed > 0 and word[0] == other[0] and typos.distance(word, other, allowed) <= allowed
