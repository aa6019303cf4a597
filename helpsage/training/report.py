"""Reports for people: one HTML file that carries everything it needs, and the same numbers as JSON beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from helpsage import clock, settings
from helpsage.training import plots
from helpsage.training.checks import Checked
from helpsage.training.comparison import Change, Comparison
from helpsage.training.evaluation import Evaluation

EVALUATION, COMPARISON, CHECK, TROUBLE = "evaluation", "comparison", "check", "trouble"
#: Reports of one kind that are kept, and for how long: some hold what people wrote.
KEPT, KEPT_FOR = 20, timedelta(days=30)


def folder() -> Path:
    """Where reports lie."""
    return settings.get().var / "reports"


def of_evaluation(evaluation: Evaluation) -> Path:
    """Write the report of an evaluation; returns the HTML file."""
    return _write(EVALUATION, {"evaluation": evaluation, "plots": plots}, evaluation.as_json())


def of_comparison(comparison: Comparison) -> Path:
    """Write the report of a comparison; returns the HTML file."""
    about = {**comparison.as_json(), "at": clock.now().isoformat(timespec="seconds")}
    return _write(COMPARISON, {"comparison": comparison, "changes": list(Change), "at": about["at"]}, about)


def of_check(checked: Checked, problems: Sequence[str] = ()) -> dict[str, Any]:
    """Keep what a check found, for the console; returns it.

    Parameters:
        problems: what Rasa's own validation complains about.
    """
    about = {
        "ok": checked.sound and not problems,
        "problems": list(problems),
        "findings": [asdict(finding) for finding in checked.findings],
        "accepted": len(checked.accepted),
    }
    _keep(CHECK, {**about, "at": clock.now()})
    return about


def of_trouble(what: str, why: str) -> None:
    """Keep why nothing came of something that was asked for on the page."""
    _keep(TROUBLE, {"what": what, "why": why, "at": clock.now().isoformat(timespec="seconds")})


def trouble_lately() -> dict[str, Any] | None:
    """The newest trouble, unless something went well since."""
    if not folder().is_dir():
        return None
    latest = max(folder().glob("*.json"), key=lambda path: path.stem.rpartition("-")[2], default=None)
    return newest(TROUBLE) if latest is not None and latest.name.startswith(f"{TROUBLE}-") else None


def newest(kind: str) -> dict[str, Any] | None:
    """The numbers of the newest report of a kind; None when there is none that can be read."""
    for path in sorted(folder().glob(f"{kind}-*.json"), reverse=True):
        try:
            found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        return found
    return None


def _keep(kind: str, about: Mapping[str, Any]) -> None:
    """Numbers without a page of their own."""
    _place(kind).with_suffix(".json").write_text(json.dumps(about, ensure_ascii=False, default=str), "utf-8")
    _tidy(kind)


def _write(kind: str, context: Mapping[str, Any], about: Mapping[str, Any]) -> Path:
    environment = Environment(
        loader=PackageLoader("helpsage.training", "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template(f"{kind}.html").render(context)
    path = _place(kind).with_suffix(".html")
    path.write_text(html, "utf-8")
    path.with_suffix(".json").write_text(json.dumps(about, ensure_ascii=False, default=str), "utf-8")
    _tidy(kind)
    return path


def _place(kind: str) -> Path:
    folder().mkdir(parents=True, exist_ok=True)
    return folder() / f"{kind}-{clock.now():%Y%m%dT%H%M%S%f}"


def _tidy(kind: str) -> None:
    kept = sorted(folder().glob(f"{kind}-*.json"))
    oldest = (clock.now() - KEPT_FOR).timestamp()
    for old in (*kept[:-KEPT], *(path for path in kept[-KEPT:] if path.stat().st_mtime < oldest)):
        old.unlink(missing_ok=True)
        old.with_suffix(".html").unlink(missing_ok=True)
