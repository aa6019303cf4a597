"""Plays every conversation of `*.yml` here through the running programs. README.md beside this file has the format."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import yaml
from sqlalchemy import select, update
from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations.models import AnswerFeedback
from helpsage.handoff import service as handoff
from helpsage.handoff.models import Handoff
from helpsage.handoff.service import Agent
from helpsage.knowledge import articles, importing, index
from helpsage.people.models import Account, LoginSession, Role
from helpsage.tickets import service, tags
from helpsage.tickets.models import Ticket
from tests.conversations.conftest import Place
from tests.conversations.person import Person
from tests.conversations.responses import is_said, names

pytestmark = [pytest.mark.live]

FOLDER = Path(__file__).parent
AGENT = service.Actor("agent", "Priya Raman")
DEADLINE_S = 15.0
#: What an agent does in the chat.
_CHATS = {"accepts", "says", "ends"}
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
        stage = Stage(person, place, conversation.get("language", "en"))
        stage.let_a_day_pass()
        stage.staff(conversation.get("staffed", False))
        try:
            stage.publish(conversation.get("articles", []))
            for step in conversation["talk"]:
                await stage.play(step)
        finally:
            stage.clear()
        if "tickets" in conversation:
            _compare(stage.tickets(), conversation["tickets"])
        if "added" in conversation:
            assert stage.added() == conversation["added"]
        if "feedback" in conversation:
            assert stage.feedback() == conversation["feedback"]


class Stage:
    """One conversation while it is played."""

    def __init__(self, person: Person, place: Place, language: str = "en") -> None:
        self._language = language
        self._person = person
        self._place = place
        self._buttons: dict[str, str] = {}
        self._others: list[str] = []
        self._articles: list[str] = []
        self._agent: Agent

    async def play(self, step: dict[str, Any]) -> None:
        """One line of the script."""
        if "desk" in step:
            self._at_the_desk(step["desk"])
            return
        if "elsewhere" in step:
            self._elsewhere(step["elsewhere"])
            return
        if "hear" in step:
            await self._wait_for(step["hear"])
            return
        if "write" in step:
            await self._person.write({"text": self._filled(step["write"])})
            return
        if "tap" in step:
            title = step["tap"]
            await self._person.write({"title": title, "payload": self._buttons[title]})
            return
        answers = await self._speak(step)
        for _ in range(step.get("again", 0)):
            answers = await self._speak(step)
        _check(step, answers, self._filled, step.get("language", self._language))
        self._buttons.update(_buttons(answers))

    def publish(self, slugs: list[str]) -> None:
        """Some of the articles that ship, until the end; found at once, and not when the worker has come to it."""
        self._articles = slugs
        with self._place.session() as session, session.begin():
            files = [(f"{slug}.md", (importing.SHIPPED / f"{slug}.md").read_bytes()) for slug in slugs]
            importing.files(session, files)
            for slug in slugs:
                index.build(session, articles.by_slug(session, slug).id)

    def staff(self, somebody: bool) -> None:
        """Whether an agent sits at the desk: logged in, and lately seen; all others were seen long ago."""
        with self._place.session() as session, session.begin():
            long_ago = clock.now() - timedelta(hours=2)
            session.execute(update(LoginSession).where(LoginSession.seen_at > long_ago).values(seen_at=long_ago))
            if somebody:
                account = session.scalars(select(Account).where(Account.role == Role.AGENT.value)).first()
                assert account is not None
                self._agent = Agent(account.id, AGENT)
                for open_one in session.scalars(select(Handoff).where(Handoff.ended_at.is_(None))):
                    open_one.ended_at = clock.now()  # of a conversation that was played before
                session.add(
                    LoginSession(
                        token_hash=uuid4().hex,
                        account_id=account.id,
                        seen_at=clock.now(),
                        expires_at=clock.now() + timedelta(minutes=5),
                    )
                )

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

    def added(self) -> list[str]:
        """What was added to the newest ticket, oldest first."""
        with self._place.session() as session:
            return [entry.body for entry in service.thread(session, self.tickets()[-1])]

    def clear(self) -> None:
        """Others' tickets are over, and articles gone, so that no other conversation meets them."""
        with self._place.session() as session, session.begin():
            for slug in self._articles:
                session.delete(articles.by_slug(session, slug))
            for reference in self._others:
                service.change_status(session, service.by_reference(session, reference), "resolved", AGENT)

    def let_a_day_pass(self) -> None:
        """All tickets there are become a day older: nobody hears that others report the same just now.

        The whole table is locked first. The worker is changing tickets meanwhile, in an order of its own: row by row,
        the two would wait for each other.
        """
        with self._place.session() as session, session.begin():
            session.execute(sql("lock table ticket in exclusive mode"))
            session.execute(update(Ticket).values(created_at=Ticket.created_at - timedelta(days=1)))

    def _elsewhere(self, given: dict[str, Any]) -> None:
        """Other people's tickets; each of the `says` is somebody's."""
        with self._place.session() as session, session.begin():
            for number, text in enumerate(_list(given["says"])):
                new = service.NewTicket("", text, given["category"], "test", requester_name=f"Else {number}")
                ticket = service.open_ticket(session, new, service.Actor("system"))
                if "tag" in given:
                    tags.change(session, ticket, AGENT, add=[given["tag"]])
                self._others.append(ticket.reference)

    def feedback(self) -> list[dict[str, Any]]:
        """What was kept of "did that help?"."""
        with self._place.session() as session:
            mine = select(AnswerFeedback).where(AnswerFeedback.conversation_id == UUID(self._person.conversation))
            return [{row.answer: row.helped} for row in session.scalars(mine.order_by(AnswerFeedback.id))]

    def _at_the_desk(self, deed: dict[str, Any]) -> None:
        """What an agent does, in the chat or on the newest ticket."""
        with self._place.session() as session, session.begin():
            if _CHATS & deed.keys():
                self._in_the_chat(session, deed)
                return
            ticket = service.by_reference(session, self.tickets()[-1].reference)
            if "reply" in deed:
                service.reply(session, ticket, deed["reply"], AGENT, status=deed.get("status"))
            elif "status" in deed:
                service.change_status(session, ticket, deed["status"], AGENT)
            if "closed_days_ago" in deed:
                session.get_one(Ticket, ticket.id).closed_at = clock.now() - timedelta(days=deed["closed_days_ago"])

    def _in_the_chat(self, session: Session, deed: dict[str, Any]) -> None:
        found = handoff.current(session, UUID(self._person.conversation))
        assert found is not None, "nobody asked for a human"
        if "accepts" in deed:
            handoff.accept(session, found.id, self._agent)
        elif "says" in deed:
            handoff.say(session, found.id, self._agent, deed["says"])
        elif "ends" in deed:
            handoff.give_back(session, found.id, self._agent, deed["ends"])

    def _filled(self, text: str) -> str:
        """`{ref}` is the newest ticket, `{ref1}` the first one, `{foreign}` a ticket of nobody in this chat."""
        if "{foreign}" in text:
            text = text.replace("{foreign}", self._others[0] if self._others else self._foreign())
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


def _check(step: dict[str, Any], answers: list[dict[str, Any]], filled: Any, language: str) -> None:
    texts = [answer["text"] for answer in answers]
    told = [f"{names(text, language) or '?'}: {text[:160]}" for text in texts]
    if "bot" in step:
        expected = step["bot"]
        assert len(texts) == len(expected), f"{step}: expected {expected}, heard {told}"
        for response, text in zip(expected, texts, strict=True):
            assert is_said(response, text, language), f"{step}: expected {response}, heard {told}"
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
