"""What was misunderstood, in clusters: accepted, given another meaning, or ignored with one key each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import clock
from helpsage.db.session import transaction
from helpsage.training import blocks, patches, review, taught, words
from helpsage.training.articles import slug
from helpsage.training.items import ReviewItem, State
from helpsage.training.patches import InvalidName
from helpsage.training.review import NothingThere
from helpsage.web.access import SignedIn
from helpsage.web.training import frame
from helpsage.web.training.frame import Reviewer, checked

router = APIRouter(include_in_schema=False, prefix="/review")

PAGE = 30
#: Items of a cluster that are shown.
MOST_SHOWN = 40
NO_SUCH_INTENT = "Choose an intent of the list, or make a new one below."
INVALID_NAME = "A name has 2 to 60 small letters, digits and underscores, and begins with a letter."
NOTHING_SUGGESTED = "Nothing suggests itself here: choose what was meant."


@router.get("")
def index(request: Request, viewer: Reviewer, page: int = 1) -> Response:
    """All clusters, the most helpful first."""
    page = min(max(1, page), 1_000)
    with transaction() as session:
        found = review.groups(session, viewer, PAGE + 1, (page - 1) * PAGE)
        context = {
            "groups": found[:PAGE],
            "page": page,
            "more": len(found) > PAGE,
            "counts": review.counts(session, viewer),
            "waiting": review.accepted(session, viewer),
            "decision": review.last_decision(session, viewer),
        }
        return frame.page(request, "review", context)


@router.get("/change.patch")
def change(viewer: Reviewer) -> Response:
    """Everything accepted as a patch for `git apply`."""
    with transaction() as session:
        edit = review.change(session, taught.files(), viewer)
    if not edit.changed:
        return RedirectResponse("/review", status_code=303)
    name = f"review-{clock.now():%Y%m%d-%H%M}.patch"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(patches.unified(edit).encode(), media_type="text/x-patch", headers=headers)


@router.post("/decisions/{decision_id}/undo", dependencies=checked)
def undo(viewer: Reviewer, decision_id: int) -> Response:
    """Take a decision back, and go to what it was about."""
    with transaction() as session:
        try:
            restored = review.undo(session, viewer, decision_id)
        except NothingThere:
            return RedirectResponse("/review?told=gone", status_code=303)
        to = f"/review/{restored[0].id}" if restored else "/review"
    return RedirectResponse(f"{to}?told=undone", status_code=303)


@router.get("/{item_id}")
def show(request: Request, viewer: Reviewer, item_id: int) -> Response:
    """One item with its cluster."""
    with transaction() as session:
        return _page(request, session, viewer, _found(session, viewer, item_id))


@router.post("/{item_id}", dependencies=checked)
def decide(
    request: Request,
    viewer: Reviewer,
    item_id: int,
    do: Annotated[str, Form()] = "",
    label: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    whole: Annotated[str, Form()] = "",
) -> Response:
    """Accept it as what is suggested, as something else, or as a new intent; or ignore it. Then the next one."""
    with transaction() as session:
        item = _found(session, viewer, item_id)
        if do == "reopen":
            review.reopen(session, item)
            return RedirectResponse(f"/review/{item.id}?told=reopened", status_code=303)
        if item.state != State.OPEN.value:
            return RedirectResponse("/review?told=gone", status_code=303)
        _, following = review.beside(session, viewer, item)
        action = "ignore" if do == "ignore" else "accept"
        try:
            meant = "" if action == "ignore" else _meant(item, do, label, name)
            review.decide(session, viewer, item, action, meant, whole=bool(whole))
        except InvalidName as error:
            problem = str(error) if str(error) in (NO_SUCH_INTENT, NOTHING_SUGGESTED) else INVALID_NAME
            typed = {"do": do, "label": label, "name": name}
            return _page(request, session, viewer, _found(session, viewer, item_id), problem, typed, 422)
        left = [] if whole else review.cluster_of(session, viewer, item)[1:]
        to = left[0].id if left else following
    return RedirectResponse(f"/review/{to}" if to else "/review", status_code=303)


def _meant(item: ReviewItem, do: str, label: str, name: str) -> str:
    """The intent that the form names.

    Raises:
        InvalidName: no such intent, or no name that one can have.
    """
    if do == "accept":
        if not item.suggested:
            raise InvalidName(NOTHING_SUGGESTED)
        return item.suggested
    if do == "new":
        written = name.strip()
        return written if patches.NAME.fullmatch(written) else _slugged(written)
    chosen = {title.casefold(): intent for intent, title in choices()}
    written = label.strip().partition(" — ")[0]
    found = written if written in dict(choices()) else chosen.get(label.strip().casefold(), "")
    if not found:
        raise InvalidName(NO_SUCH_INTENT)
    return found


def _slugged(title: str) -> str:
    if not any(map(str.isalpha, title)):
        raise InvalidName(title)
    return slug(title)


def choices() -> list[tuple[str, str]]:
    """Every intent that has examples, with its title."""
    written = {each.intent for each in blocks.written(taught.files())}
    return [(intent, words.intent(intent)) for intent in review.labels(sorted(written))]


def _found(session: Session, viewer: SignedIn, item_id: int) -> ReviewItem:
    try:
        return review.get(session, viewer, item_id)
    except NothingThere as error:
        raise HTTPException(404) from error


def _page(
    request: Request,
    session: Session,
    viewer: SignedIn,
    item: ReviewItem,
    problem: str = "",
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    cluster: Sequence[ReviewItem] = review.cluster_of(session, viewer, item)
    before, following = review.beside(session, viewer, item)
    context = {
        "item": item,
        "cluster": cluster[:MOST_SHOWN],
        "size": len(cluster),
        "before": before,
        "following": following,
        "choices": choices(),
        "decision": review.last_decision(session, viewer),
        "problem": problem,
        "typed": typed or {"do": "", "label": "", "name": ""},
    }
    return frame.page(request, "item", context, status)
