"""The catalogues are whole, and what is said in them is right."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from helpsage.training import catalogues as checked
from helpsage.web import texts
from languages import TRANSLATED, catalogues


def test_the_catalogues_are_whole() -> None:
    assert checked.findings() == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogues to spoil."""
    return Path(shutil.copytree(catalogues.FOLDER, tmp_path / "locales"))


@pytest.mark.parametrize(
    ("name", "old", "new", "finding"),
    [
        ("responses.yml", "utter_greet:", "utter_gret:", "'utter_greet' is missing"),
        ("responses.yml", "utter_greet:", "utter_gret:", "'utter_gret' is not said any more"),
        (
            "responses.yml",
            "{incident}",
            "{incidente}",
            "'utter_failed' has the placeholders {incidente}, not {incident}",
        ),
        ("words.yml", '"Report a problem":', '"Report problems":', "'Report a problem' is missing"),
        ("words.yml", '"Wi-Fi problem":', '"Wifi problem":', "'Wi-Fi problem' is missing"),
        ("words.yml", '"Yes": "Sí"', '"Yes": [Sí]', "the translation of 'Yes' must be a text"),
        ("words.yml", '"Yes": "Sí"', '"Yes": "Sí"\n"Yes": "Si"', "'Yes' stands there twice"),
        ("words.yml", '"Yes": "Sí"', '"Yes": ""', "'Yes' is empty"),
        ("pages.yml", '"My tickets":', '"My ticket":', "'My tickets' is missing"),
        ("pages.yml", '"Confirm my address":', '"Confirm it":', "'Confirm my address' is missing"),
        ("pages.yml", '"Answer":', '"Answers":', "'Answer' is missing"),
        ("pages.yml", '"Was this helpful?":', '"Was it?":', "'Was this helpful?' is missing"),
        ("pages.yml", '"A name has at most {longest}', '"A name has {longest}', "'A name has at most {longest}"),
        ("pages.yml", "tiene como máximo {longest}", "tiene {mucho}", "has the placeholders {mucho}, not {longest}"),
        ("pages.yml", "responde sobre **{{ ticket.reference }}**", "responde", "not {ticket.reference}, {ticket.subj"),
        ("pages.yml", "{% endif %}:", ":", "cannot be filled in"),
        ("words.yml", '"Connect Wi-Fi":', '"Connect wifi":', "'Connect Wi-Fi' is missing"),
        ("words.yml", '"“{name}” is empty."', '"“{name}” is void."', "'“{name}” is empty.' is missing"),
    ],
)
def test_what_is_wrong_is_listed_with_its_file(folder: Path, name: str, old: str, new: str, finding: str) -> None:
    path = folder / "es" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    found = checked.findings(folder)
    assert any(line.startswith(str(path)) and finding in line for line in found), found


def test_a_language_without_catalogues_is_found(folder: Path) -> None:
    (folder / "de" / "words.yml").unlink()
    assert any("'Skip' is missing" in line for line in checked.findings(folder))


@pytest.mark.parametrize("language", TRANSLATED)
def test_buttons_that_stand_together_differ(language: str) -> None:
    said = [catalogues.said(title, language) for title in ("Yes", "No", "Skip", "Cancel", "Send", "Today", "Yesterday")]
    assert len(set(said)) == len(said)


@pytest.mark.parametrize(
    ("english", "spanish"),
    [
        ("3 days ago", "hace 3 días"),
        ("Friday 20 November, 14:30 CET", "el viernes 20 de noviembre, 14:30 CET"),
        ("9 November 2026", "9 de noviembre de 2026"),
        (
            "You are number 3 in the queue. It should take about 5 minutes.",
            "Es el número 3 de la cola. Debería tardar unos 5 minutos.",
        ),
        ("my Dell laptop", "my Dell laptop"),
        ("9 Novembers 2026", "9 Novembers 2026"),
        ("", ""),
    ],
)
def test_sentences_with_values(english: str, spanish: str) -> None:
    assert catalogues.filled(english, "es") == spanish
    assert catalogues.filled(english, "en") == english


def test_what_is_not_translated_is_said_in_english() -> None:
    assert catalogues.said("Our own team for lamps", "fr") == "Our own team for lamps"
    assert catalogues.responses("en") == {}


@pytest.mark.parametrize(
    ("english", "language", "shown"),
    [
        ("At most 200 characters, please.", "fr", "Au plus 200 caractères, s’il vous plaît."),
        ("A password has at most 1,000 characters.", "de", "Ein Passwort hat höchstens 1.000 Zeichen."),
        ("A password has at most 1,000 characters.", "hi", "पासवर्ड में अधिक से अधिक 1,000 अक्षर होते हैं।"),
        ("Signing on with Yes did not work. Please try again.", "es", None),
        ("At most many characters, please.", "de", "At most many characters, please."),
    ],
)
def test_refusals_with_values(english: str, language: str, shown: str | None) -> None:
    found = catalogues.shown(english, language)
    assert found == shown if shown is not None else "Yes" in found and found != english, "a name stays as it is"


def test_a_value_that_stands_there_twice_is_the_same_twice() -> None:
    told = (
        "{name} did not confirm your e-mail address, so we cannot tell which account is yours. Log in with your "
        "password; then you can connect {name} on the page of your account."
    )
    assert catalogues.shown(told.replace("{name}", "Uni"), "de").count("Uni") == 2
    other = told.replace("{name}", "Uni", 1).replace("{name}", "Bank")
    assert catalogues.shown(other, "de") == other


#: Staff's.
ENGLISH = ("channel_broken", "invitation", "mailbox_trouble", "webhook_trouble")
#: What is the same in every language.
NAMES = re.compile(r"Slack|Microsoft Teams|Telegram|API|HS-\d+|MK")


def _of_people(path: Path) -> bool:
    name = path.relative_to(checked.TEMPLATES).as_posix()
    return texts.is_for_everybody(name) or name in ("base.html", "_attachments.html")


WRITTEN = [
    path
    for path in (*filter(_of_people, sorted(checked.TEMPLATES.rglob("*.html"))), *sorted(checked.LETTERS.iterdir()))
    if not path.name.startswith(ENGLISH)
]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_people_read_goes_through_the_catalogues(path: Path) -> None:
    """No word stands in a template as it is: neither between tags, nor in what is read out, nor in an expression."""
    source = re.sub(r"{#.*?#}|<(style|script|code)\b.*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL)
    source = re.sub(r"{% block kind %}.*?{% endblock %}", "", source)
    expressions = " ".join(re.findall(r"{{(.*?)}}", source, re.DOTALL))
    quoted = re.findall(r'"([^"]*)"', re.sub(r'_\("[^"]*"|leaf\("[^"]*"\)', "", expressions))
    plain = re.sub(r"{%.*?%}|{{.*?}}", "", source, flags=re.DOTALL)
    read_out = re.findall(r'(?:aria-label|alt|placeholder|title)="([^"]*)"', plain)
    between = re.sub(r'<[^>]*>|&[#\w]+;|[\w-]+="[^"]*"', " ", plain).split("\n")
    sentences = [each for each in quoted if re.search(r"[A-Z][a-z]|[a-z] [a-z]", each)]
    bare = [each.strip() for each in (*read_out, *between) if re.search("[A-Za-z]{2,}", NAMES.sub("", each))]
    assert not [*bare, *sentences]
