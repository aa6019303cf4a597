"""Answers of the FAQ, told by an action: inside of forms and from a button. Otherwise a rule tells them without one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from actions import desk, words
from actions.desk import DeskUnavailable
from actions.step import OFFER
from actions.turn import Turn
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation

#: Choices on buttons that are FAQ entries.
CHOICE_PREFIX = "faq/"


def tell(turn: Turn, key: str) -> None:
    """Say the answer of this FAQ entry."""
    turn.say(f"utter_faq/{key}")


def answered(turn: Turn) -> Mapping[str, Any] | None:
    """The FAQ entry that was told just before this message (`key`) and what was asked (`words`), if there was one."""
    before = turn.earlier[0] if turn.earlier else None
    if before is not None and before.intent == "faq" and before.faq is not None:
        return {"key": before.faq, "words": before.words}
    offered = turn.slot(OFFER)
    return offered if isinstance(offered, dict) and offered.get("kind") == "faq" else None


def shown(answered: Mapping[str, Any]) -> dict[str, str]:
    """The entry as something that was shown before an article."""
    return {"slug": "", "anchor": "", "title": words.faq_title(str(answered["key"])), "link": ""}


async def keep_feedback(turn: Turn, key: str, helped: bool) -> None:
    """Keep whether the answer helped. The conversation goes on when that cannot be kept."""

    def work(session: Session, conversation: Conversation) -> None:
        conversations.record_feedback(session, conversation.id, key, helped)

    try:
        await desk.ask(turn.sender_id, work)
    except DeskUnavailable:
        desk.log.warning("feedback on %s was not kept", key)
