"""Real models on real messages: measured, compared, let through or not, and read along."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from helpsage import clock
from helpsage.cli.__main__ import build
from helpsage.conversations.models import Message
from helpsage.db.session import transaction
from helpsage.setup import steps
from helpsage.training import comparison, evaluation, examples, promotions, report, shadow, signing, understanding
from helpsage.training.comparison import Change
from helpsage.training.examples import Line
from helpsage.training.understanding import Understood

pytestmark = [pytest.mark.rasa, pytest.mark.usefixtures("clean_database")]

#: Of the held-out messages, every so-manieth: enough to tell a good model from a bad one.
EVERY = 12

Say = Callable[..., Message]

_ask = understanding.ask
_said: dict[tuple[str, tuple[str, ...]], list[Understood]] = {}


def ask_once(model: Path, texts: Sequence[str], *, idly: bool = False) -> list[Understood]:
    """Ask the real model; the same file the same texts only once, since loading one takes seconds."""
    key = (signing.sha256_of(model), tuple(texts))
    if key not in _said:
        _said[key] = _ask(model, texts, idly=idly)
    return _said[key]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> list[Line]:
    """The held-out messages of these tests; reports go to a folder of their own."""
    kept = examples.held_out()[::EVERY]
    monkeypatch.setattr(examples, "held_out", lambda: kept)
    monkeypatch.setattr(understanding, "ask", ask_once)
    folder = tmp_path_factory.mktemp("reports")
    monkeypatch.setattr(report, "folder", lambda: folder)
    return kept


def sage(*arguments: str) -> tuple[int, str]:
    finished = CliRunner().invoke(build(), list(arguments))
    if finished.exception is not None and not isinstance(finished.exception, SystemExit):
        return 1, str(finished.exception)
    return finished.exit_code, finished.output


def test_a_worse_model_is_turned_away_and_promoted_only_with_a_reason(library: Path, trained: Path) -> None:
    bad = "sage-00bad.tar.gz"
    code, told = sage("promote", bad, "--json")
    assert code == 1
    found = json.loads(told.splitlines()[-1])
    assert found["promoted"] is False
    assert "worse on the held-out messages" in found["gate"]["reasons"][0]
    assert sage("promote", bad, "--anyway")[0] == 2
    code, told = sage("promote", bad, "--anyway", "--why", "a rehearsal", "--json")
    assert code == 0
    with transaction() as session:
        newest = promotions.current(session)
    assert newest is not None
    assert (newest.model, newest.anyway, newest.why) == (bad, True, "a rehearsal")
    assert newest.gate is not None
    assert newest.gate["allowed"] is False
    code, told = sage("rollback", "--why", "enough", "--json")
    assert (code, json.loads(told.splitlines()[-1])["model"]) == (0, trained.name)
    code, told = sage("models", "--json")
    found = json.loads(told)
    assert found["in_use"] == trained.name
    assert [line["kind"] for line in found["history"]] == ["rollback", "promote", "first"]


def test_a_comparison_tells_each_change_and_is_one_file(library: Path, trained: Path, few: list[Line]) -> None:
    found = comparison.compare(library / trained.name, library / "sage-00bad.tar.gz", [])
    assert found.verdict.held_out.messages == len(few)
    assert len(found.of(Change.WORSE)) == found.verdict.held_out.lost > 10
    assert len(found.of(Change.BETTER)) == found.verdict.held_out.gained
    html = report.of_comparison(found).read_text("utf-8")
    assert found.of(Change.WORSE)[0].place in html
    assert "<script" not in html
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    kept = report.newest(report.COMPARISON)
    assert kept is not None
    assert kept["worse"] == found.verdict.held_out.lost


def test_an_evaluation_has_every_number_and_plot(library: Path, trained: Path, few: list[Line]) -> None:
    found = evaluation.evaluate(library / trained.name)
    [measured] = found.measured
    assert measured.messages == len(few)
    assert 0.75 < measured.right <= 1
    assert measured.interval[0] < measured.right < measured.interval[1] or measured.right == 1
    assert sum(each.messages for each in measured.bins) == len(few)
    assert sum(count for _, _, count in measured.confusions) == len(measured.mistakes)
    html = report.of_evaluation(found).read_text("utf-8")
    assert html.count("<svg") >= 2
    assert "<script" not in html


def test_an_unknown_intent_among_the_held_out_is_told(
    library: Path, trained: Path, few: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = Line(few[0].text, "parking", "tests/nlu/held_out_x.yml", 7)
    monkeypatch.setattr(examples, "held_out", lambda: [strange, *few[1:]])
    found = evaluation.evaluate(library / trained.name)
    assert found.notes == [
        "tests/nlu/held_out_x.yml:7: intent 'parking' has no example in data/: its messages count as misunderstood"
    ]
    assert found.measured[0].unknown == ["parking"]


def test_cross_validation_reads_every_example_once_and_by_others() -> None:
    lines = [line for line in examples.written() if line.label in ("greet", "goodbye", "wifi_problem", "affirm")]
    said = understanding.cross_validate([line.text for line in lines], [line.label for line in lines], 3)
    right = sum(line.label == one.label for line, one in zip(lines, said, strict=True)) / len(lines)
    assert 0.75 < right < 1, "perfect would mean that it has seen them"


def test_a_broken_model_is_told_in_one_line(library: Path) -> None:
    path = library / "sage-broken.tar.gz"
    path.write_bytes(b"\x1f\x8b\x08\x00broken")
    with pytest.raises(understanding.NotUnderstood, match=r"cannot load sage-broken\.tar\.gz"):
        understanding.ask(path, ["hello"])


def test_a_candidate_reads_along_and_stops_by_itself(library: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        shadow.begin(session, library / "sage-c0ffee.tar.gz", 1, "Asha")
    begun = clock.now()
    with transaction() as session:
        for text, intent in (("the wifi is down", "wifi_problem"), ("good morning", "goodbye"), ("x", "nlu_fallback")):
            say(session, text, intent).created_at = begun + timedelta(seconds=1)
        say(session, "Wi-Fi", "wifi_problem", payload="/wifi_problem").created_at = begun + timedelta(seconds=1)
        say(session, "before it began", "greet").created_at = begun - timedelta(hours=1)
    assert shadow.read_along() == 3
    assert shadow.read_along() == 0, "each message is read once"
    with transaction() as session:
        run = shadow.newest(session)
        assert run is not None
        with pytest.raises(shadow.NotPossible, match="is going on until"):
            shadow.begin(session, library / "sage-00bad.tar.gz", 1, "Asha")
        found = shadow.report(session, run)
    assert found.messages == 3
    assert ("goodbye", "greet", 1) in found.changes
    assert found.asked_back == pytest.approx(1 / 3)
    assert any(each.text == "good morning" and each.after == "greet" for each in found.differences)
    monkeypatch.setattr(clock, "now", lambda: begun + timedelta(days=2))
    assert shadow.read_along() == 0
    with transaction() as session:
        ended = shadow.newest(session)
        assert ended is not None
        assert (ended.why_ended, ended.ended_at == ended.until) == (shadow.ENDED, True)
    code, told = sage("shadow", "--report", "--json")
    assert (code, json.loads(told)["messages"]) == (0, 3)


def test_a_run_ends_when_its_model_changes(library: Path) -> None:
    path = library / "sage-c0ffee.tar.gz"
    with transaction() as session:
        shadow.begin(session, path, 1, "Asha")
    path.write_bytes(b"other")
    assert shadow.read_along() == 0
    with transaction() as session:
        run = shadow.newest(session)
    assert run is not None
    assert "has changed since it was signed" in run.why_ended


def test_training_in_vain_is_refused_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MODELS", tmp_path)
    monkeypatch.setattr(steps, "model_path", lambda: tmp_path / "sage-new.tar.gz")
    monkeypatch.setattr(steps, "TRAINING_MB", 10**9)
    with pytest.raises(steps.SetupError, match="disk full: training needs"):
        steps.ensure_model()
    monkeypatch.setattr(steps, "ROOT", tmp_path)
    with pytest.raises(steps.SetupError, match="nothing to train from: data/nlu holds no"):
        steps.ensure_model()


def test_a_disk_that_fills_up_while_training_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "MODELS", tmp_path)
    monkeypatch.setattr(steps, "model_path", lambda: tmp_path / "sage-new.tar.gz")
    full = tmp_path / "full"
    full.write_text("#!/bin/sh\necho 'OSError: [Errno 28] No space left on device'\nexit 1\n")
    full.chmod(0o755)
    monkeypatch.setattr(steps, "rasa_python", lambda: full)
    with pytest.raises(steps.SetupError, match="disk full: Training the assistant"):
        steps.ensure_model()
    assert list(tmp_path.glob("*.tar.gz")) == []
