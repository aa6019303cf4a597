"""The catalogues are whole, and what is said in them is right."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from helpsage.training import catalogues as checked
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
