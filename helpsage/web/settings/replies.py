"""Canned replies. Leads keep those of their departments, administrators all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.configuration import canned_replies, catalogue
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CANNED_REPLIES
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.people import permissions
from helpsage.people.permissions import Action, Reach
from helpsage.web.access import SignedIn
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import ReplyEditor, Stale
from languages import SPOKEN, TRANSLATED

router = APIRouter(include_in_schema=False, prefix="/settings/replies")


@dataclass
class Typed:
    """What stands in the form."""

    title: str = ""
    text: str = ""
    department: str = ""
    seen: str = ""
    key: str = ""
    #: The text in other languages, by code.
    translations: dict[str, str] = field(default_factory=dict)


def typed(
    title: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    department: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    es: Annotated[str, Form()] = "",
    de: Annotated[str, Form()] = "",
    fr: Annotated[str, Form()] = "",
    hi: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form."""
    others = {"es": es, "de": de, "fr": fr, "hi": hi}
    translations = {code: other.replace("\r\n", "\n") for code, other in others.items() if other.strip()}
    return Typed(title, text.replace("\r\n", "\n"), department, seen, translations=translations)


Form_ = Annotated[Typed, Depends(typed)]


@router.get("")
def index(request: Request, viewer: ReplyEditor, saved: int | None = None) -> Response:
    """All replies that may be seen here."""
    with transaction() as session:
        mine = {one.key for one in _departments(session, viewer)}
        context = {
            "replies": sorted(CANNED_REPLIES.read(session)["replies"], key=lambda one: str(one["title"]).casefold()),
            "mine": mine | ({""} if _everywhere(viewer) else set()),
            "departments": {one.key: one.name for one in departments.departments(session, archived=True)},
        }
        return forms.page(request, session, "replies", context, saved)


@router.get("/new")
def new(request: Request, viewer: ReplyEditor) -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, viewer, None, Typed())


@router.post("/new", dependencies=forms.checked)
def make(request: Request, viewer: ReplyEditor, sent: Form_) -> Response:
    """Make a reply."""
    return _save(request, viewer, None, sent)


@router.get("/{key}")
def show(request: Request, viewer: ReplyEditor, key: str, saved: int | None = None) -> Response:
    """One reply."""
    with transaction() as session:
        found = _found(CANNED_REPLIES.read(session), key)
        return _page(request, session, viewer, key, _kept(found), saved=saved)


@router.post("/{key}", dependencies=forms.checked)
def change(request: Request, viewer: ReplyEditor, key: str, sent: Form_) -> Response:
    """Change it."""
    return _save(request, viewer, key, sent)


@router.post("/{key}/remove", dependencies=forms.checked)
def remove(request: Request, viewer: ReplyEditor, key: str) -> Response:
    """Take it away."""
    with transaction() as session:
        kept = _found(CANNED_REPLIES.read(session), key)

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            _refuse_foreign(session, viewer, kept["department"])
            return {"replies": [one for one in content["replies"] if one["key"] != key]}

        summary = words.REPLY_REMOVED.format(name=kept["title"])
        return configuration.edit(session, CANNED_REPLIES, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _page(request, session, viewer, key, _kept(kept), problems, stale, status=status)

    return forms.send(work, redraw, "/settings/replies")


def _save(request: Request, viewer: SignedIn, key: str | None, sent: Typed) -> Response:
    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            return {"replies": _with(session, viewer, content["replies"], key, sent)}

        summary = (words.REPLY_MADE if key is None else words.REPLY_CHANGED).format(name=sent.title.strip()[:80])
        return configuration.edit(session, CANNED_REPLIES, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            there = [one for one in CANNED_REPLIES.read(session)["replies"] if one["key"] == key]
            sent.seen = configuration.digest(there[0] if there else None)
            return _page(request, session, viewer, key, sent, problems, stale, status=status)

    return forms.send(work, redraw, lambda: f"/settings/replies/{key or sent.key}")


def _with(session: Session, viewer: SignedIn, replies: list[Content], key: str | None, sent: Typed) -> list[Content]:
    """The replies with this one as given; a new one comes last."""
    problems = {}
    if not 0 < len(sent.title.strip()) <= canned_replies.LONGEST_TITLE or not sent.title.strip().isprintable():
        problems["title"] = f"1 to {canned_replies.LONGEST_TITLE} characters on one line."
    if not 0 < len(sent.text.strip()) <= canned_replies.LONGEST_TEXT:
        problems["text"] = f"1 to {canned_replies.LONGEST_TEXT:,} characters."
    elif unknown := canned_replies.unknown_variables(sent.text):
        problems["text"] = f"There is no variable {{{{{unknown[0][:40]}}}}}."
    for code, translation in sent.translations.items():
        if len(translation.strip()) > canned_replies.LONGEST_TEXT:
            problems[code] = f"At most {canned_replies.LONGEST_TEXT:,} characters."
        elif unknown := canned_replies.unknown_variables(translation):
            problems[code] = f"There is no variable {{{{{unknown[0][:40]}}}}}."
    if sent.department and sent.department not in {one.key for one in departments.departments(session)}:
        problems["department"] = words.CHOOSE
    if problems:
        raise InvalidContent(problems)
    _refuse_foreign(session, viewer, sent.department)
    reply: Content = {
        "title": sent.title.strip(),
        "department": sent.department,
        "text": sent.text.strip().replace("\0", ""),
    }
    if sent.translations:
        translated = {code: text.strip().replace("\0", "") for code, text in sent.translations.items()}
        reply["translations"] = translated
    if key is None:
        sent.key = catalogue.free_name(sent.title, [one["key"] for one in replies])
        return [*replies, {"key": sent.key, **reply}]
    there = next((one for one in replies if one["key"] == key), None)
    if there is None:
        raise configuration.stale(session, CANNED_REPLIES.name)
    _refuse_foreign(session, viewer, there["department"])
    forms.refuse_stale(session, CANNED_REPLIES.name, there, sent.seen)
    return [{"key": key, **reply} if one["key"] == key else one for one in replies]


def _kept(found: Content) -> Typed:
    """The form as it stands when nothing was typed."""
    translations = dict(found.get("translations") or {})
    digest = configuration.digest(found)
    return Typed(found["title"], found["text"], found["department"], digest, found["key"], translations)


def _refuse_foreign(session: Session, viewer: SignedIn, department: str) -> None:
    mine = {one.key for one in _departments(session, viewer)}
    if not _everywhere(viewer) and department not in mine:
        raise InvalidContent({"department": words.OTHER_DEPARTMENT})


def _everywhere(viewer: SignedIn) -> bool:
    return permissions.reach(viewer.role, Action.MANAGE_CANNED_REPLIES) is Reach.ALL


def _departments(session: Session, viewer: SignedIn) -> list[Department]:
    """Those whose replies the viewer may change."""
    found = departments.departments(session)
    return found if _everywhere(viewer) else [one for one in found if one.id in viewer.department_ids]


def _found(content: Content, key: str) -> Content:
    found: Content | None = next((one for one in content["replies"] if one["key"] == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _page(
    request: Request,
    session: Session,
    viewer: SignedIn,
    key: str | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    mine = _departments(session, viewer)
    context = {
        "key": key,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "departments": mine,
        "everywhere": _everywhere(viewer),
        "may_change": key is None or _everywhere(viewer) or sent.department in {one.key for one in mine},
        "variables": canned_replies.VARIABLES,
        "document": CANNED_REPLIES.name,
        "translated": {code: SPOKEN[code] for code in TRANSLATED},
    }
    return forms.page(request, session, "reply", context, saved, status)
