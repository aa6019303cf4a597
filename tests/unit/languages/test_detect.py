"""Which language is spoken, and when a conversation follows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from languages import SPOKEN, detect
from languages.detect import Switch


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("no puedo entrar a mi cuenta", "es"),
        ("mein Passwort funktioniert nicht mehr", "de"),
        ("je n'arrive pas à me connecter", "fr"),
        ("wifi nahi chal raha hai please help", "hi"),
        ("पासवर्ड भूल गया", "hi"),
        ("I can't log in to my account", "en"),
        ("é possível não pagar até amanhã com o cartão do meu pai", "pt"),
        ("TXN20394857", None),
        ("ok", None),
    ],
)
def test_the_language_of_a_message(text: str, language: str | None) -> None:
    assert detect.read(text).value == language


@pytest.mark.parametrize(
    "text",
    ["ok", "si", "me", "Just me", "Taj Mahal hostel room 12", "my name is de la Cruz", "450 INR", "Die Hard", ""],
)
def test_a_word_or_a_name_changes_nothing(text: str) -> None:
    assert detect.follow("en", False, text) == Switch("en")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("no puedo entrar a mi cuenta", "es"),
        ("hola", "es"),
        ("Bonjour !", "fr"),
        ("नमस्ते", "hi"),
        ("mera payment nahi hua hai", "hi"),
        ("the printer is broken again", "en"),
    ],
)
def test_a_conversation_follows_what_is_clear(text: str, language: str) -> None:
    assert detect.follow("de", False, text) == Switch(language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("en español por favor", "es"),
        ("auf Deutsch bitte", "de"),
        ("can we speak French", "fr"),
        ("hindi mein bolo", "hi"),
        ("हिंदी में बताइए", "hi"),
        ("English please", "en"),
        ("how do i get a certificate in german", None),
        ("my german course is not in the timetable", None),
        ("I need the transcript in English, can you send it to the office in Berlin", None),
    ],
)
def test_a_wish(text: str, language: str | None) -> None:
    assert detect.wish(text) == language


def test_a_wish_alone_is_told_from_one_in_a_sentence() -> None:
    assert detect.is_only_a_wish("auf Deutsch, bitte!")
    assert detect.is_only_a_wish("español")
    assert not detect.is_only_a_wish("can you speak German, my printer is broken")
    assert not detect.is_only_a_wish("my german course")


def test_who_chose_keeps_it_until_they_choose_again() -> None:
    chosen = detect.follow("en", False, "en español por favor")
    assert chosen == Switch("es", asked_for=True)
    assert detect.follow(chosen.language, chosen.asked_for, "my printer does not work at all today") == chosen
    assert detect.follow(chosen.language, chosen.asked_for, "in English please") == Switch("en", asked_for=True)


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("nl,fr;q=0.4,de;q=0.6", "de"),
        ("pt-BR", "en"),
        ("hi;q=0", "en"),
        ("de;q=x,*", "en"),
        (None, "en"),
    ],
)
def test_what_a_browser_asks_for(header: str | None, language: str) -> None:
    assert detect.preferred(header) == language


@given(st.text(max_size=300), st.sampled_from(sorted(SPOKEN)), st.booleans())
def test_any_text_leads_to_a_language_that_is_spoken(text: str, language: str, asked_for: bool) -> None:
    assert detect.follow(language, asked_for, text).language in SPOKEN
    assert detect.preferred(text) in SPOKEN
