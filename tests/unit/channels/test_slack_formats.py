"""Slack's notation and blocks, by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.channels import markdown
from assistant.channels.connector import Outgoing, Pressed
from assistant.channels.installations import is_safe
from assistant.channels.vendors.slack import blocks, mrkdwn, views
from tests.vendors.slack import wrong_blocks

US = "U0BOT"


def written(text: str) -> str:
    """Our Markdown in Slack's notation, without what keeps marks apart."""
    return mrkdwn.render(markdown.read(text)).replace(mrkdwn.BESIDE, "")


@pytest.mark.parametrize(
    ("ours", "slacks"),
    [
        ("**bold** and *slanted*", "*bold* and _slanted_"),
        ("[the page](https://desk.example/a?b=1&c=2)", "<https://desk.example/a?b=1&amp;c=2|the page>"),
        ("see https://desk.example/a.", "see <https://desk.example/a>."),
        ("`a < b`", "`a &lt; b`"),
        ("```\nfor x in y:\n    <z>\n```", "```\nfor x in y:\n    &lt;z&gt;\n```"),
        ("- one\n- two", "• one\n• two"),
        ("> said", "> said"),
        ("<!channel> <@U1> & co", "&lt;!channel&gt; &lt;@U1&gt; &amp; co"),
        ("[click](javascript:alert(1))", "[click](javascript:alert(1))"),
        ("[a|b](https://x.example/|y)", "<https://x.example/%7Cy|a¦b>"),
    ],
)
def test_our_markdown_is_written_in_slacks(ours: str, slacks: str) -> None:
    assert written(ours) == slacks


@pytest.mark.parametrize(
    ("slacks", "plain"),
    [
        (f"<@{US}> the printer", "the printer"),
        (f"hey <@{US}|sage>, hello", "hey , hello"),
        ("ask <@U9|ana> in <#C1|general> <!here>", "ask @ana in #general @here"),
        (
            "<https://x.example/a|https://x.example/a> <https://x.example|this>",
            "https://x.example/a this (https://x.example)",
        ),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("<!subteam^S1|@staff>", "@staff"),
    ],
)
def test_what_people_write_is_read_as_plain_text(slacks: str, plain: str) -> None:
    assert mrkdwn.read(slacks, US) == plain


@given(st.text(max_size=4_000))
def test_nothing_typed_can_call_anybody_or_grow_too_long(typed: str) -> None:
    for part in markdown.split(markdown.read(typed), mrkdwn.LONGEST, mrkdwn.measure):
        shown = mrkdwn.render(part)
        assert "<!" not in shown
        assert "<@" not in shown


def test_every_part_fits_into_a_section() -> None:
    for text in ("<&>" * 5_000, "word " * 5_000, "https://x.example/" + "a" * 9_000, "```\n" + "x\n" * 6_000 + "```"):
        parts = markdown.split(markdown.read(text), mrkdwn.LONGEST, mrkdwn.measure)
        assert all(len(mrkdwn.render(part)) <= mrkdwn.LONGEST_SECTION for part in parts)


@given(st.lists(st.text(max_size=200), max_size=120), st.text(max_size=3_000))
def test_slack_takes_whatever_is_shown(titles: list[str], text: str) -> None:
    offered = [{"title": title, "payload": "/affirm"} for title in titles]
    card = {"reference": "HS-1", "subject": text, "status_label": "Open"}
    data = {"buttons": offered, "tickets": [card] * 20}
    message = Outgoing(7, 0, "agent", "Ana", mrkdwn.escape(text)[:3_000], data, {})
    assert wrong_blocks(blocks.of_message(message)) is None


@given(st.integers(0, 10**18 - 1), st.integers(0, 999))
def test_values_of_buttons_are_read_as_written(message_id: int, number: int) -> None:
    pressed = Pressed(message_id, number)
    assert Pressed.read(pressed.value) == pressed


@given(st.text(alphabet="0123456789:-+ ٣_", max_size=24))
def test_other_values_are_no_buttons(value: str) -> None:
    found = Pressed.read(value)
    assert found is None or (found.message_id >= 0 and found.number >= 0)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://slack.com/api", True),
        ("http://slack.com/api", False),
        ("http://127.0.0.1:9000/api", True),
        ("http://[::1]:9000/api", True),
        ("http://localhost.evil.example/", False),
        ("https://", False),
        ("ftp://x.example", False),
        ("", False),
    ],
)
def test_secrets_go_over_https_or_to_this_machine(address: str, safe: bool) -> None:
    assert is_safe(address) is safe


class TestLanguages:
    def test_the_form_and_its_refusal(self) -> None:
        form = views.form("", "de")
        assert [form[name]["text"] for name in ("title", "submit", "close")] == ["Neues Ticket", "Senden", "Abbrechen"]
        refused = views.form_refused(frozenset({"description"}), "fr")
        assert refused["errors"] == {"description": "Veuillez écrire quelques mots."}

    def test_the_home(self) -> None:
        card = {"reference": "HS-1", "subject": "Printer", "status_label": "In progress"}
        said = str(views.home([card], "Desk", "es"))
        assert "Ticket nuevo" in said
        assert "En curso" in said
        assert "Todavía no tiene tickets" in str(views.home([], "Desk", "es"))

    def test_a_command(self) -> None:
        assert "`/help-sage new` टिकट का फ़ॉर्म खोलता है" in views.command_help("/help-sage", "hi")["text"]
        assert views.command_taken("<x>", "de")["text"].endswith("„&lt;x&gt;“")

    @pytest.mark.parametrize("language", ["en", "de", "es", "fr", "hi"])
    def test_titles_fit_into_what_slack_takes(self, language: str) -> None:
        form = views.form("", language)
        assert not any(form[name]["text"].endswith("…") for name in ("title", "submit", "close"))
