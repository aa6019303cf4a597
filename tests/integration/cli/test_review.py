"""`./sage review`: found by the job, listed, exported as a patch that applies to these very files, put on a branch."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from helpsage import clock
from helpsage.cli import review as commands
from helpsage.cli.__main__ import build
from helpsage.conversations import service as conversations
from helpsage.departments import service as departments
from helpsage.setup import steps
from helpsage.training import taught
from helpsage.training.items import ReviewItem

Sage = Callable[..., tuple[int, str]]
SAID = "the zorp thing blinks purple again"


@pytest.fixture
def sage() -> Sage:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(build(), ["review", *arguments])
        return done.exit_code, done.output

    return run


@pytest.fixture
def said(clean_database: Engine) -> Engine:
    """Somebody was not understood, an hour ago; and the job has found it."""
    with Session(clean_database) as session, session.begin():
        departments.ensure_defaults(session)
        chat = conversations.ensure(session, "web:1", "web")
        message = conversations.push(session, chat.id, "person", text=SAID)
        message.intent, message.confidence = "nlu_fallback", 0.7
        message.created_at = clock.now() - timedelta(hours=1)
    return clean_database


def accept(engine: Engine, label: str) -> None:
    with Session(engine) as session, session.begin():
        item = session.scalars(select(ReviewItem)).one()
        assert (item.state, item.reason) == ("open", "abandoned")
        assert len(item.near) == 5
        item.state, item.label = "accepted", label


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The trainers' files of this project in a repository of their own."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "T")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@x.example")
    for path, text in taught.files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, "utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "All")
    return tmp_path


def test_from_a_message_to_a_patch_and_a_branch(
    sage: Sage, said: Engine, checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sage("list") == (0, "Nothing was accepted that is not merged yet.\n")
    assert json.loads(sage("find", "--json")[1]) == {"messages": 1}
    assert json.loads(sage("find", "--json")[1]) == {"messages": 0}
    code, out = sage("export")
    assert (code, "There is nothing to write" in out) == (0, True)
    accept(said, "hardware_problem")
    assert sage("list") == (0, f"hardware_problem: {SAID}\n1 accepted.\n")
    patch = tmp_path / "out" / "change.patch"
    code, out = sage("export", "--to", str(patch), "--json")
    assert json.loads(out) == {"patch": str(patch), "files": ["data/nlu/issues_devices.yml"]}
    monkeypatch.setattr(commands, "ROOT", checkout)
    code, out = sage("apply", "--branch", "learned", "--json")
    assert (code, json.loads(out)["branch"]) == (0, "learned")
    assert git(checkout, "status", "--porcelain", "--untracked-files=no") == ""
    git(checkout, "apply", str(patch))
    assert git(checkout, "diff", "--stat", "learned", "--", "data") == "", "the patch and the branch are the same"
    assert git(checkout, "diff", "--numstat").split()[:2] == ["1", "0"]
    code, out = sage("apply", "--branch", "learned")
    assert code == 1


def test_without_its_root_in_git_it_says_so(
    sage: Sage, said: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    code, _ = sage("apply", "--branch", "learned")
    assert code == 1
    assert list(tmp_path.iterdir()) == []
    assert tmp_path != steps.ROOT
