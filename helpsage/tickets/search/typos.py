"""Words that were meant when a word was mistyped.

PostgreSQL's own trigram extension is not part of every server (the embedded one has no contrib modules), so the
neighbourhood of a word is kept in an array with an ordinary GIN index: the word with up to k letters left out. Words
with at most k mistakes between them (a letter wrong, missing, too many, or two swapped) always share one of those
(Garbe, "1000x faster spelling correction", 2012), and the few candidates are then compared letter by letter. Of long
words only the beginning is looked at, which keeps the neighbourhood small.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import combinations
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

SHORTEST, LONGEST = 4, 30
#: Letters of a word whose neighbourhood is kept.
BEGINNING = 8
#: From this length on a word may have two mistakes.
TWO_MISTAKES_FROM = 8
#: Words that a much used beginning stands for.
MOST_LONGER = 40
#: Words offered for a mistyped one.
MOST_MEANT = 4
#: A word in fewer tickets than this may be a slip itself ...
RARE = 5
#: ... when a near word stands in so many times more.
MORE_OFTEN = 20
#: Counting a word stops about here: it is well known then.
ENOUGH = 1_000
#: Tickets whose words are learned in one transaction.
BATCH = 2_000

_BEGIN_WITH = text(
    "select word, seen from search_word where word >= :word and word < :behind order by seen desc, word limit :most"
)
_CANDIDATES = text("select word, seen from search_word where near && cast(:near as integer[]) and word <> :word")
_TAKE_PENDING = text(
    """
    with taken as (
      delete from search_pending where id in (
        select id from search_pending order by id limit :batch for update skip locked
      ) returning ticket_id
    ) select distinct ticket_id from taken
    """
)
# In the order of the alphabet: two that learn at once meet the words in one order and never wait for each other.
_WORDS_OF = text(
    """
    select lexeme, count(*) from ticket_search, unnest(document)
    where ticket_id = any(:tickets) and lexeme ~ '^[^0-9=]+$' and length(lexeme) between :shortest and :longest
    group by lexeme order by lexeme collate "C"
    """
)
_KNOWN = text("select word from search_word where word = any(cast(:words as text[]))")
_COUNT = text(
    """
    update search_word set seen = search_word.seen + met.seen
    from unnest(cast(:words as text[]), cast(:seen as bigint[])) as met (word, seen)
    where search_word.word = met.word and search_word.seen < :enough
    """
)
_KEEP = text(
    """
    insert into search_word (word, near, seen)
    select word, cast(near as integer[]), seen
    from unnest(cast(:words as text[]), cast(:near as text[]), cast(:seen as bigint[])) as new (word, near, seen)
    on conflict (word) do nothing
    """
)


def mistakes_allowed(word: str) -> int:
    """How many mistakes a word of this length may have: the shorter, the more other words are near."""
    if not SHORTEST <= len(word) <= LONGEST or not word.isalpha():
        return 0
    return 2 if len(word) >= TWO_MISTAKES_FROM else 1


def neighbourhood(word: str, mistakes: int | None = None) -> list[int]:
    """Hashes of the word's beginning with up to `mistakes` letters left out; as many as it may have by default."""
    beginning = word[:BEGINNING]
    most = mistakes_allowed(word) if mistakes is None else mistakes
    found = {
        "".join(letter for at, letter in enumerate(beginning) if at not in left_out)
        for count in range(most + 1)
        for left_out in combinations(range(len(beginning)), count)
    }
    return sorted({zlib.crc32(part.encode()) - 2**31 for part in found})


def distance(one: str, other: str, limit: int) -> int:
    """Letters to change, add, leave out or swap with the next one to make one word of the other; at most limit + 1.

    Optimal string alignment (Damerau 1964; no part is edited twice).
    """
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, previous, row = row, before, [i]
        for j, opposite in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != opposite))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == opposite:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]


@dataclass(frozen=True)
class Meaning:
    """What a word of a query may stand for in the tickets.

    Attributes:
        longer: of a much used word, the words that begin with it, the most frequent first. None: it is not, and
            whatever begins with it can be looked for, which costs little as long as it is not much.
        meant: words that were probably meant, the likeliest first; none when the word is well known itself.
    """

    longer: tuple[str, ...] | None = None
    meant: tuple[str, ...] = ()


def meaning(session: Session, word: str) -> Meaning:
    """Look a folded word up."""
    if not word.isalpha() or len(word) > LONGEST:
        return Meaning()
    rows = session.execute(_BEGIN_WITH, {"word": word, "behind": word + "\U0010ffff", "most": MOST_LONGER}).all()
    known = sum(seen for _, seen in rows)
    if known >= ENOUGH:
        return Meaning(longer=tuple(longer for longer, _ in rows if longer != word))
    return Meaning(meant=_meant(session, word, known) if known < RARE else ())


def _meant(session: Session, word: str, known: int) -> tuple[str, ...]:
    allowed = mistakes_allowed(word)
    if not allowed:
        return ()
    rows = session.execute(_CANDIDATES, {"near": neighbourhood(word), "word": word})
    found = sorted(
        (distance(word, other, allowed), -seen, other)
        for other, seen in rows
        if not known or seen >= known * MORE_OFTEN
    )
    return tuple(other for steps, _, other in found if steps <= allowed)[:MOST_MEANT]


def learn(session: Session) -> int:
    """Take the words of tickets that changed into the list.

    Returns:
        How many tickets; none means that nothing waits.
    """
    tickets: list[UUID] = list(session.scalars(_TAKE_PENDING, {"batch": BATCH}))
    if not tickets:
        return 0
    limits = {"tickets": tickets, "shortest": SHORTEST, "longest": LONGEST}
    met = {word: seen for word, seen in session.execute(_WORDS_OF, limits) if mistakes_allowed(word)}
    known = set(session.scalars(_KNOWN, {"words": list(met)}))
    counted = {"words": sorted(known), "seen": [met[word] for word in sorted(known)], "enough": ENOUGH}
    session.execute(_COUNT, counted)
    new = [word for word in met if word not in known]
    near = [f"{{{','.join(map(str, neighbourhood(word)))}}}" for word in new]
    session.execute(_KEEP, {"words": new, "near": near, "seen": [met[word] for word in new]})
    return len(tickets)
