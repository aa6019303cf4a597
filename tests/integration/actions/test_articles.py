"""Articles in the chat: quoted when sure, another one once, then a ticket that says what was tried."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import select

from actions.server import Executor
from helpsage.conversations.models import AnswerFeedback
from helpsage.db.session import transaction
from helpsage.knowledge import articles, confidence, importing, index, votes
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.importing import SHIPPED
from helpsage.knowledge.models import ArticleVote
from helpsage.tickets.models import Ticket
from tests.integration.actions.test_steps import Call, call, sender

pytestmark = pytest.mark.usefixtures("clean_database")

ASKED = "which settings do I type in by hand to set up eduroam on an Android phone or iPhone"
SLUGS = ("connect-to-eduroam", "wifi-is-slow-or-drops", "desk-major-outage-checklist", "recognise-phishing")


@pytest.fixture(autouse=True)
def library(clean_database: object) -> None:
    with transaction() as session:
        importing.files(session, [(f"{slug}.md", (SHIPPED / f"{slug}.md").read_bytes()) for slug in SLUGS])
        for article_id in index.outdated(session):
            index.build(session, article_id)


async def run(one: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What is said, and the slots that are set."""
    result = await Executor().run(one, dispatcher=CollectingDispatcher())
    assert result is not None
    slots = {event["name"]: event["value"] for event in result.events if event.get("event") == "slot"}
    return result.responses, slots


def said(responses: list[dict[str, Any]]) -> list[str]:
    return [message["response"] for message in responses]


def fallback(who: str, words: str, **more: Any) -> Call:
    return call("action_fallback", who, "nlu_fallback", words, **more)


def before(words: str) -> list[dict[str, Any]]:
    """The message that went before a button."""
    parsed = {
        "text": words,
        "intent": {"name": "nlu_fallback", "confidence": 0.3},
        "entities": [],
        "intent_ranking": [],
    }
    return [{"event": "user", "text": words, "parse_data": parsed}]


@pytest.mark.parametrize(
    ("action", "intent"), [("action_fallback", "nlu_fallback"), ("action_out_of_scope", "out_of_scope")]
)
async def test_what_is_not_understood_is_looked_for_in_the_articles(action: str, intent: str) -> None:
    responses, slots = await run(call(action, sender(), intent, ASKED))
    assert said(responses) == ["utter_article", "utter_did_that_help"]
    assert responses[0]["title"].startswith("Connect to eduroam")
    assert "/help/connect-to-eduroam#" in responses[0]["link"]
    assert "iPhone" in responses[0]["passage"]
    assert (slots["offer"]["kind"], slots["offer"]["words"]) == ("article", ASKED)


async def test_nothing_is_quoted_that_is_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confidence, "QUOTED", 1.01)
    responses, _ = await run(fallback(sender(), ASKED))
    assert said(responses) == ["utter_ask_rephrase"]


@pytest.mark.parametrize("words", ["what should I cook tonight", "hmm the wobbly you know", "the dingus went whoosh"])
async def test_what_no_article_is_about_goes_on_as_before(words: str) -> None:
    assert said((await run(fallback(sender(), words)))[0]) == ["utter_ask_rephrase"]
    asked = call("action_out_of_scope", sender(), "out_of_scope", words)
    assert said((await run(asked))[0]) == ["utter_out_of_scope"]


async def test_it_helped() -> None:
    who = sender()
    _, slots = await run(fallback(who, ASKED))
    responses, after = await run(call("action_affirm", who, "affirm", slots=slots, before=before(ASKED)))
    assert said(responses) == ["utter_glad_it_helped"]
    assert after == {"offer": None}
    with transaction() as session:
        kept = session.scalars(select(AnswerFeedback)).one()
        assert (kept.answer, kept.helped) == ("article:connect-to-eduroam", True)
        article = articles.by_slug(session, "connect-to-eduroam")
        assert votes.counts(session, [article.id])[article.id] == votes.Counts(1, 0)


async def test_thanks_says_that_it_helped() -> None:
    who = sender()
    _, slots = await run(fallback(who, ASKED))
    responses, _ = await run(call("action_thanks", who, "thanks", slots=slots, before=before(ASKED)))
    assert said(responses) == ["utter_glad_it_helped"]


async def test_another_passage_once_and_then_a_ticket_with_what_was_tried() -> None:
    who = sender()
    first, slots = await run(fallback(who, ASKED))
    second, slots = await run(call("action_deny", who, "deny", slots=slots, before=before(ASKED)))
    assert said(second) == ["utter_article", "utter_did_that_help"]
    assert second[0]["link"] != first[0]["link"]
    third, slots = await run(call("action_deny", who, "deny", slots=slots, before=before(ASKED)))
    assert said(third) == ["utter_answer_did_not_help"]
    draft = slots["ticket_draft"]
    assert draft["description"] == ASKED
    assert [each["link"] for each in (first[0], second[0])] == [line.rsplit("(", 1)[1][:-1] for line in draft["tried"]]
    draft |= {"category": "general_issue", "email_settled": True, "asked": "confirm"}
    sent = call("validate_ticket_form", who, "affirm", slots={"ticket_draft": draft}, form="ticket_form")
    assert said((await run(sent))[0]) == ["utter_ticket_opened"]
    with transaction() as session:
        ticket = session.scalars(select(Ticket)).one()
        assert ticket.description.startswith(f"{ASKED}\n\nTried:\n- Connect to eduroam")
        assert ticket.description.count("/help/") == 2
        assert ticket.subject.startswith("which settings")
        assert [vote.helpful for vote in session.scalars(select(ArticleVote))] == [False]


async def test_an_answer_of_the_faq_that_did_not_help_is_followed_by_one_passage() -> None:
    who = sender()
    asked = before(ASKED)
    asked[0]["parse_data"] |= {
        "intent": {"name": "faq", "confidence": 0.9},
        "response_selector": {"faq": {"response": {"intent_response_key": "faq/connect_wifi"}}},
    }
    responses, slots = await run(call("action_deny", who, "deny", before=asked))
    assert said(responses) == ["utter_article", "utter_did_that_help"]
    assert slots["offer"]["category"] == "wifi_problem"
    responses, slots = await run(call("action_deny", who, "deny", slots=slots, before=asked[:0] + before(ASKED)))
    assert said(responses) == ["utter_answer_did_not_help"]
    assert slots["ticket_draft"]["category"] == "wifi_problem"
    assert slots["ticket_draft"]["tried"][0] == "- Connect Wi-Fi"


async def test_a_problem_put_as_a_question_is_answered_before_a_form_is_opened() -> None:
    who = sender()
    responses, slots = await run(call("validate_ticket_form", who, "wifi_problem", ASKED, form="ticket_form"))
    assert said(responses) == ["utter_article", "utter_did_that_help"]
    assert (slots["ticket_draft"], slots["offer"]["category"]) == (None, "wifi_problem")
    told = "I cannot set up eduroam by hand on my Android phone"
    responses, slots = await run(call("validate_ticket_form", who, "wifi_problem", told, form="ticket_form"))
    assert "utter_article" not in said(responses)
    assert slots["ticket_draft"]["category"] == "wifi_problem"


async def test_what_staff_keep_to_themselves_never_reaches_the_chat() -> None:
    with transaction() as session:
        secret = Writing("Quaggas", "## Feeding quaggas\nQuaggas eat two zeppelins a day.", "desk", audience="staff")
        made = articles.create(session, "quaggas", secret, importing.IMPORT)
        articles.publish(session, made.id, importing.IMPORT)
        index.build(session, made.id)
    words = "how many zeppelins do quaggas eat a day"
    responses, _ = await run(fallback(sender(), words))
    assert said(responses) == ["utter_ask_rephrase"]
    with transaction() as session:
        articles.edit(session, made.id, Writing("Quaggas", secret.body, "desk"), importing.IMPORT)
        articles.publish(session, made.id, importing.IMPORT)
        index.build(session, made.id)
    responses, _ = await run(fallback(sender(), words))
    assert said(responses)[0] == "utter_article", "it would have been found"


async def test_an_article_that_is_gone_takes_no_vote_and_the_talk_goes_on() -> None:
    who = sender()
    _, slots = await run(fallback(who, ASKED))
    with transaction() as session:
        articles.archive(session, articles.by_slug(session, "connect-to-eduroam").id, importing.IMPORT)
        session.delete(articles.by_slug(session, "connect-to-eduroam"))
    responses, _ = await run(call("action_affirm", who, "affirm", slots=slots, before=before(ASKED)))
    assert said(responses) == ["utter_glad_it_helped"]
