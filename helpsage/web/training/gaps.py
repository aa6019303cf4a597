"""Questions that nothing answers yet, what they cost, and a draft of what would."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage.db.session import transaction
from helpsage.training import gaps
from helpsage.training.gaps import InvalidDraft, TakenTitle
from helpsage.training.items import GapState, KnowledgeGap
from helpsage.web.access import SignedIn
from helpsage.web.training import frame
from helpsage.web.training.frame import Reviewer, checked

router = APIRouter(include_in_schema=False, prefix="/gaps")

INVALID = "A title and an answer are needed."
TAKEN = "The FAQ has an entry of that name already. Give it another title."


@router.get("")
def index(request: Request, viewer: Reviewer) -> Response:
    """All gaps, those first that cost most."""
    with transaction() as session:
        context = {
            "gaps": gaps.listed(session, viewer),
            "accepted": gaps.listed(session, viewer, [GapState.ACCEPTED]),
        }
        return frame.page(request, "gaps", context)


@router.get("/{gap_id}")
def show(request: Request, viewer: Reviewer, gap_id: int) -> Response:
    """One gap with its draft."""
    with transaction() as session:
        return _page(request, session, _found(session, viewer, gap_id))


@router.post("/{gap_id}", dependencies=checked)
def decide(
    request: Request,
    viewer: Reviewer,
    gap_id: int,
    do: Annotated[str, Form()] = "",
    title: Annotated[str, Form()] = "",
    answer: Annotated[str, Form()] = "",
) -> Response:
    """Make it an FAQ entry or an article, dismiss it, or take that back."""
    with transaction() as session:
        gap = _found(session, viewer, gap_id)
        if do == "dismiss":
            gaps.dismiss(session, viewer, gap)
            return RedirectResponse("/gaps?told=dismissed", status_code=303)
        if do == "reopen":
            gaps.reopen(session, viewer, gap)
            return RedirectResponse(f"/gaps/{gap.id}?told=reopened", status_code=303)
        try:
            gaps.accept(session, viewer, gap, do, title, answer)
        except InvalidDraft as error:
            problem = TAKEN if isinstance(error, TakenTitle) else INVALID
            return _page(request, session, gap, problem, (title, answer), 422)
    return RedirectResponse("/gaps?told=accepted", status_code=303)


def _found(session: Session, viewer: SignedIn, gap_id: int) -> KnowledgeGap:
    try:
        return gaps.get(session, viewer, gap_id)
    except LookupError as error:
        raise HTTPException(404) from error


def _page(
    request: Request,
    session: Session,
    gap: KnowledgeGap,
    problem: str = "",
    typed: tuple[str, str] | None = None,
    status: int = 200,
) -> Response:
    title, answer = typed or (gap.title, gap.answer)
    context = {
        "gap": gap,
        "references": gaps.references(session, gap),
        "title": title,
        "answer": answer,
        "problem": problem,
    }
    return frame.page(request, "gap", context, status)
