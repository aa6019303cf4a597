"""The words that decide how soon a ticket matters, and a place to try them."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CATEGORIES, PRIORITIES
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content
from helpsage.db.session import transaction
from helpsage.tickets import priority
from helpsage.web import words as page_words
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/priorities")

LANGUAGE = "en"
LONGEST_TRIED = 5_000


@router.get("")
def show(
    request: Request,
    viewer: Administrator,
    text: Annotated[str, Query(max_length=LONGEST_TRIED)] = "",
    category: Annotated[str, Query(max_length=60)] = "",
    urgency: Annotated[str, Query(max_length=200)] = "",
    saved: int | None = None,
) -> Response:
    """The words, and what a text would get with them and why."""
    with transaction() as session:
        content = PRIORITIES.read(session)
        written = {name: "\n".join(content["languages"][LANGUAGE][name]) for name in words.WORDS_TITLES}
        tried: dict[str, Any] = {"text": text, "category": category, "urgency": urgency}
        if text.strip():
            rules = priority.build(content)
            tried["priority"], tried["why"] = priority.decide(text, category, urgency, rules=rules)
        return _page(request, session, written, content["languages"][LANGUAGE]["reach"], tried, saved=saved)


@router.post("", dependencies=forms.checked)
def change(
    request: Request,
    viewer: Administrator,
    urgent: Annotated[str, Form()] = "",
    high: Annotated[str, Form()] = "",
    calm: Annotated[str, Form()] = "",
    keep_when_calm: Annotated[str, Form()] = "",
    ignore: Annotated[str, Form()] = "",
    negations: Annotated[str, Form()] = "",
    breaks: Annotated[str, Form()] = "",
    reach: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Change them."""
    written = {
        "urgent": urgent, "high": high, "calm": calm, "keep_when_calm": keep_when_calm,
        "ignore": ignore, "negations": negations, "breaks": breaks,
    }  # fmt: skip

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            forms.refuse_stale(session, PRIORITIES.name, content, seen)
            _refuse_stranded(written)
            language = content["languages"][LANGUAGE]
            language.update({name: [line.lower() for line in forms.lines(text)] for name, text in written.items()})
            language["reach"] = int(reach) if reach.isdecimal() and len(reach) < 4 else reach
            return content

        return configuration.edit(session, PRIORITIES, changed, forms.who(viewer), words.PRIORITIES_CHANGED)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            beside = _beside_fields(problems)
            return _page(request, session, written, reach, {}, beside, stale, status=status)

    return forms.send(work, redraw, "/settings/priorities")


def _refuse_stranded(written: dict[str, str]) -> None:
    """What stays when someone is calm must raise the priority in the first place."""
    raising = {line.lower() for name in ("urgent", "high") for line in forms.lines(written[name])}
    stranded = [line for line in forms.lines(written["keep_when_calm"]) if line.lower() not in raising]
    if stranded:
        raise configuration.InvalidContent({"keep_when_calm": words.STRANDED.format(phrase=stranded[0][:80])})


def _beside_fields(problems: dict[str, str]) -> dict[str, str]:
    """The checker names the list it speaks of: its words go beside that field."""
    general = problems.get("", "")
    name, colon, said = general.partition(": ")
    return {name: said} if colon and name in words.WORDS_TITLES else problems


def _page(
    request: Request,
    session: Session,
    written: dict[str, str],
    reach: Any,
    tried: dict[str, Any],
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    context = {
        "written": written,
        "reach": reach,
        "titles": words.WORDS_TITLES,
        "helps": words.WORDS_HELP,
        "tried": tried,
        "categories": CATEGORIES.read(session)["categories"],
        "priorities": page_words.PRIORITIES,
        "problems": problems or {},
        "stale": stale,
        "seen": configuration.digest(PRIORITIES.read(session)),
        "document": PRIORITIES.name,
    }
    return forms.page(request, session, "priorities", context, saved, status)
