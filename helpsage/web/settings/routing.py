"""The table of rules that sends new tickets somewhere, what it would have done last month, and one rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from helpsage.configuration import catalogue
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CATEGORIES, ROUTING
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.triage import dry_run, rules
from helpsage.triage.rules import DAYS, UNSURE, InvalidRouting
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/routing")

#: Addresses of pages, which no rule may be called.
RESERVED = ("new", "twins")
TRY = "try"
CHECKED_LISTS = ("topics", "urgency", "tone", "departments")
WRITTEN_LISTS = ("language", "channels", "tags")


async def _posted(request: Request) -> FormData:
    return await request.form()


Posted = Annotated[FormData, Depends(_posted)]


@router.get("")
def index(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """All rules in order, and how often each would have decided last month."""
    with transaction() as session:
        return _index(request, session, saved=saved)


def _index(
    request: Request,
    session: Session,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    content = ROUTING.read(session)
    table = rules.build(content)
    context = {
        "rules": table.rules,
        "told": {rule.key: words.conditions(rule, _titles(session)) for rule in table.rules},
        "does": {rule.key: words.does(rule, _teams(session)) for rule in table.rules},
        "twins": table,
        "run": dry_run.compare(session, table, table),
        "days": dry_run.DAYS,
        "seen": configuration.digest(content),
        "problems": problems or {},
        "stale": stale,
        "document": ROUTING.name,
    }
    return forms.page(request, session, "routing", context, saved, status)


@router.post("/twins", dependencies=forms.checked)
def change_twins(
    request: Request,
    viewer: Administrator,
    link_certain: Annotated[str, Form()] = "",
    merge_own_certain: Annotated[str, Form()] = "",
) -> Response:
    """What the desk does with tickets that are certainly about the same thing."""

    def changed(content: Content) -> Content:
        chosen = {"link_certain": bool(link_certain), "merge_own_certain": bool(merge_own_certain)}
        return {**content, "twins": chosen}

    return _change(request, viewer, words.TWINS_CHANGED, changed)


@router.get("/new")
def new(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, None, {"title": "", "active": True, "move": "queue"})


@router.post("/new", dependencies=forms.checked)
def make(request: Request, viewer: Administrator, form: Posted) -> Response:
    """Make a rule, above all others: whoever makes one wants to see it decide."""
    return _save(request, viewer, None, form)


@router.get("/{key}")
def show(request: Request, viewer: Administrator, key: str, saved: int | None = None) -> Response:
    """One rule."""
    with transaction() as session:
        return _page(request, session, key, _found(ROUTING.read(session), key), saved=saved)


@router.post("/{key}", dependencies=forms.checked)
def change(request: Request, viewer: Administrator, key: str, form: Posted) -> Response:
    """Change it, or only look what that would do."""
    return _save(request, viewer, key, form)


@router.post("/{key}/remove", dependencies=forms.checked)
def remove(request: Request, viewer: Administrator, key: str) -> Response:
    """Take it away."""
    with transaction() as session:
        title = _found(ROUTING.read(session), key)["title"]
    return _change(
        request,
        viewer,
        words.RULE_REMOVED.format(name=title),
        lambda content: {**content, "rules": [rule for rule in content["rules"] if rule["key"] != key]},
    )


@router.post("/{key}/move", dependencies=forms.checked)
def move(request: Request, viewer: Administrator, key: str, move: Annotated[forms.Move, Depends()]) -> Response:
    """One place up or down, or to a place (1 is the first)."""
    with transaction() as session:
        title = _found(ROUTING.read(session), key)["title"]

    def moved(content: Content) -> Content:
        return {**content, "rules": move.applied(content["rules"], key)}

    return _change(request, viewer, words.RULE_MOVED.format(name=title), moved)


def _change(request: Request, viewer: Administrator, summary: str, changed: Callable[[Content], Content]) -> Response:
    """Change the whole document from the index page."""

    def work(session: Session) -> SettingChange | None:
        return configuration.edit(session, ROUTING, lambda content: changed(content or {}), forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _index(request, session, problems, stale, status=status)

    return forms.send(work, redraw, "/settings/routing")


def _save(request: Request, viewer: Administrator, key: str | None, form: FormData) -> Response:
    typed = _typed(form)
    made: dict[str, str] = {}

    def replaced(session: Session, content: Content, stop_stale: bool) -> Content:
        _refuse(session, typed)
        kept = content["rules"]
        if key is None:
            made["key"] = catalogue.free_name(typed["title"], [*(rule["key"] for rule in kept), *RESERVED])
            return {**content, "rules": [{"key": made["key"], **typed}, *kept]}
        there = next((rule for rule in kept if rule["key"] == key), None)
        if there is None:
            raise configuration.stale(session, ROUTING.name)
        if stop_stale:
            forms.refuse_stale(session, ROUTING.name, there, str(form.get("seen", "")))
        return {**content, "rules": [{"key": key, **typed} if rule["key"] == key else rule for rule in kept]}

    if form.get("do") == TRY:
        return _tried(request, key, typed, replaced)

    def work(session: Session) -> SettingChange | None:
        summary = (words.RULE_MADE if key is None else words.RULE_CHANGED).format(name=typed["title"][:80])
        return configuration.edit(
            session, ROUTING, lambda content: replaced(session, content or {}, True), forms.who(viewer), summary
        )

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return _page(request, session, key, typed, problems, stale, status=status)

    return forms.send(work, redraw, lambda: f"/settings/routing/{key or made.get('key', '')}")


def _tried(
    request: Request,
    key: str | None,
    typed: dict[str, Any],
    replaced: Callable[[Session, Content, bool], Content],
) -> Response:
    """The form again, with what the rule as typed would have changed last month. Nothing is saved."""
    with transaction() as session:
        content = ROUTING.read(session)
        try:
            table = rules.build(replaced(session, content, False))
        except InvalidContent as error:
            return _page(request, session, key, typed, error.problems, status=422)
        except InvalidRouting as error:
            return _page(request, session, key, typed, {"": str(error)}, status=422)
        run = dry_run.compare(session, table, rules.build(content))
        return _page(request, session, key, typed, run=run)


def _typed(form: FormData) -> dict[str, Any]:
    """The rule that stands in the form, as the document keeps it."""

    def one(name: str) -> str:
        return str(form.get(name, "")).strip()

    rule: dict[str, Any] = {"title": one("title"), "active": bool(one("active"))}
    for name in CHECKED_LISTS:
        rule[name] = list(dict.fromkeys(str(value) for value in form.getlist(name)))
    for name in WRITTEN_LISTS:
        rule[name] = list(dict.fromkeys(part.strip().lower() for part in one(name).split(",") if part.strip()))
    days = [day for day in DAYS if day in form.getlist("days")]
    if days or one("from") or one("until"):
        rule["hours"] = {"days": days, "from": one("from"), "until": one("until"), "outside": bool(one("outside"))}
    return {**rule, "move": one("move"), "team": one("team"), "alert": one("alert") or "team"}


def _refuse(session: Session, typed: dict[str, Any]) -> None:
    """Say beside the field what is wrong.

    Raises:
        InvalidContent
    """
    problems: dict[str, str] = {}
    if not 0 < len(typed["title"]) <= rules.LONGEST_TITLE or not typed["title"].isprintable():
        problems["title"] = f"1 to {rules.LONGEST_TITLE} characters on one line."
    if typed["move"] not in list(rules.Move):
        problems["move"] = words.CHOOSE
    if typed["team"] and typed["team"] not in _teams(session):
        problems["team"] = words.CHOOSE
    if set(typed["topics"]) - {UNSURE, *CATEGORIES.read(session)["categories"]}:
        problems["topics"] = words.CHOOSE
    if set(typed["departments"]) - {one.key for one in departments.departments(session)}:
        problems["departments"] = words.CHOOSE
    try:
        rules.build({"rules": [{"key": "rule", **typed, "title": "x", "move": "queue"}]})
    except InvalidRouting as error:
        problems.setdefault("hours" if "hours" in str(error) or "days" in str(error) else "", str(error))
    if problems:
        raise InvalidContent(problems)


def _teams(session: Session) -> dict[str, str]:
    return {team.key: team.name for team in departments.teams(session)}


def _titles(session: Session) -> dict[str, str]:
    """Names of topics and departments for people."""
    found = {name: str(each["title"]) for name, each in CATEGORIES.read(session)["categories"].items()}
    return {UNSURE: words.UNSURE_TOPIC, **found, **{one.key: one.name for one in departments.departments(session)}}


def _found(content: Content, key: str) -> Content:
    found: Content | None = next((rule for rule in content["rules"] if rule["key"] == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _page(
    request: Request,
    session: Session,
    key: str | None,
    rule: dict[str, Any],
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
    run: dry_run.DryRun | None = None,
) -> Response:
    content = ROUTING.read(session)
    there = next((one for one in content["rules"] if one["key"] == key), None)
    context = {
        "key": key,
        "rule": rule,
        "hours": rule.get("hours") or {},
        "topics": [(UNSURE, words.UNSURE_TOPIC), *_category_titles(session)],
        "departments": departments.departments(session),
        "teams": sorted(_teams(session).items(), key=lambda pair: pair[1].casefold()),
        "moves": words.MOVES,
        "alerts": words.ALERTS,
        "urgencies": words.URGENCIES,
        "tones": words.TONES,
        "day_names": words.DAYS,
        "run": run,
        "days": dry_run.DAYS,
        "seen": configuration.digest(there),
        "problems": problems or {},
        "stale": stale,
        "document": ROUTING.name,
    }
    return forms.page(request, session, "routing_rule", context, saved, status)


def _category_titles(session: Session) -> list[tuple[str, str]]:
    return [(name, str(each["title"])) for name, each in CATEGORIES.read(session)["categories"].items()]
