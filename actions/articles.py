"""Answers from articles, for what the FAQ does not know: one passage with its source, another one when it did not help.

Only a passage that is sure enough is quoted (`helpsage/knowledge/confidence.py`), and only what the person may read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from actions import desk, words
from actions.desk import DeskUnavailable
from actions.report import opening
from actions.report.draft import Draft
from actions.step import offer
from actions.turn import Event, Turn
from helpsage import settings
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.knowledge import articles, confidence, generated, search, votes
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.generated import Answer
from helpsage.knowledge.reading import Reader
from helpsage.knowledge.search import Passage
from helpsage.tickets.categories import catalogue

#: Kind of the offer that a yes or no to a passage answers.
KIND = "article"
#: Before an article's address, in what is kept of "did that help?".
PREFIX = "article:"
#: Passages that one question is answered with, one after the other.
MOST = 2
#: Passages that are looked at for one that was not shown yet.
LOOKED_AT = 8
#: Characters of a passage that are shown; the rest is behind the link.
SHOWN = 1_200


async def quote(
    turn: Turn, said: str, category: str | None = None, shown: Sequence[Mapping[str, str]] = ()
) -> list[Event] | None:
    """Quote the best passage that was not shown yet; None when none is sure enough, and nothing was said.

    Parameters:
        said: the question, in the person's words.
        category: of the ticket, should it become one.
        shown: what was quoted before, as `_kept` keeps it.
    """
    if not said.strip() or len(shown) >= MOST:
        return None
    try:
        found = await desk.ask(turn.sender_id, lambda session, where: _best(session, where, said, shown))
    except DeskUnavailable:
        return None
    if not found:
        return None
    written = await _written(said, found) if not shown else None
    kept = [_kept(each) for each in (written.sources if written is not None else found[:1])]
    if written is not None:
        sources = "\n".join(
            words.SOURCE.format(number=number, title=each["title"], link=each["link"])
            for number, each in enumerate(kept, 1)
        )
        turn.say("utter_answer_from_articles", answer=written.text, sources=sources)
    else:
        turn.say("utter_article", passage=shortened(found[0].text), title=kept[0]["title"], link=kept[0]["link"])
    turn.say("utter_did_that_help")
    if category is None:
        likely = opening.likely_category(turn.heard, opening.TOLD_CONFIDENCE)
        category = likely.name if likely is not None else None
    # What is voted for is the last one: that which answers it best.
    return [offer(KIND, words=said, category=category, shown=[*shown, *reversed(kept)])]


async def _written(said: str, found: Sequence[Passage]) -> Answer | None:
    """What an endpoint makes of the passages, where there is one. No transaction waits for it."""
    if not generated.configured():
        return None
    return await asyncio.to_thread(generated.answer, said, found)


async def helped(turn: Turn, offered: Mapping[str, Any], yes: bool) -> None:
    """Keep whether the passage that was shown last helped. The conversation goes on when that cannot be kept."""
    slug = offered["shown"][-1]["slug"]

    def work(session: Session, conversation: Conversation) -> None:
        conversations.record_feedback(session, conversation.id, f"{PREFIX}{slug}", yes)
        try:
            article = articles.by_slug(session, slug)
        except ArticleNotFound:
            return
        votes.vote(session, article, f"conversation:{conversation.id}", yes)

    try:
        await desk.ask(turn.sender_id, work)
    except DeskUnavailable:
        desk.log.warning("feedback on %s was not kept", slug)


async def did_not_help(turn: Turn, offered: Mapping[str, Any]) -> list[Event]:
    """Another passage, once; then a ticket that says what was tried."""
    await helped(turn, offered, yes=False)
    said, category, shown = str(offered.get("words") or ""), offered.get("category"), offered["shown"]
    more = await quote(turn, said, category, shown)
    if more is not None:
        return more
    turn.say("utter_answer_did_not_help")
    known = catalogue()
    draft = opening.new_draft(turn, said, known.categories.get(category or "") or known.categories["general_issue"])
    for heard in turn.earlier:
        if heard.words and heard.words in said:
            opening.absorb(draft, heard)
    return opening.start(tried(draft, shown))


def tried(draft: Draft, shown: Sequence[Mapping[str, str]]) -> Draft:
    """The draft, with what was quoted to no avail."""
    draft.tried = [
        (words.TRIED_ARTICLE if each["link"] else words.TRIED_ANSWER).format(title=each["title"], link=each["link"])
        for each in shown
    ]
    return draft


def shortened(passage: str) -> str:
    """A passage as it is shown: whole paragraphs and items, as many as fit."""
    if len(passage) <= SHOWN:
        return passage
    cut = max(passage.rfind("\n", 0, SHOWN), passage.rfind(". ", 0, SHOWN) + 1)
    kept = passage[: cut if cut > SHOWN // 2 else SHOWN].rstrip()
    fences = kept.count("```") % 2
    return f"{kept}\n```\n…" if fences else f"{kept} …"


def _best(session: Session, conversation: Conversation, said: str, shown: Sequence[Mapping[str, str]]) -> list[Passage]:
    """Passages that were not shown yet, the best first; none unless it is sure enough to be quoted."""
    reader = Reader(department_id=conversation.department_id)
    before = {(each["slug"], each["anchor"]) for each in shown}
    found = search.search(session, said, reader, limit=LOOKED_AT)
    new = [passage for passage in found if passage.text and (passage.slug, passage.anchor) not in before]
    sure = next((place for place, passage in enumerate(new) if passage.confidence >= confidence.QUOTED), None)
    return [new[sure], *new[:sure], *new[sure + 1 :]] if sure is not None else []


def _kept(passage: Passage) -> dict[str, str]:
    link = f"{settings.get().web_url}{passage.path}"
    return {"slug": passage.slug, "anchor": passage.anchor, "title": passage.name, "link": link}
