"""The conversations: those that led to a ticket, those that the assistant answered itself, those that were left."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import yaml

from helpsage.demo import pools
from helpsage.demo.people import Someone, new_id
from helpsage.demo.rows import Sheet
from helpsage.demo.tickets import Life
from helpsage.settings import ROOT
from helpsage.tickets.models import REFERENCE_PREFIX

MODEL = "demonstration"
CONVERSATION_COLUMNS = (
    "id", "sender_id", "channel", "person_id", "owner", "last_seq", "department_id", "page_url", "created_at",
    "last_message_at",
)  # fmt: skip
MESSAGE_COLUMNS = (
    "conversation_id", "seq", "author", "author_name", "text", "data", "client_id", "intent", "confidence", "entities",
    "model", "created_at", "handled_at",
)  # fmt: skip
ATTEMPT_COLUMNS = ("form", "conversation_id", "category", "asked", "begun_at", "last_at", "outcome")


class Chats:
    """Tells conversations into rows."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._words = pools.load()
        responses = yaml.load((ROOT / "domain.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["responses"]
        self._responses: Mapping[str, str] = {
            name: str(wordings[0].get("text", "")) for name, wordings in responses.items()
        }
        self._answers = _faq_answers()
        self.conversations = Sheet("conversation", CONVERSATION_COLUMNS)
        self.messages = Sheet("message", MESSAGE_COLUMNS)
        self.feedback = Sheet("answer_feedback", ("conversation_id", "answer", "helped", "at"))
        self.attempts = Sheet("report_attempt", ATTEMPT_COLUMNS)

    def of_ticket(self, life: Life) -> None:
        """The chat that led to a ticket: what is wrong, the questions, the reference."""
        talk = _Talk(self, life.requester, life.created_at - timedelta(minutes=4), life.place.department_id)
        talk.person(life.description, life.category.intents[0] if life.category.intents else "talk_to_person")
        talk.bot(self._said(life.category.group.acknowledge))
        for question in life.category.questions:
            answer = life.details.get(question.name)
            if answer is not None:
                talk.bot(self._said(question.ask))
                talk.person(answer, "inform")
        form = new_id(self._chance).hex
        self._attempt(talk, form, life.category.name, "confirm", "sent")
        talk.bot(
            self._said("utter_ticket_opened").format(
                reference=f"{REFERENCE_PREFIX}{life.number}", team=life.category.team
            )
        )
        life.conversation_id, life.first_seq, life.last_seq = talk.id, 1, talk.seq
        talk.end()

    def answered(self, person: Someone, at: datetime, department_id: UUID | None) -> None:
        """A question that the FAQ answers, and whether that helped."""
        question, key = self._chance.choice(self._words["questions"])
        talk = _Talk(self, person, at, department_id)
        talk.person(question, f"faq/{key}")
        talk.bot(self._answers.get(key, ""))
        talk.bot(self._said("utter_did_that_help"))
        verdict = self._chance.random()
        if verdict < 0.72:
            helped = verdict < 0.59
            talk.person("Yes" if helped else "No", "affirm" if helped else "deny")
            self.feedback.add(conversation_id=talk.id, answer=key, helped=helped, at=talk.at)
            talk.bot(self._said("utter_glad_it_helped" if helped else "utter_answer_did_not_help"))
        talk.end()

    def left(self, person: Someone, life: Life, at: datetime) -> None:
        """A form that somebody began and did not finish."""
        talk = _Talk(self, person, at, life.place.department_id)
        talk.person(life.description, life.category.intents[0] if life.category.intents else "report_problem")
        talk.bot(self._said(life.category.group.acknowledge))
        asked = [question.name for question in life.category.questions]
        stops = self._chance.randrange(len(asked) + 1)
        for question in life.category.questions[:stops]:
            talk.bot(self._said(question.ask))
            talk.person(life.details.get(question.name, "not sure"), "inform")
        name = asked[stops] if stops < len(asked) else "email"
        talk.bot(self._said(life.category.questions[stops].ask if stops < len(asked) else "utter_ask_email"))
        cancelled = self._chance.random() < 0.2
        self._attempt(talk, new_id(self._chance).hex, life.category.name, name, "cancelled" if cancelled else None)
        talk.end()

    def _attempt(self, talk: _Talk, form: str, category: str, asked: str, outcome: str | None) -> None:
        self.attempts.add(
            form=form,
            conversation_id=talk.id,
            category=category,
            asked=asked,
            begun_at=talk.began_at,
            last_at=talk.at,
            outcome=outcome,
        )

    def _said(self, words: str) -> str:
        return self._responses.get(words, words)


class _Talk:
    """One conversation while it goes on."""

    def __init__(self, chats: Chats, person: Someone, at: datetime, department_id: UUID | None) -> None:
        self._chats = chats
        self._person = person
        self._chance = chats._chance
        self._department_id = department_id
        self.id = new_id(chats._chance)
        self.began_at = self.at = at
        self.seq = 0

    def person(self, text: str, intent: str) -> None:
        """What the person says."""
        confidence = round(min(0.99, max(0.35, self._chance.gauss(0.82, 0.13))), 3)
        self._add("person", text, 4 + self._chance.random() * 25, intent=intent, confidence=confidence)

    def bot(self, text: str) -> None:
        """What the assistant says."""
        self._add("bot", text, 0.2 + self._chance.random() / 5)

    def _add(
        self, author: str, text: str, seconds: float, intent: str | None = None, confidence: float | None = None
    ) -> None:
        self.seq += 1
        self.at += timedelta(seconds=seconds)
        spoken = author == "person"
        self._chats.messages.add(
            conversation_id=self.id,
            seq=self.seq,
            author=author,
            author_name="",
            text=text,
            data={},
            client_id=f"demo-{self.seq}" if spoken else None,
            intent=intent,
            confidence=confidence,
            entities=[] if spoken else None,
            model=MODEL if spoken else None,
            created_at=self.at,
            handled_at=self.at if spoken else None,
        )

    def end(self) -> None:
        """The row, once everything is said."""
        self._chats.conversations.add(
            id=self.id,
            sender_id=f"web:{self.id}",
            channel="webchat",
            person_id=self._person.person_id,
            owner="bot",
            last_seq=self.seq,
            department_id=self._department_id,
            page_url="",
            created_at=self.began_at,
            last_message_at=self.at,
        )


def _faq_answers() -> dict[str, str]:
    """First wording of each FAQ answer, from the trainers' files."""
    answers: dict[str, str] = {}
    for path in sorted((ROOT / "data" / "faq").glob("*.yml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for name, wordings in (content.get("responses") or {}).items():
            if wordings and isinstance(wordings[0], dict):
                answers.setdefault(name.partition("/")[2], str(wordings[0].get("text", "")))
    return answers
