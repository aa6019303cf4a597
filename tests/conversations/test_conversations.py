"""Plays every conversation of `*.yml` here through the running programs. README.md beside this file has the format."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from sqlalchemy import select

from helpsage import clock
from helpsage.conversations.models import AnswerFeedback
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.conversations.conftest import Place
from tests.conversations.person import Person
from tests.conversations.responses import is_said, names

pytestmark = [pytest.mark.live]

FOLDER = Path(__file__).parent
AGENT = service.Actor("agent", "Priya Raman")
DEADLINE_S = 15.0
FILLER = " It happens again and again."

Conversation = dict[str, Any]


def _all() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("*.yml")):
        for conversation in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield pytest.param(conversation, id=f"{path.stem}: {conversation['name']}")


@pytest.mark.parametrize("conversation", list(_all()))
async def test_conversation(conversation: Conversation, place: Place) -> None:
    """The person gets these answers, and the desk these tickets."""
    async with Person(place.chat_url) as person:
        stage = Stage(person, place)
        for step in conversation["talk"]:
            await stage.play(step)
        if "tickets" in conversation:
            _compare(stage.tickets(), conversation["tickets"])
        if "feedback" in conversation:
            assert stage.feedback() == conversation["feedback"]


class Stage:
    """One conversation while it is played."""

    def __init__(self, person: Person, place: Place) -> None:
        self._person = person
        self._place = place
        self._buttons: dict[str, str] = {}

    async def play(self, step: dict[str, Any]) -> None:
        """One line of the script."""
        if "desk" in step:
            self._at_the_desk(step["desk"])
            return
        if "hear" in step:
            await self._wait_for(step["hear"])
            return
        answers = await self._speak(step)
        for _ in range(step.get("again", 0)):
            answers = await self._speak(step)
        _check(step, answers, self._filled)
        self._buttons.update(_buttons(answers))

    async def _speak(self, step: dict[str, Any]) -> list[dict[str, Any]]:
        if "press" in step:
            title = self._filled(step["press"])
            assert title in self._buttons, f"no button {title!r} among {list(self._buttons)}"
            return await self._person.press(title, self._buttons[title])
        text = self._filled(step["say"])
        return await self._person.say(text + FILLER * (max(0, step.get("padded_to", 0) - len(text)) // len(FILLER)))

    async def _wait_for(self, text: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            heard = self._person.heard_since()
            self._buttons.update(_buttons(heard))
            if any(self._filled(text) in message["text"] for message in heard):
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{text!r} did not arrive: {[message['text'] for message in self._person.heard_since()]}")

    def tickets(self) -> list[Ticket]:
        """This conversation's tickets, oldest first."""
        with self._place.session() as session:
            mine = select(Ticket).where(Ticket.conversation_id == UUID(self._person.conversation))
            return list(session.scalars(mine.order_by(Ticket.number)))

    def feedback(self) -> list[dict[str, Any]]:
        """What was kept of "did that help?"."""
        with self._place.session() as session:
            mine = select(AnswerFeedback).where(AnswerFeedback.conversation_id == UUID(self._person.conversation))
            return [{row.answer: row.helped} for row in session.scalars(mine.order_by(AnswerFeedback.id))]

    def _at_the_desk(self, deed: dict[str, Any]) -> None:
        """What an agent does, on the newest ticket."""
        with self._place.session() as session, session.begin():
            ticket = service.by_reference(session, self.tickets()[-1].reference)
            if "reply" in deed:
                service.reply(session, ticket, deed["reply"], AGENT, status=deed.get("status"))
            elif "status" in deed:
                service.change_status(session, ticket, deed["status"], AGENT)
            if "closed_days_ago" in deed:
                session.get_one(Ticket, ticket.id).closed_at = clock.now() - timedelta(days=deed["closed_days_ago"])

    def _filled(self, text: str) -> str:
        """`{ref}` is the newest ticket, `{ref1}` the first one, `{foreign}` a ticket of nobody in this chat."""
        if "{foreign}" in text:
            text = text.replace("{foreign}", self._foreign())
        if "{ref" in text:
            references = [ticket.reference for ticket in self.tickets()]
            text = text.replace("{ref}", references[-1])
            for number, reference in enumerate(references, 1):
                text = text.replace(f"{{ref{number}}}", reference)
        return text

    def _foreign(self) -> str:
        with self._place.session() as session, session.begin():
            new = service.NewTicket("Not yours", "Somebody else's", "general_issue", "test", requester_name="Else")
            return service.open_ticket(session, new, service.Actor("system")).reference


def _check(step: dict[str, Any], answers: list[dict[str, Any]], filled: Any) -> None:
    texts = [answer["text"] for answer in answers]
    told = [f"{names(text) or '?'}: {text[:160]}" for text in texts]
    if "bot" in step:
        expected = step["bot"]
        assert len(texts) == len(expected), f"{step}: expected {expected}, heard {told}"
        for response, text in zip(expected, texts, strict=True):
            assert is_said(response, text), f"{step}: expected {response}, heard {told}"
    together = "\n".join(texts)
    for wanted in _list(step.get("has")):
        assert filled(wanted) in together, f"{step}: {wanted!r} is missing in {texts}"
    for unwanted in _list(step.get("hasnt")):
        assert filled(unwanted) not in together, f"{step}: {unwanted!r} is in {texts}"
    if "buttons" in step:
        assert [button["title"] for button in answers[-1]["data"].get("buttons", [])] == step["buttons"]
    for key, value in step.get("card", {}).items():
        cards = [answer["data"]["ticket"] for answer in answers if answer["data"].get("ticket")]
        assert cards, f"{step}: no ticket card"
        assert cards[-1][key] == (filled(value) if isinstance(value, str) else value)
    if "cards" in step:
        assert [len(answer["data"]["tickets"]) for answer in answers if answer["data"].get("tickets")] == [
            step["cards"]
        ]


def _compare(tickets: list[Ticket], expected: list[dict[str, Any]]) -> None:
    assert len(tickets) == len(expected), [ticket.subject for ticket in tickets]
    for ticket, wanted in zip(tickets, expected, strict=True):
        for key, value in _dated(wanted).items():
            assert getattr(ticket, key) == value, f"{ticket.reference}.{key}"


def _dated(wanted: dict[str, Any]) -> dict[str, Any]:
    """With the day before this one in the place of `{yesterday}`."""
    yesterday = (clock.now() - timedelta(days=1)).date().isoformat()
    details = wanted.get("details", {})
    return wanted | (
        {"details": {key: value.replace("{yesterday}", yesterday) for key, value in details.items()}} if details else {}
    )


def _buttons(answers: list[dict[str, Any]]) -> dict[str, str]:
    return {button["title"]: button["payload"] for answer in answers for button in answer["data"].get("buttons", [])}


def _list(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else (value or [])
