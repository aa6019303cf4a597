"""Service levels: calendars, policies in their order, and a place to try them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter, Depends, Form, HTTPException, Query
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import clock, settings
from helpsage.configuration import catalogue
from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.service_levels import document, hours, levels
from helpsage.service_levels import words as level_words
from helpsage.service_levels.calendar import NeverOpen, add
from helpsage.service_levels.document import SERVICE_LEVELS
from helpsage.service_levels.hours import DAYS
from helpsage.service_levels.levels import Kind, Who
from helpsage.tickets import categories
from helpsage.tickets.models import Priority
from helpsage.web import words as page_words
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

HOME = "/settings/service-levels"
router = APIRouter(include_in_schema=False, prefix=HOME)
#: Days off of a calendar that are shown ahead.
SHOWN_DAYS = 8


# --- the overview


@dataclass(frozen=True)
class Asked:
    """What the box to try it was asked."""

    priority: str = Priority.NORMAL.value
    category: str = ""
    department: str = ""
    #: As a browser writes it, in the installation's zone; empty: now.
    at: str = ""


def asked(
    priority: Annotated[str, Query(max_length=20)] = "",
    category: Annotated[str, Query(max_length=60)] = "",
    department: Annotated[str, Query(max_length=60)] = "",
    at: Annotated[str, Query(max_length=30)] = "",
) -> Asked | None:
    """Read the address; None when nothing was asked."""
    return Asked(priority, category, department, at) if priority in list(Priority) else None


@router.get("")
def show(
    request: Request,
    viewer: Administrator,
    tried: Annotated[Asked | None, Depends(asked)],
    saved: int | None = None,
    applied: str = "",
) -> Response:
    """Everything, and what a ticket opened now would be due by."""
    with transaction() as session:
        content = SERVICE_LEVELS.read(session)
        context = {
            "content": content,
            "document": SERVICE_LEVELS.name,
            "seen": configuration.digest(content["promise"]),
            "duration": hours.written_minutes,
            "weeks": {key: _week(each["hours"]) for key, each in content["calendars"].items()},
            "applied": bool(applied),
            "zone": settings.get().time_zone,
            "tried": tried or Asked(),
            "outcome": _outcome(content, tried) if tried is not None else None,
            **_choices(session),
        }
        return forms.page(request, session, "service_levels", context, saved)


def _week(given: Mapping[str, list[str]]) -> list[tuple[str, str]]:
    """Days on which the same hours are worked, together: `Mon–Thu`, `09:00-17:00`."""
    runs: list[tuple[list[str], str]] = []
    for day in DAYS:
        shifts = ", ".join(given.get(day, []))
        if runs and runs[-1][1] == shifts:
            runs[-1][0].append(words.WEEKDAYS[day][:3])
        else:
            runs.append(([words.WEEKDAYS[day][:3]], shifts))
    return [(days[0] if len(days) == 1 else f"{days[0]}–{days[-1]}", shifts) for days, shifts in runs if shifts]


def _choices(session: Session) -> dict[str, Any]:
    return {
        "priorities": page_words.PRIORITIES,
        "categories": categories.load(),
        "departments": departments.departments(session),
        "clock_titles": page_words.CLOCKS,
        "who_titles": words.WHO,
    }


def _outcome(content: Content, tried: Asked) -> dict[str, Any]:
    """The policy that fits, and when the clocks would ring."""
    zone = ZoneInfo(settings.get().time_zone)
    try:
        opened_at = datetime.fromisoformat(tried.at).replace(tzinfo=zone) if tried.at else clock.now()
    except ValueError:
        return {"problem": words.NO_MOMENT}
    known = levels.build(content)
    policy = known.policy_for(tried.priority, tried.category, tried.department or None)
    found: dict[str, Any] = {"policy": policy, "opened_at": opened_at, "due": []}
    for kind in Kind if policy is not None else ():
        minutes = policy.minutes(kind) if policy is not None else 0
        if policy is None or not minutes:
            continue
        calendar = known.calendars[policy.calendar]
        try:
            due = add(calendar, opened_at, timedelta(minutes=minutes))
            warned = add(calendar, opened_at, timedelta(minutes=minutes) * policy.warn_at / 100)
        except (NeverOpen, OverflowError):
            return {"problem": words.NO_MOMENT}
        there = calendar.zone
        found["due"].append((kind.value, due.astimezone(there), warned.astimezone(there) if policy.warn_at else None))
    return found


@router.post("/promise", dependencies=forms.checked)
def promise(
    request: Request, viewer: Administrator, promise: Annotated[str, Form()] = "", seen: Annotated[str, Form()] = ""
) -> Response:
    """Whether requesters read by when they are answered."""

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content) -> Content:
            forms.refuse_stale(session, SERVICE_LEVELS.name, content["promise"], seen)
            return {**content, "promise": bool(promise)}

        return _edit(session, viewer, changed, words.PROMISE_ON if promise else words.PROMISE_OFF)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        return RedirectResponse(HOME, status_code=303)

    return forms.send(work, redraw, HOME)


@router.post("/apply", dependencies=forms.checked)
def apply(request: Request, viewer: Administrator) -> Response:
    """Let the policies as they are now count for every open ticket too."""
    with transaction() as session:
        document.apply_to_open(session)
    return RedirectResponse(f"{HOME}?applied=1", status_code=303)


# --- calendars


@dataclass
class TypedCalendar:
    """What stands in the form."""

    title: str = ""
    zone: str = ""
    hours: dict[str, str] = field(default_factory=dict)
    countries: str = ""
    days_off: str = ""
    days_worked: str = ""
    single_days: str = ""
    seen: str = ""

    def content(self) -> Content:
        """As the document keeps it."""
        return {
            "title": self.title.strip(),
            "zone": self.zone.strip(),
            "hours": {day: _pieces(self.hours.get(day, "")) for day in DAYS},
            "countries": [each.upper() if "-" not in each else each for each in _pieces(self.countries)],
            "days_off": forms.lines(self.days_off),
            "days_worked": forms.lines(self.days_worked),
            "single_days": forms.lines(self.single_days),
        }


def typed_calendar(
    title: Annotated[str, Form()] = "",
    zone: Annotated[str, Form()] = "",
    mon: Annotated[str, Form()] = "",
    tue: Annotated[str, Form()] = "",
    wed: Annotated[str, Form()] = "",
    thu: Annotated[str, Form()] = "",
    fri: Annotated[str, Form()] = "",
    sat: Annotated[str, Form()] = "",
    sun: Annotated[str, Form()] = "",
    countries: Annotated[str, Form()] = "",
    days_off: Annotated[str, Form()] = "",
    days_worked: Annotated[str, Form()] = "",
    single_days: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> TypedCalendar:
    """Read the form."""
    worked = dict(zip(DAYS, (mon, tue, wed, thu, fri, sat, sun), strict=True))
    return TypedCalendar(title, zone, worked, countries, days_off, days_worked, single_days, seen)


def _as_typed(found: Content) -> TypedCalendar:
    """A calendar as its form shows it."""
    return TypedCalendar(
        title=found["title"],
        zone=found["zone"],
        hours={day: ", ".join(found["hours"].get(day, [])) for day in DAYS},
        countries=", ".join(found["countries"]),
        days_off="\n".join(found["days_off"]),
        days_worked="\n".join(found["days_worked"]),
        single_days="\n".join(found.get("single_days", [])),
        seen=configuration.digest(found),
    )


def _pieces(written: str) -> list[str]:
    return [piece.strip() for piece in written.replace("\0", "").split(",") if piece.strip()]


CalendarForm = Annotated[TypedCalendar, Depends(typed_calendar)]


@router.get("/calendars/new")
def new_calendar(request: Request, viewer: Administrator) -> Response:
    """An empty form, with the hours of an office."""
    usual = dict.fromkeys(DAYS[:5], "09:00-17:00")
    with transaction() as session:
        return _calendar_page(request, session, None, TypedCalendar(hours=usual))


@router.post("/calendars/new", dependencies=forms.checked)
def make_calendar(request: Request, viewer: Administrator, sent: CalendarForm) -> Response:
    """Make a calendar."""
    return _save_calendar(request, viewer, None, sent)


@router.get("/calendars/{key}")
def show_calendar(request: Request, viewer: Administrator, key: str, saved: int | None = None) -> Response:
    """One calendar."""
    with transaction() as session:
        found = _calendar(SERVICE_LEVELS.read(session), key)
        return _calendar_page(request, session, key, _as_typed(found), saved=saved)


@router.post("/calendars/{key}", dependencies=forms.checked)
def change_calendar(request: Request, viewer: Administrator, key: str, sent: CalendarForm) -> Response:
    """Change it."""
    return _save_calendar(request, viewer, key, sent)


@router.post("/calendars/{key}/remove", dependencies=forms.checked)
def remove_calendar(request: Request, viewer: Administrator, key: str) -> Response:
    """Remove it, unless a policy measures with it."""

    def work(session: Session) -> SettingChange | None:
        title = _calendar(SERVICE_LEVELS.read(session), key)["title"]

        def changed(content: Content) -> Content:
            using = [each["title"] for each in content["policies"] if each["calendar"] == key]
            if using:
                raise InvalidContent(level_words.IN_USE.format(policies=", ".join(using)))
            content["calendars"].pop(key, None)
            return content

        return _edit(session, viewer, changed, words.CALENDAR_REMOVED.format(name=title))

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            found = _calendar(SERVICE_LEVELS.read(session), key)
            return _calendar_page(request, session, key, _as_typed(found), problems, stale, status=status)

    return forms.send(work, redraw, HOME)


def _calendar(content: Content, key: str) -> Content:
    found: Content | None = content["calendars"].get(key)
    if found is None:
        raise HTTPException(404)
    return found


def _save_calendar(request: Request, viewer: Administrator, key: str | None, sent: TypedCalendar) -> Response:
    made = {"key": key or ""}

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content) -> Content:
            if key is not None:
                forms.refuse_stale(session, SERVICE_LEVELS.name, content["calendars"].get(key), sent.seen)
            given = sent.content()
            problems = levels.calendar_problems(given)
            if problems:
                raise InvalidContent(problems)
            made["key"] = key or catalogue.free_name(given["title"], content["calendars"])
            content["calendars"][made["key"]] = given
            return content

        summary = words.CALENDAR_CHANGED if key is not None else words.CALENDAR_MADE
        return _edit(session, viewer, changed, summary.format(name=sent.title.strip()[:80]))

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            sent.seen = configuration.digest(SERVICE_LEVELS.read(session)["calendars"].get(key))
            return _calendar_page(request, session, key, sent, problems, stale, status=status)

    return forms.send(work, redraw, lambda: f"{HOME}/calendars/{made['key']}")


def _calendar_page(
    request: Request,
    session: Session,
    key: str | None,
    sent: TypedCalendar,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    content = SERVICE_LEVELS.read(session)
    context = {
        "key": key,
        "called": content["calendars"][key]["title"] if key in content["calendars"] else "",
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "days": words.WEEKDAYS,
        "zones": sorted(available_timezones()),
        "own_zone": settings.get().time_zone,
        "ahead": _ahead(content["calendars"].get(key)),
        "used_by": [each for each in content["policies"] if each["calendar"] == key],
        "document": SERVICE_LEVELS.name,
    }
    return forms.page(request, session, "calendar", context, saved, status)


def _ahead(given: Mapping[str, Any] | None) -> list[tuple[Any, str]]:
    """The next days of a saved calendar that are off or have hours of their own, and what is said of each."""
    if given is None:
        return []
    today = clock.now().date()
    own = [hours.day_off(each) for each in given["days_off"]]
    worked = {each[:10] for each in given["days_worked"]}
    single = {each[:5] if each[4:5] != "-" else each[:10]: each for each in given.get("single_days", [])}
    found: dict[Any, str] = {}
    for day in (today + timedelta(days=n) for n in range(400)):
        if written := single.get(day.isoformat()) or single.get(day.isoformat()[5:]):
            found[day] = written.partition(" ")[2]
            continue
        named = [hours.public_holidays(country, day.year).get(day) for country in given["countries"]]
        named += [
            each.called or words.DAY_OFF
            for each in own
            if (each.month, each.day) == (day.month, day.day) and each.year in (None, day.year)
        ]
        called = next((name for name in named if name), None)
        if called and day.isoformat() not in worked:
            found[day] = called
    return list(found.items())[:SHOWN_DAYS]


# --- policies


@dataclass
class TypedPolicy:
    """What stands in the form."""

    title: str = ""
    priorities: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    departments: list[str] = field(default_factory=list)
    calendar: str = ""
    first_response: str = ""
    resolution: str = ""
    warn_at: str = "75"
    warn: list[str] = field(default_factory=lambda: [Who.ASSIGNEE.value])
    breach: list[str] = field(default_factory=lambda: [Who.ASSIGNEE.value])
    escalate: bool = False
    hand_to: str = ""
    repeat_every: str = ""
    repeat_most: str = "0"
    seen: str = ""

    def content(self) -> Content:
        """As the document keeps it.

        Raises:
            InvalidContent: durations and numbers that are none.
        """
        problems: dict[str, str] = {}
        read: dict[str, int] = {}
        for name in ("first_response", "resolution", "repeat_every"):
            try:
                read[name] = hours.minutes_of(getattr(self, name))
            except ValueError:
                problems[name] = level_words.NO_DURATION
        for name, wrong in (
            ("warn_at", level_words.NO_PERCENT),
            ("repeat_most", level_words.NO_REPEATS.format(most=levels.MOST_REPEATS)),
        ):
            text = getattr(self, name).strip() or "0"
            if text.isdecimal() and len(text) < 6:
                read[name] = int(text)
            else:
                problems[name] = wrong
        if problems:
            raise InvalidContent(problems)
        return {
            "title": self.title.strip(),
            "priorities": self.priorities,
            "categories": self.categories,
            "departments": self.departments,
            "calendar": self.calendar,
            "warn": self.warn,
            "breach": self.breach,
            "escalate": self.escalate,
            "hand_to": self.hand_to,
            **read,
        }


def typed_policy(
    title: Annotated[str, Form()] = "",
    priorities: Annotated[list[str] | None, Form()] = None,
    categories: Annotated[list[str] | None, Form()] = None,
    departments: Annotated[list[str] | None, Form()] = None,
    calendar: Annotated[str, Form()] = "",
    first_response: Annotated[str, Form()] = "",
    resolution: Annotated[str, Form()] = "",
    warn_at: Annotated[str, Form()] = "",
    warn: Annotated[list[str] | None, Form()] = None,
    breach: Annotated[list[str] | None, Form()] = None,
    escalate: Annotated[str, Form()] = "",
    hand_to: Annotated[str, Form()] = "",
    repeat_every: Annotated[str, Form()] = "",
    repeat_most: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> TypedPolicy:
    """Read the form."""
    return TypedPolicy(
        title, priorities or [], categories or [], departments or [], calendar, first_response, resolution, warn_at,
        warn or [], breach or [], bool(escalate), hand_to, repeat_every, repeat_most, seen,
    )  # fmt: skip


PolicyForm = Annotated[TypedPolicy, Depends(typed_policy)]


@router.get("/policies/new")
def new_policy(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    with transaction() as session:
        return _policy_page(request, session, None, TypedPolicy())


@router.post("/policies/new", dependencies=forms.checked)
def make_policy(request: Request, viewer: Administrator, sent: PolicyForm) -> Response:
    """Make a policy. It comes first: what is more exact has to come before what is for all."""
    return _save_policy(request, viewer, None, sent)


@router.get("/policies/{key}")
def show_policy(request: Request, viewer: Administrator, key: str, saved: int | None = None) -> Response:
    """One policy."""
    with transaction() as session:
        found = _policy(SERVICE_LEVELS.read(session), key)
        sent = TypedPolicy(
            title=found["title"],
            priorities=found["priorities"],
            categories=found["categories"],
            departments=found["departments"],
            calendar=found["calendar"],
            first_response=hours.written_minutes(found["first_response"]),
            resolution=hours.written_minutes(found["resolution"]),
            warn_at=str(found["warn_at"]),
            warn=found["warn"],
            breach=found["breach"],
            escalate=found["escalate"],
            hand_to=found["hand_to"],
            repeat_every=hours.written_minutes(found["repeat_every"]),
            repeat_most=str(found["repeat_most"]),
            seen=configuration.digest(found),
        )
        return _policy_page(request, session, key, sent, saved=saved)


@router.post("/policies/{key}", dependencies=forms.checked)
def change_policy(request: Request, viewer: Administrator, key: str, sent: PolicyForm) -> Response:
    """Change it."""
    return _save_policy(request, viewer, key, sent)


@router.post("/policies/{key}/remove", dependencies=forms.checked)
def remove_policy(request: Request, viewer: Administrator, key: str) -> Response:
    """Remove it. Tickets to which it was promised keep their due times."""

    def changed(content: Content) -> Content:
        content["policies"] = [each for each in content["policies"] if each["key"] != key]
        return content

    return _arrange(viewer, key, changed, words.POLICY_REMOVED)


@router.post("/policies/{key}/move", dependencies=forms.checked)
def move_policy(request: Request, viewer: Administrator, key: str, move: Annotated[forms.Move, Depends()]) -> Response:
    """One place up or down, or to a place: the first that fits a ticket counts."""

    def changed(content: Content) -> Content:
        return {**content, "policies": move.applied(content["policies"], key)}

    return _arrange(viewer, key, changed, words.POLICY_MOVED)


def _arrange(viewer: Administrator, key: str, changed: Any, summary: str) -> Response:
    def work(session: Session) -> SettingChange | None:
        found = _policy(SERVICE_LEVELS.read(session), key)
        return _edit(session, viewer, changed, summary.format(name=found["title"]))

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        return RedirectResponse(HOME, status_code=303)

    return forms.send(work, redraw, HOME)


def _policy(content: Content, key: str) -> Content:
    found: Content | None = next((each for each in content["policies"] if each["key"] == key), None)
    if found is None:
        raise HTTPException(404)
    return found


def _save_policy(request: Request, viewer: Administrator, key: str | None, sent: TypedPolicy) -> Response:
    made = {"key": key or ""}

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content) -> Content:
            there = [each for each in content["policies"] if each["key"] == key]
            if key is not None:
                forms.refuse_stale(session, SERVICE_LEVELS.name, there[0] if there else None, sent.seen)
            given = sent.content()
            _refuse(session, given, content)
            made["key"] = key or catalogue.free_name(given["title"], [each["key"] for each in content["policies"]])
            given = {"key": made["key"], **given}
            if key is None:
                content["policies"].insert(0, given)
            else:
                content["policies"] = [given if each["key"] == key else each for each in content["policies"]]
            return content

        summary = words.POLICY_CHANGED if key is not None else words.POLICY_MADE
        return _edit(session, viewer, changed, summary.format(name=sent.title.strip()[:80]))

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            there = [each for each in SERVICE_LEVELS.read(session)["policies"] if each["key"] == key]
            sent.seen = configuration.digest(there[0] if there else None)
            return _policy_page(request, session, key, sent, problems, stale, status=status)

    return forms.send(work, redraw, lambda: f"{HOME}/policies/{made['key']}")


def _refuse(session: Session, given: Content, content: Content) -> None:
    problems = levels.policy_problems(given, content["calendars"])
    if any(each not in categories.load() for each in given["categories"]):
        problems["categories"] = words.CHOOSE
    if document.unknown_departments(session, given["departments"]):
        problems["departments"] = level_words.NO_DEPARTMENT
    if "hand_to" not in problems and not document.is_place(session, given["hand_to"]):
        problems["hand_to"] = level_words.NO_PLACE
    if problems:
        raise InvalidContent(problems)


def _policy_page(
    request: Request,
    session: Session,
    key: str | None,
    sent: TypedPolicy,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    content = SERVICE_LEVELS.read(session)
    there = [each for each in content["policies"] if each["key"] == key]
    context = {
        "key": key,
        "called": there[0]["title"] if there else "",
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "calendars": [(name, each["title"]) for name, each in content["calendars"].items()],
        "teams": departments.teams(session),
        "staff": document.staff(session),
        "document": SERVICE_LEVELS.name,
        **_choices(session),
    }
    return forms.page(request, session, "policy", context, saved, status)


def _edit(session: Session, viewer: Administrator, change: Any, summary: str) -> SettingChange | None:
    def changed(content: Content | None) -> Content:
        assert content is not None
        made: Content = change(content)
        return made

    return configuration.edit(session, SERVICE_LEVELS, changed, forms.who(viewer), summary)
