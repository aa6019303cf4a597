"""How the reader of new tickets is doing: how often people correct it, and which trained model it uses."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.clock import now
from helpsage.db.session import transaction
from helpsage.jobs import queue
from helpsage.triage import budget, labels, remote, retraining
from helpsage.triage.models import ReaderModel
from helpsage.web.settings import forms
from helpsage.web.settings.forms import Administrator

router = APIRouter(include_in_schema=False, prefix="/settings/reader")

ADDRESS = "/settings/reader"
MOST_SHOWN = 10


@router.get("")
def show(request: Request, viewer: Administrator, told: str = "") -> Response:
    """All of it."""
    with transaction() as session:
        configured = settings.get()
        context = {
            "figures": labels.figures(session),
            "models": _models(session),
            "in_use": retraining.in_use(session),
            "remote": remote.configured(),
            "remote_model": configured.triage_model,
            "spent": budget.spent(session),
            "limit": configured.triage_daily_requests,
            "told": told if told in ("training", "changed", "gone") else "",
        }
        return forms.page(request, session, "reader", context)


def _models(session: Session) -> list[ReaderModel]:
    return list(session.scalars(select(ReaderModel).order_by(ReaderModel.id.desc()).limit(MOST_SHOWN)))


@router.post("/train", dependencies=forms.checked)
def train(viewer: Administrator) -> Response:
    """Train now; the worker does it, and whoever asks twice gets one training after the other."""
    with transaction() as session:
        queue.defer(session, "triage.train", {"timestamp": int(now().timestamp())}, "triage.train", queue.LATER_QUEUE)
    return RedirectResponse(f"{ADDRESS}?told=training", status_code=303)


@router.post("/use", dependencies=forms.checked)
def use(viewer: Administrator, model: Annotated[str, Form()] = "") -> Response:
    """Use another of the trained models; without one the reader as it came."""
    with transaction() as session:
        if not model:
            retraining.forget(session)
            done = True
        else:
            done = model.isdecimal() and len(model) < 18 and retraining.go_back(session, int(model))
    return RedirectResponse(f"{ADDRESS}?told={'changed' if done else 'gone'}", status_code=303)
