"""Accounts, logging in, sessions."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from pwdlib import PasswordHash
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.people import accounts, sessions
from helpsage.people.errors import AccountExists, InvalidAccount, TooManyAttempts, WrongCredentials
from helpsage.people.models import Account, Attempt, LoginSession, Person

PASSWORD = "correct horse battery"


@pytest.fixture
def account(clean_database: Engine) -> Account:
    with Session(clean_database, expire_on_commit=False) as session, session.begin():
        return accounts.create(session, "Priya@Example.org", "Priya", PASSWORD, "agent")


def log_in(engine: Engine, email: str, password: str, address: str = "192.0.2.1") -> Account:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return accounts.authenticate(session, email, password, address)


def refused(engine: Engine, email: str, password: str, address: str = "192.0.2.1") -> None:
    with pytest.raises(WrongCredentials):
        log_in(engine, email, password, address)


# --- making


def test_password_is_hashed_with_argon2(account: Account) -> None:
    assert account.password_hash.startswith("$argon2id$")
    assert PASSWORD not in account.password_hash


def test_a_hash_costs_what_is_recommended() -> None:
    """OWASP's cheat sheet on password storage: 19 MiB and two rounds at least. Asked of a process without our tests."""
    program = "from helpsage.people import passwords; print(passwords.hashed('correct horse'))"
    kept = subprocess.check_output([sys.executable, "-c", program], text=True)
    costs = dict(each.split("=") for each in kept.split("$")[3].split(","))
    assert int(costs["m"]) >= 19_456
    assert int(costs["t"]) >= 2


def test_person_is_proven_by_it(account: Account) -> None:
    assert account.person.email == "Priya@example.org"


def test_known_person_is_taken(session: Session) -> None:
    known = Person(name="Ada", email="ada@example.org")
    session.add(known)
    session.flush()
    assert accounts.create(session, "ADA@example.org", "A.", PASSWORD, "requester").person is known


def test_one_account_an_address(session: Session) -> None:
    accounts.create(session, "ada@example.org", "Ada", PASSWORD, "agent")
    with pytest.raises(AccountExists):
        accounts.create(session, " Ada@Example.org ", "Ada", PASSWORD, "agent")
    assert session.scalar(select(func.count()).select_from(Account)) == 1


def test_one_account_an_address_when_made_at_once(clean_database: Engine) -> None:
    together = threading.Barrier(4)
    outcomes: list[str] = []

    def create() -> None:
        together.wait()
        with Session(clean_database) as own, own.begin():
            try:
                accounts.create(own, "ada@example.org", "Ada", PASSWORD, "agent")
                outcomes.append("made")
            except AccountExists:
                outcomes.append("exists")

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["exists", "exists", "exists", "made"]


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.org", "ada@", "a da@example.org", "a" * 250 + "@example.org", "a\0@b"]
)
def test_unusable_address(session: Session, email: str) -> None:
    with pytest.raises(InvalidAccount):
        accounts.create(session, email, "Ada", PASSWORD, "agent")


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 1_001, "null\0in the middle"])
def test_unusable_password(session: Session, password: str) -> None:
    with pytest.raises(InvalidAccount):
        accounts.create(session, "ada@example.org", "Ada", password, "agent")


# --- logging in


def test_right_password_logs_in_whatever_the_capitals(clean_database: Engine, account: Account) -> None:
    found = log_in(clean_database, " pRIYA@example.org ", PASSWORD)
    assert found.id == account.id
    assert found.last_login_at is not None


def test_wrong_password_unknown_address_and_disabled_account_are_alike(
    clean_database: Engine, account: Account
) -> None:
    refused(clean_database, account.email, "wrong password")
    refused(clean_database, "nobody@example.org", PASSWORD)
    with Session(clean_database) as session, session.begin():
        accounts.disable(session, session.get_one(Account, account.id))
    refused(clean_database, account.email, PASSWORD)
    with Session(clean_database) as session, session.begin():
        accounts.enable(session.get_one(Account, account.id))
    assert log_in(clean_database, account.email, PASSWORD).id == account.id


def test_unknown_address_takes_as_long(
    clean_database: Engine, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nearly all of the time goes into looking at one hash: there is one to look at for nobody, too."""
    looked_at: list[str] = []
    verify = PasswordHash.verify_and_update

    def noted(self: PasswordHash, password: str, kept: str) -> tuple[bool, str | None]:
        looked_at.append(kept)
        return verify(self, password, kept)

    monkeypatch.setattr(PasswordHash, "verify_and_update", noted)
    refused(clean_database, account.email, "wrong password")
    refused(clean_database, "nobody@example.org", "wrong password")
    known, unknown = (kept.rpartition("$")[0].rpartition("$")[0] for kept in looked_at)
    assert known == unknown, "as costly as each other"


@pytest.mark.parametrize("hostile", ["\0", "x" * 100_000, "'; drop table account; --", "é" * 500])
def test_hostile_input_is_just_wrong(clean_database: Engine, account: Account, hostile: str) -> None:
    refused(clean_database, hostile, PASSWORD)
    refused(clean_database, account.email, hostile)


def test_failures_are_kept_although_the_caller_rolls_back(clean_database: Engine, account: Account) -> None:
    refused(clean_database, account.email, "wrong password")
    with Session(clean_database) as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 2


def test_one_address_cannot_guess_for_long(clean_database: Engine, account: Account) -> None:
    for number in range(accounts.FAILURES_PER_EMAIL):
        refused(clean_database, account.email, f"guess number {number}", f"192.0.2.{number}")
    with pytest.raises(TooManyAttempts) as refusal:
        log_in(clean_database, account.email, PASSWORD, "198.51.100.1")
    assert 0 < refusal.value.retry_after_s <= 15 * 60
    with clock.frozen(clock.now() + timedelta(seconds=refusal.value.retry_after_s + 1)):
        assert log_in(clean_database, account.email, PASSWORD).id == account.id


def test_one_network_address_cannot_try_everybody(
    clean_database: Engine, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "FAILURES_PER_ADDRESS", 5)
    for number in range(5):
        refused(clean_database, f"user{number}@example.org", "wrong password")
    with pytest.raises(TooManyAttempts):
        log_in(clean_database, account.email, PASSWORD)
    assert log_in(clean_database, account.email, PASSWORD, "198.51.100.1").id == account.id


def test_many_at_once_do_not_slip_through(clean_database: Engine, account: Account) -> None:
    together = threading.Barrier(14)
    outcomes: list[str] = []

    def guess(number: int) -> None:
        together.wait()
        try:
            log_in(clean_database, account.email, f"guess number {number}")
        except (WrongCredentials, TooManyAttempts) as refusal:
            outcomes.append(type(refusal).__name__)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("WrongCredentials") == accounts.FAILURES_PER_EMAIL
    assert len(outcomes) == 14


def test_success_clears_the_failures(clean_database: Engine, account: Account) -> None:
    for _ in range(accounts.FAILURES_PER_EMAIL - 1):
        refused(clean_database, account.email, "wrong password")
    log_in(clean_database, account.email, PASSWORD)
    for _ in range(accounts.FAILURES_PER_EMAIL - 1):
        refused(clean_database, account.email, "wrong password")


# --- sessions


@pytest.fixture
def staff(session: Session) -> Account:
    return accounts.create(session, "priya@example.org", "Priya", PASSWORD, "agent")


def test_token_is_never_kept(session: Session, staff: Account) -> None:
    token = accounts.open_session(session, staff, "Firefox")
    kept = session.scalars(select(LoginSession)).one()
    assert token not in (kept.token_hash, kept.user_agent)
    found = accounts.find_session(session, token)
    assert found is kept
    assert kept.account is staff


@pytest.mark.parametrize("token", ["", "wrong", "\0", "é"])
def test_unknown_token(session: Session, staff: Account, token: str) -> None:
    accounts.open_session(session, staff)
    assert accounts.find_session(session, token) is None


@pytest.mark.parametrize(("remember", "idle"), [(False, sessions.IDLE), (True, sessions.REMEMBERED)])
def test_ends_after_a_time_without_a_visit(session: Session, staff: Account, remember: bool, idle: timedelta) -> None:
    token = accounts.open_session(session, staff, remember=remember)
    start = clock.now()
    for visits in (1, 2, 3):
        with clock.frozen(start + 0.9 * visits * idle):
            assert accounts.find_session(session, token) is not None
    with clock.frozen(start + 3.71 * idle):
        assert accounts.find_session(session, token) is None


def test_logged_out(session: Session, staff: Account) -> None:
    token, other = accounts.open_session(session, staff), accounts.open_session(session, staff)
    accounts.revoke_session(session, token)
    session.expire_all()
    assert accounts.find_session(session, token) is None
    assert accounts.find_session(session, other) is not None


def test_disabled_account_ends_its_sessions(session: Session, staff: Account) -> None:
    token = accounts.open_session(session, staff)
    accounts.disable(session, staff)
    session.expire_all()
    assert accounts.find_session(session, token) is None
    accounts.enable(staff)
    assert accounts.find_session(session, token) is None


def test_tidying_keeps_what_is_good(session: Session, staff: Account) -> None:
    accounts.open_session(session, staff)
    session.add(Attempt(purpose="x", key="y", at=clock.now()))
    session.add(Attempt(purpose="x", key="y", at=clock.now() - timedelta(days=2)))
    session.flush()
    accounts.tidy(session)
    assert session.scalar(select(func.count()).select_from(LoginSession)) == 1
    assert session.scalar(select(func.count()).select_from(Attempt)) == 1
    with clock.frozen(clock.now() + timedelta(days=15)):
        accounts.tidy(session)
    assert session.scalar(select(func.count()).select_from(LoginSession)) == 0
