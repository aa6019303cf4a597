"""The page of the assistant's models: what stands there, who puts one to work, and what is refused kindly."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.jobs import training
from helpsage.setup import steps
from helpsage.training import checks, evaluation, promotions, report, signing
from helpsage.training.checks.finding import Finding, Severity
from helpsage.training.comparison import Change, Changed, Comparison
from helpsage.training.evaluation import Evaluation
from helpsage.training.examples import Line
from helpsage.training.gate import judge
from helpsage.training.models import ModelPromotion, ShadowRun
from helpsage.training.promotions import Who
from helpsage.training.statistics import Paired
from helpsage.training.understanding import Understood
from tests.integration.settings.conftest import Administrator

PAGE = "/settings/assistant"
FIRST, OTHER = "sage-f1f1f1.tar.gz", "sage-0the.tar.gz"


@pytest.fixture
def library(
    with_departments: Engine, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Two small files that count as models (nothing here loads one), and no report yet."""
    monkeypatch.setattr(steps, "MODELS", tmp_path)
    monkeypatch.setattr(steps, "model_path", lambda: tmp_path / FIRST)
    folder = tmp_path_factory.mktemp("reports")
    monkeypatch.setattr(report, "folder", lambda: folder)
    for name in (FIRST, OTHER):
        (tmp_path / name).write_bytes(name.encode())
        signing.sign(tmp_path / name, steps.code_version())
    return tmp_path


def send(ada: Administrator, action: str, **values: str) -> tuple[int, str]:
    """Press one of the page's buttons."""
    form = ada.form(ada.get(PAGE), f"{PAGE}/check")
    answer = ada.post(f"{PAGE}/{action}", data={**form.values, **values})
    return answer.status_code, answer.text


def jobs(engine: Engine, task: str) -> list[dict[str, object]]:
    asked = text("select args from jobs.procrastinate_jobs where task_name = :task order by id desc")
    with engine.connect() as connection:
        return [dict(row.args) for row in connection.execute(asked, {"task": task})]


def test_an_empty_page_says_what_there_would_be(ada: Administrator, library: Path) -> None:
    for path in library.iterdir():
        path.unlink()
    page = ada.get(PAGE).text
    for empty in ("No model yet", "Nothing was chosen yet", "Nothing was compared yet", "Nothing was measured yet"):
        assert empty in page
    assert "No candidate has read along yet" in page
    assert "Nobody has looked yet" in page


def test_the_worker_compares_before_it_promotes(ada: Administrator, library: Path, with_departments: Engine) -> None:
    status, page = send(ada, "promote", model=OTHER)
    assert status == 200
    assert "unless it is worse" in page
    job = jobs(with_departments, "training.promote")[0]
    assert (job["model"], job["anyway"], job["by_name"]) == (OTHER, False, "Ada Lovelace")


def test_promoting_what_is_worse_needs_a_reason(ada: Administrator, library: Path, with_departments: Engine) -> None:
    before = len(jobs(with_departments, "training.promote"))
    assert "Say why" in send(ada, "promote", model=OTHER, anyway="1", why="  ")[1]
    assert len(jobs(with_departments, "training.promote")) == before
    send(ada, "promote", model=OTHER, anyway="1", why="the exam season")
    job = jobs(with_departments, "training.promote")[0]
    assert (job["anyway"], job["why"]) == (True, "the exam season")


def test_what_must_not_be_used_is_refused_in_words(ada: Administrator, library: Path) -> None:
    (library / OTHER).write_bytes(b"changed")
    for action in ("promote", "shadow"):
        status, page = send(ada, action, model=OTHER)
        assert status == 422
        assert "has changed since it was signed" in page
    status, page = send(ada, "promote", model="../secret")
    assert (status, "no model is called" in page) == (422, True)
    status, page = send(ada, "rollback")
    assert (status, "nothing to go back to" in page) == (422, True)


def test_going_back_and_the_history(ada: Administrator, library: Path, with_departments: Engine) -> None:
    with Session(with_departments) as session, session.begin():
        promotions.promote(session, library / OTHER, Who("Asha"), None, why="better wifi")
    page = ada.get(PAGE).text
    assert f"Go back to {FIRST}" in page
    assert "better wifi" in page
    assert send(ada, "rollback")[0] == 200
    with Session(with_departments) as session:
        newest = promotions.current(session)
        assert newest is not None
        assert (newest.model, newest.kind, newest.by_name) == (FIRST, "rollback", "Ada Lovelace")
        assert session.query(ModelPromotion).count() == 3


def test_a_candidate_reads_along_and_is_ended(ada: Administrator, library: Path, with_departments: Engine) -> None:
    assert "reads along for a week" in send(ada, "shadow", model=OTHER)[1]
    with Session(with_departments) as session:
        run = session.query(ShadowRun).one()
        assert (run.model, run.until - run.started_at) == (OTHER, timedelta(days=7))
    assert "It has read nothing yet" in ada.get(PAGE).text
    assert "It reads no longer" in send(ada, "shadow", model="")[1]
    assert "stopped by Ada Lovelace" in ada.get(PAGE).text


def test_reports_are_shown_with_their_plots_and_nothing_is_taken_as_markup(ada: Administrator, library: Path) -> None:
    hostile = "<script>alert(1)</script>"
    line = Line(hostile, "greet", "tests/nlu/x.yml", 1)
    measured = evaluation.measure("held-out messages", [line], [Understood(hostile, 0.7)], {"greet"})
    report.of_evaluation(Evaluation(FIRST, clock.now().isoformat(), [measured]))
    verdict = judge(Paired(100, 90, 70, 0, 20), None, 0, None)
    changed = Changed(Change.WORSE, "x:1", hostile, "greet", "greet", 0.9, "thanks", 0.4)
    report.of_comparison(Comparison(FIRST, OTHER, 100, verdict, [changed]))
    report.of_check(checks.Checked([Finding(Severity.ERROR, "duplicate", "data/nlu/a.yml:3", hostile, "a")], []))
    page = ada.get(PAGE).text
    assert page.count("<svg") >= 3
    assert hostile not in page
    assert "worse on the held-out messages" in page
    assert "data/nlu/a.yml:3" in page
    assert "Put to work although it is worse" in page


def test_the_page_says_why_nothing_came_of_it_until_something_does(ada: Administrator, library: Path) -> None:
    training.promote("sage-gone.tar.gz", "Ada Lovelace", "00000000-0000-0000-0000-000000000000", "", anyway=False)
    page = ada.get(PAGE).text
    assert "Putting sage-gone.tar.gz to work came to nothing: no model is called" in page
    report.of_check(checks.Checked([], []))
    assert "came to nothing" not in ada.get(PAGE).text


def test_a_report_that_cannot_be_read_is_left_out(ada: Administrator, library: Path) -> None:
    (report.folder() / "evaluation-99999999T000000000000.json").write_text("{broken")
    assert "Nothing was measured yet" in ada.get(PAGE).text
    shutil.rmtree(report.folder())
    assert ada.get(PAGE).status_code == 200
