"""Letters about accounts, and the account's own pages, in the language of whoever they are for."""

from __future__ import annotations

import html

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.notify import unsubscribe
from helpsage.people import accounts, identities
from helpsage.people.errors import WrongCredentials
from helpsage.people.models import Person
from helpsage.people.notices import Origin
from tests.integration.web.accounts.conftest import ASHA, Mailbox
from tests.integration.web.accounts.test_register import ask
from tests.integration.web.conftest import PASSWORD
from tests.integration.web.visitor import Visitor

FRENCH = {"Accept-Language": "fr"}


def speak(database: Engine, language: str) -> None:
    """The profile names a language."""
    with Session(database) as session, session.begin():
        account = accounts.by_email(session, ASHA)
        assert account is not None
        account.person.locale = language


def test_whoever_registers_on_a_french_page_gets_a_french_letter_and_stays_french(
    visitor: Visitor, mailbox: Mailbox, database: Engine
) -> None:
    visitor.headers.update(FRENCH)
    ask(visitor)
    letter = mailbox.newest(ASHA)
    assert letter.subject.startswith("Confirmez votre adresse e-mail pour")
    assert "Le lien est valable une fois, pendant" in letter.text
    assert letter.html is not None
    assert '<html lang="fr">' in letter.html
    page = visitor.get(mailbox.link(ASHA))
    assert "Encore une étape" in page.text
    visitor.submit(visitor.form(page, "/register/confirm"))
    with Session(database) as session:
        account = accounts.by_email(session, ASHA)
        assert account is not None
        assert account.person.locale == "fr"


def test_a_forgotten_password_is_written_of_in_the_profiles_language(
    asha: Visitor, visitor: Visitor, mailbox: Mailbox, database: Engine
) -> None:
    speak(database, "de")
    visitor.headers.update(FRENCH)
    visitor.submit(visitor.form(visitor.get("/forgot"), "/forgot"), email=ASHA)
    assert mailbox.newest(ASHA).subject.startswith("Ein neues Passwort für")
    visitor.submit(visitor.form(visitor.get("/forgot"), "/forgot"), email="nobody@uni.example")
    assert mailbox.newest("nobody@uni.example").subject.startswith("Il n’y a pas de compte pour cette adresse")


def test_a_change_is_told_in_the_profiles_language(asha: Visitor, mailbox: Mailbox, database: Engine) -> None:
    speak(database, "es")
    page = asha.get("/account/password")
    asha.submit(asha.form(page, "/account/password"), old=PASSWORD, password="another good password")
    letter = mailbox.newest(ASHA)
    assert letter.subject.startswith("Se ha cambiado su contraseña")
    assert "Se ha cambiado la contraseña de su cuenta." in letter.text
    assert " de 20" in letter.text, "its date is Spanish"


def test_whoever_guesses_does_not_choose_the_language(asha: Visitor, mailbox: Mailbox, database: Engine) -> None:
    guesses = Origin("192.0.2.7", language="fr")
    for _ in range(accounts.FAILURES_PER_EMAIL):
        with Session(database) as session, pytest.raises(WrongCredentials):
            accounts.authenticate(session, ASHA, "wrong password", "192.0.2.7", guesses)
    assert mailbox.has(ASHA, "Someone tries to guess your password")


def test_the_letter_of_a_code_speaks_as_the_chat_does(database: Engine, mailbox: Mailbox) -> None:
    with Session(database) as session, session.begin():
        identity = identities.known(session, "telegram", "4711", "Asha")
        session.get_one(Person, identity.person_id).locale = "hi"
        identities.ask(session, identity, ASHA)
    letter = mailbox.newest(ASHA)
    assert letter.subject.endswith("के लिए आपका कोड")
    assert "15 मिनट तक काम करता है" in letter.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/account", "Mein Konto"),
        ("/account/password", "Derzeitiges Passwort"),
        ("/account/email", "Neue E-Mail-Adresse"),
        ("/account/two-factor", "Authenticator-App"),
        ("/account/chats", "Noch ist kein Chat verbunden."),
        ("/account/tokens", "Meine Token"),
        ("/my/notifications", "Sagen Sie mir Bescheid, wenn …"),
        ("/my/data", "Meine Daten herunterladen"),
    ],
)
def test_pages_of_an_account_in_german(asha: Visitor, database: Engine, path: str, words: str) -> None:
    speak(database, "de")
    page = asha.get(path)
    assert words in html.unescape(page.text)
    assert '<html lang="de"' in page.text


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/reset?token=torn", "Dieser Link ist unvollständig"),
        ("/unsubscribe/torn", "Dieser Link funktioniert nicht"),
        ("/nowhere", "Diese Seite gibt es nicht"),
    ],
)
def test_pages_without_an_account_in_german(visitor: Visitor, path: str, words: str) -> None:
    assert words in html.unescape(visitor.get(path, headers={"Accept-Language": "de"}).text)


def test_where_a_letter_leads_speaks_as_the_letter_did(asha: Visitor, visitor: Visitor, database: Engine) -> None:
    speak(database, "de")
    with Session(database) as session:
        account = accounts.by_email(session, ASHA)
        assert account is not None
        path = unsubscribe.link(account.person_id).partition("/unsubscribe")[2]
    page = visitor.get(f"/unsubscribe{path}", headers=FRENCH)
    assert "E-Mails über Tickets" in page.text
    assert "Keine E-Mails über Tickets mehr" in visitor.post(f"/unsubscribe{path}", headers=FRENCH).text


def test_refusals_with_numbers_are_french_too(asha: Visitor, database: Engine) -> None:
    speak(database, "fr")
    page = asha.submit(asha.form(asha.get("/account/password"), "/account/password"), old=PASSWORD, password="short")
    assert "Un mot de passe a au moins 10 caractères." in html.unescape(page.text)
    page = asha.submit(asha.form(asha.get("/account/password"), "/account/password"), old=PASSWORD, password="x" * 1001)
    assert "Un mot de passe a au plus 1\u202f000 caractères." in html.unescape(page.text)
    page = asha.submit(asha.form(asha.get("/my/profile"), "/my/profile"), name="x" * 201)
    assert "Au plus 200 caractères, s’il vous plaît." in html.unescape(page.text)
