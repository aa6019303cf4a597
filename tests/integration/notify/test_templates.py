"""The words of notices: what an administrator may write, and that whatever they wrote never costs a notice."""

from __future__ import annotations

import contextlib
import time
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.configuration.models import Configuration
from helpsage.departments.models import Department
from helpsage.notify import templates, words
from helpsage.notify.models import Notice
from helpsage.notify.templates import Frame, InvalidTemplates, Template
from helpsage.tickets import service
from tests.integration.notify.conftest import PRIYA, Desk

SHIPPED = templates.shipped()["ticket_replied"]


def with_text(text: str, name: str = "ticket_replied") -> Template:
    shipped = templates.shipped()[name]
    return Template(shipped.subject, text, shipped.button)


@pytest.mark.parametrize("name", words.TEMPLATES)
def test_the_shipped_words_are_there_and_good(name: str) -> None:
    templates.check(name, templates.shipped()[name])


@pytest.mark.parametrize(
    "text",
    ["{{ words", "{% if x %}", "{{ words }} {{ unknown }}", "{{ words }} {{ ticket.secret }}", "{{ words.__class__ }}",
     "{{ ''.__class__.__mro__ }} {{ words }}", "{% for one in words %}x{% endfor %}{{ words }}",
     "{% set x = 1 %}{{ words }}", "{{ words * 1000000 }}", "{{ 9 ** 9999999 }}{{ words }}",
     "{% include 'x' %}{{ words }}", "{% import 'os' as os %}{{ words }}", "{{ words() }}", "{{ words | list }}",
     "{{ words | attr('x') }}", "{{ words[0] }}", "{% macro a() %}{% endmacro %}{{ words }}", "no words in it", "",
     "{% if count > words %}x{% endif %}{{ words }}",
     "{{ lipsum }}{{ words }}", "{{ cycler }}{{ words }}", "x" * 5001 + "{{ words }}", "{{ words }}\0"],
    ids=lambda text: text[:40].encode("unicode_escape").decode(),
)  # fmt: skip
def test_what_a_template_may_not_do(text: str) -> None:
    with pytest.raises(InvalidTemplates):
        templates.check("ticket_replied", with_text(text))


@pytest.mark.parametrize("text", ["{{ (((((" * 200, "{% if a %}" * 500, "{{ '}}' }}" * 100 + "{{ words }}"])
def test_a_hostile_template_is_refused_or_filled_in_at_once(text: str) -> None:
    began = time.process_time()
    with contextlib.suppress(InvalidTemplates):
        templates.check("ticket_replied", with_text(text))
    assert time.process_time() - began < 2


def test_paragraphs_bold_quotation_button_and_nobodys_html() -> None:
    text = "Dear **{{ person.name }}**,\nhello & <welcome>\n\n{{ words }}\n\n{{ link }}\n"
    values = {**templates.sample(), "words": "<script>alert(1)</script>\n**not bold**", "person": {"name": "<i>A</i>"}}
    made = templates._fill(with_text(text), values, Frame("Desk"))
    assert "Dear <b>&lt;i&gt;A&lt;/i&gt;</b>,<br>" in made.html
    assert "hello &amp; &lt;welcome&gt;" in made.html
    assert "&lt;script&gt;" in made.html
    assert "<script>" not in made.html
    assert "**not bold**" in made.html
    assert f'href="{values["link"]}"' in made.html
    assert made.text.startswith("Dear <i>A</i>,\nhello & <welcome>")


def test_a_subject_stays_on_its_line() -> None:
    values = {**templates.sample(), "ticket": {**words.SAMPLE["ticket"], "subject": "a\r\nBcc: x@y.example"}}  # type: ignore[dict-item]
    assert "\n" not in templates._fill(SHIPPED, values, Frame("Desk")).subject


def keep(desk: Desk, content: dict[str, Any]) -> None:
    """As a version before this one, or somebody's hand, may have left it: unchecked."""
    desk.do(lambda session: session.add(Configuration(name=templates.NAME, content=content)))


def test_edited_words_are_sent(desk: Desk) -> None:
    keep(desk, {"templates": {"ticket_replied": with_text("Ahoy!\n\n{{ words }}\n").content()}})
    ticket = desk.ticket(desk.person())
    [letter] = desk.happen(
        lambda session: service.reply(session, service.by_id(session, ticket.id), "It is fixed.", PRIYA)
    )
    assert letter.text.startswith("Ahoy!\n\nIt is fixed.")


@pytest.mark.parametrize(
    "content",
    [{"subject": "x", "text": "{{ gone }}", "button": "x"}, {"subject": "x", "text": "{% broken", "button": "x"}, {},
     {"subject": "{{ words.__class__.__mro__ }}", "text": "x", "button": "x"}],
    ids=["value", "syntax", "nothing", "escape"],
)  # fmt: skip
def test_broken_words_cost_no_notice_and_are_told(desk: Desk, content: dict[str, str]) -> None:
    keep(desk, {"templates": {"ticket_replied": content}})
    ticket = desk.ticket(desk.person())
    [letter] = desk.happen(
        lambda session: service.reply(session, service.by_id(session, ticket.id), "It is fixed.", PRIYA)
    )
    assert "answers on" in letter.text
    assert "It is fixed." in letter.text
    with desk.new() as session:
        assert session.scalars(select(Notice.fell_back).order_by(Notice.id.desc())).first()


def test_a_letter_has_the_departments_name_and_colour(desk: Desk) -> None:
    def dress(session: Session) -> None:
        home = session.get_one(Department, desk.department.id)
        home.brand_name, home.colour = "IT Help", "#7a1f5c"

    desk.do(dress)
    desk.ticket(desk.person())
    [letter] = desk.letters()
    assert letter.html is not None
    assert "IT Help" in letter.html
    assert "#7a1f5c" in letter.html
