"""The assistant's models: which one answers, how good it is, what another would change; and what is wrong in data/."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from markupsafe import Markup
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.jobs import queue
from helpsage.training import library, plots, promotions, report, shadow, signing
from helpsage.training.promotions import Who
from helpsage.training.statistics import Bin
from helpsage.web.access import SignedIn
from helpsage.web.settings import forms
from helpsage.web.settings.forms import Administrator

router = APIRouter(include_in_schema=False, prefix="/settings/assistant")

ADDRESS = "/settings/assistant"
#: Lines of each list.
MOST = 20
DAYS = 7
TOLD = ("promoting", "back", "measuring", "checking", "reading", "stopped", "why")

ModelName = Annotated[str, Form()]


@router.get("")
def show(request: Request, viewer: Administrator, told: str = "") -> Response:
    """All of it."""
    with transaction() as session:
        return _page(request, session, {"told": told if told in TOLD else ""})


def _page(request: Request, session: Session, context: dict[str, Any], status: int = 200) -> Response:
    newest, run, before = promotions.current(session), shadow.newest(session), promotions.one_before(session)
    measured = report.newest(report.EVALUATION)
    shared = {
        "models": library.all_models()[:MOST],
        "in_use": newest.model if newest is not None else "",
        "history": promotions.history(session, MOST),
        "before": before.model if before is not None else "",
        "evaluation": measured,
        "plots": [_plots(each) for each in measured["measured"]] if measured else [],
        "comparison": report.newest(report.COMPARISON),
        "shadow": shadow.report(session, run) if run is not None else None,
        "check": report.newest(report.CHECK),
        "failed": report.trouble_lately(),
        "most": MOST,
        "trouble_told": "",
        "told": "",
    }
    return forms.page(request, session, "assistant", {**shared, **context}, status=status)


def _plots(measured: dict[str, Any]) -> list[Markup]:
    """Drawn anew from the numbers: what lies in a file is never put into a page as it is."""
    bins = [Bin(**each) for each in measured["bins"]]
    pairs = [(truth, claim, count) for truth, claim, count in measured["confusions"]]
    drawn = (plots.histogram(bins), plots.calibration(bins), plots.confusion(pairs))
    return [Markup(svg) for svg in drawn if svg]  # noqa: S704 names are escaped where they are drawn


@router.post("/promote", dependencies=forms.checked)
def promote(
    request: Request,
    viewer: Administrator,
    model: ModelName = "",
    anyway: Annotated[str, Form()] = "",
    why: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Let the worker compare it with the one in use, and put it to work unless it is worse."""
    if anyway and not why.strip():
        return RedirectResponse(f"{ADDRESS}?told=why#compared", status_code=303)
    with transaction() as session:
        try:
            path = library.find(model, None)
            promotions.may_be_promoted(session, path)
        except (library.NoSuchModel, promotions.NotPossible, signing.NotGenuine) as error:
            return _page(request, session, {"trouble_told": str(error)}, 422)
        asked = {"model": path.name, "by_name": viewer.name, "by_id": str(viewer.person_id)}
        queue.defer(
            session,
            "training.promote",
            {**asked, "why": why.strip(), "anyway": bool(anyway)},
            "training.measure",
            queue.LATER_QUEUE,
        )
    return RedirectResponse(f"{ADDRESS}?told=promoting", status_code=303)


@router.post("/rollback", dependencies=forms.checked)
def roll_back(request: Request, viewer: Administrator) -> Response:
    """Put the one before to work again, now."""
    with transaction() as session:
        try:
            promotions.roll_back(session, _who(viewer))
        except (promotions.NotPossible, signing.NotGenuine) as error:
            return _page(request, session, {"trouble_told": str(error)}, 422)
    return RedirectResponse(f"{ADDRESS}?told=back", status_code=303)


@router.post("/measure", dependencies=forms.checked)
def measure(request: Request, viewer: Administrator, model: ModelName = "") -> Response:
    """Let the worker measure a model."""
    with transaction() as session:
        try:
            path = library.find(model, promotions.in_use(session))
        except library.NoSuchModel as error:
            return _page(request, session, {"trouble_told": str(error)}, 422)
        queue.defer(session, "training.evaluate", {"model": path.name}, "training.measure", queue.LATER_QUEUE)
    return RedirectResponse(f"{ADDRESS}?told=measuring", status_code=303)


@router.post("/check", dependencies=forms.checked)
def check(viewer: Administrator) -> Response:
    """Let the worker look for what is wrong in data/."""
    with transaction() as session:
        queue.defer(session, "training.check", {}, "training.measure", queue.LATER_QUEUE)
    return RedirectResponse(f"{ADDRESS}?told=checking", status_code=303)


@router.post("/shadow", dependencies=forms.checked)
def read_along(request: Request, viewer: Administrator, model: ModelName = "") -> Response:
    """Let a candidate read along for a week; without one, end the run that goes on."""
    with transaction() as session:
        if not model:
            shadow.stop(session, viewer.name)
            return RedirectResponse(f"{ADDRESS}?told=stopped", status_code=303)
        try:
            shadow.begin(session, library.find(model, None), DAYS, viewer.name)
        except (library.NoSuchModel, shadow.NotPossible, signing.NotGenuine) as error:
            return _page(request, session, {"trouble_told": str(error)}, 422)
    return RedirectResponse(f"{ADDRESS}?told=reading", status_code=303)


def _who(viewer: SignedIn) -> Who:
    return Who(viewer.name, viewer.person_id)
