"""Ways in: the desk's mail addresses, each department's form, the secrets of programs, and how it all stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import INTAKE
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.intake import lanes, service
from helpsage.intake.models import Lane, MailboxState
from helpsage.web.access import Confirmed
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/intake")

#: Empty lines for new addresses.
SPARE = 2
Texts = Annotated[list[str], Form()]


@dataclass(frozen=True)
class Row:
    """An address as the form shows it; `place` is `department/team`."""

    address: str = ""
    place: str = ""
    sub_addressing: bool = True


@router.get("")
def show(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """All of it."""
    with transaction() as session:
        content = INTAKE.read(session)
        return _page(request, session, _rows(content), list(content["closed_forms"]), saved=saved)


@router.post("", dependencies=forms.checked)
def change(
    request: Request,
    viewer: Administrator,
    address: Texts = [],  # noqa: B006 FastAPI copies it
    place: Texts = [],  # noqa: B006
    plain: Texts = [],  # noqa: B006
    closed: Texts = [],  # noqa: B006
    seen: Annotated[str, Form()] = "",
) -> Response:
    """Change addresses and which forms are open."""
    rows = [
        Row(one.strip(), where, str(number) not in plain)
        for number, (one, where) in enumerate(zip(address, place, strict=False))
        if one.strip()
    ]

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            forms.refuse_stale(session, INTAKE.name, content, seen)
            return {**content, "addresses": [_kept(row) for row in rows], "closed_forms": sorted(set(closed))}

        return configuration.edit(session, INTAKE, changed, forms.who(viewer), words.INTAKE_CHANGED)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _page(request, session, rows, closed, problems, stale, status=status)

    return forms.send(work, redraw, "/settings/intake")


@router.post("/secret", dependencies=forms.checked)
def renew(
    request: Request,
    viewer: Administrator,
    confirmed: Confirmed,
    lane: Annotated[str, Form()],
    department: Annotated[str, Form()],
) -> Response:
    """A new secret; the old one opens nothing from now on."""
    if lane not in [each.value for each in lanes.WITH_SECRET]:
        raise HTTPException(400)
    with transaction() as session:
        if departments.by_key(session, department) is None:
            raise HTTPException(404)

    def work(session: Session) -> SettingChange | None:
        def renewed(content: Content | None) -> Content:
            assert content is not None
            name = f"{lane}:{department}"
            generations = {**content["generations"], name: content["generations"].get(name, 1) + 1}
            return {**content, "generations": generations}

        summary = words.INTAKE_RENEWED.format(lane=lane, department=department)
        return configuration.edit(session, INTAKE, renewed, forms.who(viewer), summary)

    return forms.send(work, lambda *_: Response(status_code=409), "/settings/intake")


def _rows(content: Content) -> list[Row]:
    return [
        Row(
            each["address"],
            "/".join(part for part in (each.get("department", ""), each.get("team", "")) if part),
            each.get("sub_addressing", True),
        )
        for each in content["addresses"]
    ]


def _kept(row: Row) -> dict[str, Any]:
    department, _, team = row.place.partition("/")
    return {
        "address": row.address.lower(),
        "department": department,
        "team": team,
        "sub_addressing": row.sub_addressing,
    }


def _page(
    request: Request,
    session: Session,
    rows: list[Row],
    closed: list[str],
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    configured = settings.get()
    homes = departments.departments(session)
    content = INTAKE.read(session)
    context = {
        "rows": [*rows, *[Row()] * SPARE],
        "places": _places(session),
        "departments": homes,
        "closed": closed,
        "secrets": {
            home.key: {lane.value: _secret(content, lane, home.key) for lane in lanes.WITH_SECRET} for home in homes
        },
        "mailboxes": _mailboxes(session, configured),
        "listening": configured.mail_listen_port,
        "protocol": configured.mail_listen_protocol.upper(),
        "server": configured.mail_authserv_id,
        "counts": service.counted(session),
        "web_url": configured.web_url,
        "problems": problems or {},
        "stale": stale,
        "seen": configuration.digest(content),
        "document": INTAKE.name,
    }
    return forms.page(request, session, "intake", context, saved, status)


def _secret(content: Content, lane: Lane, department: str) -> str:
    """As it is in the database, which this process may not have heard of yet."""
    return lanes.secret_of(lane, department, content["generations"].get(f"{lane}:{department}", 1))


def _places(session: Session) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for home in departments.departments(session):
        found.append((home.key, home.name))
        found += [
            (f"{home.key}/{team.key}", f"{home.name}, {team.name}") for team in departments.teams(session, home.id)
        ]
    return found


def _mailboxes(session: Session, configured: settings.Settings) -> list[dict[str, Any]]:
    kept = {state.name: state for state in session.scalars(select(MailboxState))}
    return [
        {"name": name, "user": box.user, "host": box.host, "folder": box.folder, "state": kept.get(name)}
        for name, box in configured.imap.items()
    ]
