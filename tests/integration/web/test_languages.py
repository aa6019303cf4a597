"""Pages for people in their language; staff's in English."""

from __future__ import annotations

import pytest

from helpsage.training.catalogues import page_texts
from languages import catalogues
from tests.integration.web.visitor import Visitor

SPANISH = {"Accept-Language": "es-MX,es;q=0.9"}


@pytest.mark.parametrize(
    ("path", "words"),
    [("/", "Empezar un chat"), ("/login", "¿Olvidó la contraseña?"), ("/register", "Crear una cuenta")],
)
def test_a_page_speaks_what_the_browser_asks_for(visitor: Visitor, path: str, words: str) -> None:
    page = visitor.get(path, headers=SPANISH)
    assert words in page.text
    assert '<html lang="es"' in page.text
    assert page.headers["content-language"] == "es"
    assert "Accept-Language" in page.headers["vary"]


def test_without_a_wish_it_is_english(visitor: Visitor) -> None:
    page = visitor.get("/login", headers={"Accept-Language": "pt-BR"})
    assert '<html lang="en"' in page.text
    assert "Forgot the password?" in page.text


def test_a_choice_in_the_footer_counts_more_than_the_browser(visitor: Visitor) -> None:
    page = visitor.get("/login?next=/my", headers=SPANISH)
    chosen = visitor.submit(visitor.form(page, "/language"), language="de")
    assert str(chosen.url).endswith("/login?next=/my")
    assert "Passwort vergessen?" in chosen.text
    assert "Passwort vergessen?" in visitor.get("/login", headers=SPANISH).text


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_a_choice_leads_nowhere_else(visitor: Visitor, back: str) -> None:
    page = visitor.get("/login")
    answer = visitor.submit(visitor.form(page, "/language"), language="de", next=back)
    assert "evil" not in str(answer.url)


def test_a_choice_needs_our_form(visitor: Visitor) -> None:
    visitor.get("/login")
    assert visitor.post("/language", data={"language": "de"}).status_code == 403


def test_what_is_refused_is_refused_in_the_readers_language(visitor: Visitor) -> None:
    page = visitor.get("/nowhere", headers=SPANISH)
    assert page.status_code == 404
    assert "No existe esa página" in page.text


def test_staffs_pages_stay_english(agent: Visitor) -> None:
    page = agent.get("/agent", headers=SPANISH)
    assert '<html lang="en"' in page.text
    assert "/language" not in page.text


def test_what_somebody_typed_is_still_escaped(visitor: Visitor) -> None:
    page = visitor.submit(
        visitor.form(visitor.get("/login", headers=SPANISH), "/login"), email="<b>x</b>", password="wrong"
    )
    assert "<b>x</b>" not in page.text


def test_no_translation_brings_markup() -> None:
    """Texts of `_()` are put into pages as they are: a translation may not have what its English has not."""
    known = page_texts()
    for language in ("es", "de", "fr", "hi"):
        for english, text in catalogues.pages(language).items():
            assert english in known
            assert not {"<", ">", '"'} & set(text) - set(english), text
