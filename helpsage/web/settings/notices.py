"""What people are told: the words of notices with a preview, and places outside to which they go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from helpsage import clock, sealed, settings
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import NOTICE_TEMPLATES
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.notify import targets, templates
from helpsage.notify import words as notice_words
from helpsage.notify.documents import OUTSIDE, TargetDocument
from helpsage.notify.models import Notice, Target
from helpsage.notify.templates import Frame, InvalidTemplates, Template
from helpsage.people.models import Account, Role
from helpsage.web.access import Confirmed
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/notices")

#: Notices with shipped words in place of edited ones that are shown.
MOST_FALLEN = 10
#: What a letter's page may load and do: nothing; its styles stand in it.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@router.get("")
def index(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """Templates, places, and what went wrong."""
    with transaction() as session:
        fallen = select(Notice).where(Notice.fell_back != "").order_by(Notice.id.desc()).limit(MOST_FALLEN)
        context = {
            "templates": notice_words.TEMPLATES,
            "edited": {name for name in notice_words.TEMPLATES if templates.edited(session, name) is not None},
            "targets": targets.in_use(session),
            "owners": dict(_owners(session)),
            "services": {**targets.SERVICES, **targets.OWN_SERVERS},
            "fallen": session.scalars(fallen).all(),
            "document": NOTICE_TEMPLATES.name,
        }
        return forms.page(request, session, "notices", context, saved)


# --- words


@dataclass
class Words:
    """What stands in the form of a template."""

    subject: str = ""
    text: str = ""
    button: str = ""
    seen: str = ""

    @property
    def template(self) -> Template:
        """As it is to be kept."""
        return Template(self.subject.strip(), self.text, self.button.strip())


def words_typed(
    subject: Annotated[str, Form()] = "",
    text: Annotated[str, Form()] = "",
    button: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Words:
    """Read the form."""
    return Words(subject, text.replace("\r\n", "\n").strip() + "\n", button, seen)


WordsForm = Annotated[Words, Depends(words_typed)]


@router.get("/words/{name}")
def show_words(request: Request, viewer: Administrator, name: str, saved: int | None = None) -> Response:
    """One template, and how it looks."""
    with transaction() as session:
        kept = _words_of(session, name)
        sent = Words(kept["subject"], kept["text"], kept["button"], configuration.digest(kept))
        return _words_page(request, session, name, sent, saved=saved)


@router.post("/words/{name}", dependencies=forms.checked)
def change_words(
    request: Request, viewer: Administrator, name: str, sent: WordsForm, then: Annotated[str, Form()] = ""
) -> Response:
    """Change it, or look at how it would be (`then`: `text` on the page, `letter` as a page of its own)."""
    with transaction() as session:
        _words_of(session, name)
    problems = _problems(name, sent.template)
    if then == "letter" and not problems:
        made = templates.preview(sent.template, _frame()).html
        return HTMLResponse(made, headers={"Content-Security-Policy": LETTER_POLICY})
    if then:
        return _redrawn(request, name, sent, problems)

    def work(session: Session) -> SettingChange | None:
        if problems:
            raise InvalidContent(problems)
        return _save_words(session, viewer, name, sent.template, sent.seen)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        return _redrawn(request, name, sent, problems, stale, status)

    return forms.send(work, redraw, f"/settings/notices/words/{name}")


@router.post("/words/{name}/shipped", dependencies=forms.checked)
def take_shipped_words(request: Request, viewer: Administrator, name: str) -> Response:
    """Back to the words that came with the desk; that can be undone, too."""
    with transaction() as session:
        _words_of(session, name)

    def work(session: Session) -> SettingChange | None:
        return _save_words(session, viewer, name, templates.shipped()[name], None, words.NOTICE_SHIPPED)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        raise HTTPException(status)

    return forms.send(work, redraw, f"/settings/notices/words/{name}")


def _save_words(
    session: Session,
    viewer: Administrator,
    name: str,
    template: Template,
    seen: str | None,
    summary: str = words.NOTICE_CHANGED,
) -> SettingChange | None:
    def changed(content: Content | None) -> Content:
        assert content is not None
        if seen is not None:
            forms.refuse_stale(session, NOTICE_TEMPLATES.name, content["templates"].get(name), seen)
        return {"templates": {**content["templates"], name: template.content()}}

    told = summary.format(name=notice_words.TEMPLATES[name][0])
    return configuration.edit(session, NOTICE_TEMPLATES, changed, forms.who(viewer), told)


def _problems(name: str, template: Template) -> dict[str, str]:
    try:
        templates.check(name, template)
    except InvalidTemplates as error:
        return error.problems
    return {}


def _words_of(session: Session, name: str) -> Content:
    """As they are kept, or as they were shipped."""
    if name not in notice_words.TEMPLATES:
        raise HTTPException(404)
    kept: Content | None = NOTICE_TEMPLATES.read(session)["templates"].get(name)
    return kept or templates.shipped()[name].content()


def _redrawn(
    request: Request,
    name: str,
    sent: Words,
    problems: dict[str, str],
    stale: Stale | None = None,
    status: int = 200,
) -> Response:
    with transaction() as session:
        if stale is not None:
            sent.seen = configuration.digest(_words_of(session, name))
        return _words_page(request, session, name, sent, problems, stale, status=status)


def _words_page(
    request: Request,
    session: Session,
    name: str,
    sent: Words,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    title, hint = notice_words.TEMPLATES[name]
    shown = templates.preview(sent.template, _frame()) if not _problems(name, sent.template) else None
    context = {
        "name": name,
        "title": title,
        "hint": hint,
        "in_languages": name in notice_words.TO_REQUESTERS,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "shown": shown,
        "edited": templates.edited(session, name) is not None,
        "variables": notice_words.VARIABLES,
        "filters": sorted(templates.FILTERS),
        "document": NOTICE_TEMPLATES.name,
    }
    return forms.page(request, session, "notice", context, saved, status)


def _frame() -> Frame:
    configured = settings.get()
    return Frame(
        configured.desk_name, "", f"{configured.web_url}/my/notifications", f"{configured.web_url}/unsubscribe"
    )


# --- places outside


@dataclass
class Place:
    """What stands in the form of a target."""

    name: str = ""
    address: str = ""
    owner: str = ""
    events: list[str] = field(default_factory=list)
    seen: str = ""

    @classmethod
    def of(cls, content: Content) -> Place:
        """As the target is now; its address is not shown again."""
        owner = f"person:{content['person']}" if content["person"] else ""
        owner = f"team:{content['team']}" if content["team"] else owner
        return cls(content["name"], "", owner, content["events"], configuration.digest(content))

    def content(self, before: Content | None) -> Content:
        """As it is to be kept."""
        kind, _, written = self.owner.partition(":")
        known = before or {"service": "", "address": ""}
        return {
            "name": self.name.strip(),
            "service": known["service"],
            "address": known["address"],
            "person": written if kind == "person" else "",
            "team": written if kind == "team" else "",
            "events": sorted(set(self.events)) if kind != "person" else [],
            "removed": False,
        }


def place_typed(
    name: Annotated[str, Form()] = "",
    address: Annotated[str, Form()] = "",
    owner: Annotated[str, Form()] = "",
    events: Annotated[list[str] | None, Form()] = None,
    seen: Annotated[str, Form()] = "",
) -> Place:
    """Read the form."""
    return Place(name, address.strip(), owner, events or [], seen)


PlaceForm = Annotated[Place, Depends(place_typed)]


@router.get("/targets/new")
def new_target(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    with transaction() as session:
        return _target_page(request, session, None, Place())


@router.post("/targets/new", dependencies=forms.checked)
def make_target(request: Request, viewer: Administrator, confirmed: Confirmed, sent: PlaceForm) -> Response:
    """Make a target."""
    return _save_target(request, viewer, None, sent)


@router.get("/targets/{target_id}")
def show_target(request: Request, viewer: Administrator, target_id: UUID, saved: int | None = None) -> Response:
    """One target."""
    with transaction() as session:
        return _target_page(request, session, target_id, Place.of(_target(session, target_id)), saved=saved)


@router.post("/targets/{target_id}", dependencies=forms.checked)
def change_target(
    request: Request, viewer: Administrator, confirmed: Confirmed, target_id: UUID, sent: PlaceForm
) -> Response:
    """Change it."""
    return _save_target(request, viewer, target_id, sent)


@router.post("/targets/{target_id}/test", dependencies=forms.checked)
def test_target(request: Request, viewer: Administrator, target_id: UUID) -> Response:
    """Call it now, and say how that went."""
    with transaction() as session:
        _target(session, target_id)
        sealed_address = session.get_one(Target, target_id).address
    problem = ""
    try:
        desk = settings.get().desk_name
        address = sealed.unseal(targets.PURPOSE, sealed_address)
        targets.send(address, notice_words.TEST_TITLE.format(desk=desk), notice_words.TEST_BODY)
    except sealed.Unreadable:
        problem = notice_words.UNREADABLE
    except (targets.InvalidTarget, targets.NotSent) as error:
        problem = str(error)
    with transaction() as session:
        found = session.get_one(Target, target_id)
        found.error = problem
        if problem:
            found.failed_at = clock.now()
        else:
            found.worked_at = clock.now()
        session.flush()
        told = words.TARGET_FAILS.format(error=problem) if problem else words.TARGET_WORKS
        sent = Place.of(_target(session, target_id))
        return _target_page(request, session, target_id, sent, tested=(not problem, told))


@router.post("/targets/{target_id}/remove", dependencies=forms.checked)
def remove_target(request: Request, viewer: Administrator, target_id: UUID) -> Response:
    """Take it away; that can be undone."""
    with transaction() as session:
        name = _target(session, target_id)["name"]

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            return {**content, "removed": True}

        summary = words.TARGET_REMOVED.format(name=name)
        return configuration.edit(session, TargetDocument(target_id), changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        raise HTTPException(status)

    return forms.send(work, redraw, "/settings/notices")


def _save_target(request: Request, viewer: Administrator, target_id: UUID | None, sent: Place) -> Response:
    row = target_id or uuid4()
    document = TargetDocument(row, sent.address)

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            if target_id is not None:
                forms.refuse_stale(session, document.name, content, sent.seen)
            wanted = sent.content(content)
            # An address that is entered is a change, whatever else is the same.
            return {**wanted, "address": ""} if sent.address else wanted

        _refuse_owner(session, sent.owner)
        summary = (words.TARGET_MADE if target_id is None else words.TARGET_CHANGED).format(name=sent.name[:80])
        return configuration.edit(session, document, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            if target_id is not None:
                sent.seen = configuration.digest(_target(session, target_id))
            return _target_page(request, session, target_id, sent, problems, stale, status=status)

    return forms.send(work, redraw, f"/settings/notices/targets/{row}")


def _refuse_owner(session: Session, owner: str) -> None:
    if owner not in {key for key, _ in _owners(session)}:
        raise InvalidContent({"owner": words.CHOOSE})


def _target(session: Session, target_id: UUID) -> Content:
    found = TargetDocument(target_id).read(session)
    if found is None or found["removed"]:
        raise HTTPException(404)
    return found


def _owners(session: Session) -> list[tuple[str, str]]:
    """Whose a target may be."""
    staff = select(Account).where(Account.role != Role.REQUESTER.value, Account.disabled_at.is_(None))
    people = sorted((one.person.name or one.email, str(one.person_id)) for one in session.scalars(staff))
    teams = [(f"team:{one.id}", one.name) for one in departments.teams(session)]
    return [("", words.EVERYBODYS), *teams, *((f"person:{person_id}", name) for name, person_id in people)]


def _target_page(
    request: Request,
    session: Session,
    target_id: UUID | None,
    sent: Place,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
    tested: tuple[bool, str] | None = None,
) -> Response:
    context = {
        "target": session.get(Target, target_id) if target_id is not None else None,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "owners": _owners(session),
        "events": [(event.value, words.OUTSIDE[event.value]) for event in OUTSIDE],
        "services": {**targets.SERVICES, **targets.OWN_SERVERS},
        "hosts": settings.get().notice_hosts,
        "tested": tested,
        "document": TargetDocument(target_id).name if target_id is not None else "",
    }
    return forms.page(request, session, "target", context, saved, status)
