"""`./sage ticket`, `user` and `db` as a script would use them, on a real database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.people import accounts, invitations, two_factor
from helpsage.tickets import service


def sage(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpsage.cli", *arguments],
        input=given, cwd=settings.ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def said(finished: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.fixture
def reference(clean_database: Engine) -> str:
    with Session(clean_database) as session, session.begin():
        new = service.NewTicket("Fee payment failed", "Money left my account.", "payment_failure", "command line")
        return service.open_ticket(session, new, service.Actor("system")).reference


def test_a_ticket_is_listed_shown_answered_and_changed(reference: str) -> None:
    assert [one["reference"] for one in said(sage("ticket", "list", "--json"))] == [reference]
    said(sage("ticket", "reply", reference, "We are on it.", "--as", "Priya", "--status", "waiting", "--json"))
    said(sage("ticket", "set", reference, "--priority", "urgent", "--reason", "exam tomorrow", "--json"))
    [shown] = said(sage("ticket", "show", reference.lower(), "--json"))
    assert (shown["status"], shown["priority"]) == ("waiting", "urgent")
    assert [(entry["author"], entry["body"]) for entry in shown["thread"]] == [("Priya", "We are on it.")]


def test_the_same_reply_twice_is_one_reply(reference: str) -> None:
    for _ in range(2):
        said(sage("ticket", "reply", reference, "Once.", "--key", "run-7", "--json"))
    [shown] = said(sage("ticket", "show", reference, "--json"))
    assert len(shown["thread"]) == 1


def test_filters_leave_out_the_rest(reference: str) -> None:
    assert said(sage("ticket", "list", "--status", "closed", "--json")) == []
    assert len(said(sage("ticket", "list", "--status", "open", "--text", "payment", "--json"))) == 1


@pytest.mark.parametrize("unknown", ["HS-99999", "nonsense"])
def test_an_unknown_reference_is_one_line(reference: str, unknown: str) -> None:
    finished = sage("ticket", "show", unknown)
    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1
    assert unknown in finished.stderr


def test_a_move_that_is_not_allowed_says_what_is(reference: str) -> None:
    said(sage("ticket", "set", reference, "--status", "closed", "--json"))
    finished = sage("ticket", "set", reference, "--status", "waiting")
    assert finished.returncode == 1
    assert "closed" in finished.stderr


def test_an_account_can_log_in_with_the_printed_password(clean_database: Engine) -> None:
    [made] = said(sage("user", "add", "Priya@Example.org", "--name", "Priya", "--json"))
    with Session(clean_database) as session, session.begin():
        account = accounts.authenticate(session, "priya@example.org", made["password"], "127.0.0.1")
        assert account.role == "agent"
    assert [one["name"] for one in said(sage("user", "list", "--json"))] == ["Priya"]


def test_the_same_address_again_is_refused(clean_database: Engine) -> None:
    said(sage("user", "add", "priya@example.org", "--json"))
    finished = sage("user", "add", "PRIYA@example.org")
    assert finished.returncode == 1
    assert len(finished.stderr.splitlines()) == 1


def logs_in(engine: Engine, email: str, password: str) -> bool:
    with Session(engine) as session, session.begin():
        try:
            accounts.authenticate(session, email, password, "127.0.0.1")
        except accounts.WrongCredentials:
            return False
        return True


def test_another_password_from_the_command_line(clean_database: Engine) -> None:
    [made] = said(sage("user", "add", "priya@example.org", "--json"))
    chosen = "nine yellow umbrellas"
    done = sage("user", "password", "priya@example.org", "--password-stdin", given=f"{chosen}\n")
    assert done.returncode == 0
    assert not logs_in(clean_database, "priya@example.org", made["password"])
    assert logs_in(clean_database, "priya@example.org", chosen)
    refused = sage("user", "password", "priya@example.org", "--password-stdin", given="short\n")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (1, 1)


def test_lost_codes_are_reset_from_the_command_line(clean_database: Engine) -> None:
    said(sage("user", "add", "priya@example.org", "--json"))
    with Session(clean_database) as session, session.begin():
        account = accounts.by_email(session, "priya@example.org")
        assert account is not None
        now = int(clock.now().timestamp()) // two_factor.STEP_S
        two_factor.turn_on(session, account, pyotp.TOTP(two_factor.begin(session, account)).generate_otp(now))
        token = accounts.open_session(session, account)
    assert sage("user", "reset-two-factor", "priya@example.org").returncode == 0
    with Session(clean_database) as session:
        account = accounts.by_email(session, "priya@example.org")
        assert account is not None
        assert not two_factor.is_on(session, account)
        assert accounts.find_session(session, token) is None


def test_an_account_is_switched_off_and_on_and_given_a_role(clean_database: Engine) -> None:
    [made] = said(sage("user", "add", "olivia@example.org", "--role", "administrator", "--json"))
    last = sage("user", "disable", "olivia@example.org")
    assert (last.returncode, "last administrator" in last.stderr) == (1, True)
    said(sage("user", "add", "ada@example.org", "--role", "administrator", "--json"))
    assert sage("user", "disable", "olivia@example.org").returncode == 0
    assert not logs_in(clean_database, "olivia@example.org", made["password"])
    assert sage("user", "enable", "olivia@example.org").returncode == 0
    assert sage("user", "role", "olivia@example.org", "lead").returncode == 0
    assert logs_in(clean_database, "olivia@example.org", made["password"])
    assert {one["role"] for one in said(sage("user", "list", "--json"))} == {"administrator", "lead"}
    unknown = sage("user", "disable", "nobody@example.org")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (1, 1)


def test_someone_is_invited_from_the_command_line(clean_database: Engine) -> None:
    assert sage("user", "invite", "ben@example.org", "--role", "lead").returncode == 0
    with Session(clean_database) as session:
        [waiting] = invitations.waiting(session)
        assert (waiting.email, waiting.role) == ("ben@example.org", "lead")


def test_a_backup_brings_everything_back(reference: str, tmp_path: Path) -> None:
    file = tmp_path / "desk.dump"
    said(sage("db", "backup", str(file), "--json"))
    assert file.stat().st_mode & 0o077 == 0
    said(sage("ticket", "set", reference, "--status", "closed", "--json"))
    said(sage("db", "restore", str(file), "--yes", "--json"))
    assert [one["status"] for one in said(sage("ticket", "list", "--json"))] == ["open"]


def test_a_damaged_backup_changes_nothing(reference: str, tmp_path: Path) -> None:
    file = tmp_path / "desk.dump"
    said(sage("db", "backup", str(file), "--json"))
    file.write_bytes(file.read_bytes()[:2000])
    finished = sage("db", "restore", str(file), "--yes")
    assert finished.returncode == 1
    assert [one["reference"] for one in said(sage("ticket", "list", "--json"))] == [reference]
