"""Chat applications: connecting one, how to set it up there, whether it works, what went wrong last."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import sealed, settings
from helpsage.channels import documents, manifests, service, testing
from helpsage.channels.kinds import ADDRESSES, KINDS, TELEGRAM_COMMANDS, Kind
from helpsage.channels.testing import Outcome
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CHANNELS
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent, StaleContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.web.access import Confirmed
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/channels")

Installation = dict[str, Any]
ADDRESS = "/settings/channels"


@dataclass
class Typed:
    """What stands in the form. Secrets are never put there again."""

    name: str = ""
    key: str = ""
    department: str = ""
    options: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    seen: str = ""

    @classmethod
    def of(cls, kept: Installation) -> Typed:
        """As it is now."""
        return cls(kept["name"], kept["key"], kept["department"], dict(kept["options"]), {}, configuration.digest(kept))


async def typed(request: Request) -> dict[str, str]:
    """The form, whichever fields it has."""
    form = await request.form()
    return {name: value.strip() for name, value in form.items() if isinstance(value, str)}


Sent = Annotated[dict[str, str], Depends(typed)]


@router.get("/new/{kind}")
def new(request: Request, viewer: Administrator, kind: str) -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, _kind(kind), None, Typed(name=KINDS[kind].title))


@router.post("/new/{kind}", dependencies=forms.checked)
def make(request: Request, viewer: Administrator, confirmed: Confirmed, kind: str, sent: Sent) -> Response:
    """Connect one; what is missing can follow."""
    asked = _kind(kind)
    form = _read(asked, sent)
    form.key = form.key or _key_of(form.name, kind)

    def work(session: Session) -> SettingChange | None:
        problems = _problems(asked, form)
        if any(each["key"] == form.key for each in CHANNELS.read(session)["installations"]):
            problems["key"] = words.CHANNEL_KEY_TAKEN
        if problems:
            raise InvalidContent(problems)

        def added(content: Content | None) -> Content:
            assert content is not None
            return {"installations": [*content["installations"], _kept(asked, form, None)]}

        return configuration.edit(
            session, CHANNELS, added, forms.who(viewer), words.CHANNEL_MADE.format(name=form.name)
        )

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _page(request, session, asked, None, form, problems, stale, status=status)

    return forms.send(work, redraw, f"{ADDRESS}/{form.key}")


@router.get("/{key}")
def show(request: Request, viewer: Administrator, key: str, saved: int | None = None) -> Response:
    """One of them."""
    with transaction() as session:
        kept = _installation(session, key)
        return _page(request, session, KINDS[kept["kind"]], kept, Typed.of(kept), saved=saved)


@router.post("/{key}", dependencies=forms.checked)
def change(request: Request, viewer: Administrator, confirmed: Confirmed, key: str, sent: Sent) -> Response:
    """Change it. An empty secret leaves the one that is kept."""
    with transaction() as session:
        asked = KINDS[_installation(session, key)["kind"]]
    form = _read(asked, sent)
    form.key = key

    def work(session: Session) -> SettingChange | None:
        problems = _problems(asked, form)
        if problems:
            raise InvalidContent(problems)

        def changed(before: Installation) -> Installation:
            forms.refuse_stale(session, CHANNELS.name, before, form.seen)
            return _kept(asked, form, before)

        summary = words.CHANNEL_CHANGED.format(name=form.name)
        return _edit(session, viewer, key, changed, summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            kept = _installation(session, key)
            if stale is not None:
                form.seen = configuration.digest(kept)
            return _page(request, session, asked, kept, form, problems, stale, status=status)

    return forms.send(work, redraw, f"{ADDRESS}/{key}")


@router.post("/{key}/switch", dependencies=forms.checked)
def switch(request: Request, viewer: Administrator, key: str, on: Annotated[str, Form()] = "") -> Response:
    """On, or off."""
    with transaction() as session:
        kept = _installation(session, key)

    def work(session: Session) -> SettingChange | None:
        summary = (words.CHANNEL_ON if on else words.CHANNEL_OFF).format(name=kept["name"])
        return _edit(session, viewer, key, lambda before: {**before, "enabled": bool(on)}, summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            now = _installation(session, key)
            return _page(request, session, KINDS[now["kind"]], now, Typed.of(now), problems, stale, status=status)

    return forms.send(work, redraw, f"{ADDRESS}/{key}")


@router.post("/{key}/remove", dependencies=forms.checked)
def remove(request: Request, viewer: Administrator, key: str) -> Response:
    """Take it away; conversations stay, and what was to be posted waits for one with the same key."""
    with transaction() as session:
        name = _installation(session, key)["name"]

        def removed(content: Content | None) -> Content:
            assert content is not None
            return {"installations": [each for each in content["installations"] if each["key"] != key]}

        summary = words.CHANNEL_REMOVED.format(name=name)
        line = configuration.edit(session, CHANNELS, removed, forms.who(viewer), summary)
    return RedirectResponse(f"{ADDRESS}?saved={line.id if line is not None else 0}", status_code=303)


@router.post("/{key}/test", dependencies=forms.checked)
async def test(request: Request, viewer: Administrator, key: str) -> Response:
    """Ask the application now; when it works, what waits is posted."""
    return await run_in_threadpool(_test, request, key)


def _test(request: Request, key: str) -> Response:
    with transaction() as session:
        kept = _installation(session, key)
    try:
        outcome = testing.try_out(kept, documents.unsealed(kept), address_of(kept))
    except sealed.Unreadable:
        outcome = Outcome(False, words.CHANNEL_UNREADABLE)
    with transaction() as session:
        if outcome.works:
            service.mended(session, key, outcome.details)
        kept = _installation(session, key)
        told = (outcome.works, outcome.words)
        return _page(request, session, KINDS[kept["kind"]], kept, Typed.of(kept), told=told)


@router.post("/{key}/again", dependencies=forms.checked)
def again(request: Request, viewer: Administrator, key: str) -> Response:
    """Post again where it was impossible."""
    with transaction() as session:
        kept = _installation(session, key)
        count = service.try_all_again(session, key)
        told = (True, words.CHANNEL_AGAIN.format(count=count))
        return _page(request, session, KINDS[kept["kind"]], kept, Typed.of(kept), told=told)


@router.get("/{key}/package")
def package(viewer: Administrator, key: str) -> Response:
    """The app package of a bot in Teams, to be uploaded there."""
    with transaction() as session:
        kept = _installation(session, key)
    if kept["kind"] != "teams" or not kept["options"].get("app_id"):
        raise HTTPException(404)
    content = manifests.teams_package(kept["name"], kept["options"]["app_id"], settings.get().web_url)
    headers = {"Content-Disposition": f'attachment; filename="{key}.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=headers)


def address_of(installation: Installation) -> str:
    """Where the application finds us, without the last part."""
    return f"{settings.get().chat_url}/webhooks/{installation['kind']}/{installation['key']}"


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise HTTPException(404)
    return KINDS[name]


def _installation(session: Session, key: str) -> Installation:
    found = [each for each in CHANNELS.read(session)["installations"] if each["key"] == key]
    if not found:
        raise HTTPException(404)
    return dict(found[0])


def _key_of(name: str, kind: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or kind


def _read(kind: Kind, sent: dict[str, str]) -> Typed:
    options = {name: sent.get(name, "") for name in kind.options}
    for asked in kind.asked:
        if asked.choices and options.get(asked.name) not in [value for value, _ in asked.choices]:
            options[asked.name] = asked.choices[0][0]
    return Typed(
        sent.get("name", ""),
        sent.get("key", ""),
        sent.get("department", ""),
        {name: value for name, value in options.items() if value},
        {name: sent[name] for name in kind.secrets if sent.get(name)},
        sent.get("seen", ""),
    )


def _problems(kind: Kind, form: Typed) -> dict[str, str]:
    found: dict[str, str] = {}
    if not 0 < len(form.name) <= documents.LONGEST_NAME or not form.name.isprintable():
        found["name"] = words.CHANNEL_NAME
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", form.key):
        found["key"] = words.CHANNEL_KEY
    for name, value in form.secrets.items():
        wrong = documents.refuse_wrong_secret(kind.name, name, value)
        if wrong is not None:
            found[name] = wrong
    for name in ADDRESSES[kind.name]:
        if form.options.get(name) and not documents.is_safe(form.options[name]):
            found[name] = words.CHANNEL_ADDRESS
    return found


def _kept(kind: Kind, form: Typed, before: Installation | None) -> Installation:
    """As it is to be kept. The first time that nothing is missing it is switched on."""
    secrets = dict(before["secrets"]) if before is not None else {}
    secrets |= {name: documents.seal(value) for name, value in form.secrets.items()}
    values = {**form.options, **secrets}
    complete = all(values.get(each.name) for each in kind.required)
    was_complete = before is not None and all(
        {**before["options"], **before["secrets"]}.get(each.name) for each in kind.required
    )
    return {
        "key": form.key,
        "kind": kind.name,
        "name": form.name,
        "department": form.department,
        "enabled": complete and (before is None or not was_complete or bool(before["enabled"])),
        "options": form.options,
        "secrets": secrets,
    }


def _edit(
    session: Session,
    viewer: Administrator,
    key: str,
    changed: Callable[[Installation], Installation],
    summary: str,
) -> SettingChange | None:
    def replaced(content: Content | None) -> Content:
        assert content is not None
        found = content["installations"]
        if not any(each["key"] == key for each in found):
            raise StaleContent(None)
        return {"installations": [changed(each) if each["key"] == key else each for each in found]}

    line = configuration.edit(session, CHANNELS, replaced, forms.who(viewer), summary)
    if line is not None:
        service.mended(session, key)
    return line


def _pasted(kept: Installation, address: str) -> tuple[str, str] | None:
    """What is pasted at the application, and what it is called."""
    if kept["kind"] == "slack":
        manifest = manifests.slack(kept["name"], address, kept["options"].get("assistant") == "yes")
        return words.CHANNEL_MANIFEST, json.dumps(manifest, indent=2)
    if kept["kind"] == "telegram":
        return words.CHANNEL_COMMANDS, TELEGRAM_COMMANDS
    return None


def _page(
    request: Request,
    session: Session,
    kind: Kind,
    kept: Installation | None,
    form: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
    told: tuple[bool, str] | None = None,
) -> Response:
    shown = kept or {"kind": kind.name, "key": form.key or _key_of(form.name, kind.name)}
    address = address_of(shown)
    context = {
        "kind": kind,
        "installation": kept,
        "form": form,
        "addresses": sorted(ADDRESSES[kind.name]),
        "steps": [step.format(address=address, key=shown["key"]) for step in kind.steps],
        "pasted": _pasted(kept, address) if kept is not None else None,
        "has_package": kept is not None and kind.name == "teams" and bool(kept["options"].get("app_id")),
        "standing": service.standing(session, kept["key"]) if kept is not None else None,
        "departments": [(home.key, home.name) for home in departments.departments(session)],
        "complete": kept is not None and not kind.missing(kept),
        "missing": kind.missing(kept) if kept is not None else [],
        "problems": problems or {},
        "stale": stale,
        "told": told,
        "document": CHANNELS.name,
    }
    return forms.page(request, session, "channel", context, saved, status)
