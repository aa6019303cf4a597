"""Categories with their questions, and the parts of the chat's first menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, HTTPException
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.configuration import assistant, catalogue
from helpsage.configuration import service as configuration
from helpsage.configuration.documents import CATEGORIES
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.tickets.models import Priority
from helpsage.web import words as page_words
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import Administrator, Stale

router = APIRouter(include_in_schema=False, prefix="/settings")

#: Empty places for questions beside those that are asked.
MORE_QUESTIONS = 3

Part = Callable[[Content], Content]


@dataclass
class Typed:
    """What stands in a form: its fields by name, and which state the writer had on the screen."""

    name: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    seen: str = ""


@router.get("/categories")
def index(request: Request, viewer: Administrator, saved: int | None = None) -> Response:
    """Everything the desk takes care of, by the part of the menu it stands in."""
    with transaction() as session:
        content = CATEGORIES.read(session)
        context = {
            "content": content,
            "asked_by": _asked_by(content),
            "priorities": page_words.PRIORITIES,
            "notes": {name: _notes(one) for name, one in content["categories"].items()},
            "kinds": words.KINDS,
        }
        return forms.page(request, session, "categories", context, saved)


# --- categories


def category_typed(
    title: Annotated[str, Form()] = "",
    group: Annotated[str, Form()] = "",
    team: Annotated[str, Form()] = "",
    priority: Annotated[str, Form()] = "",
    questions: Annotated[list[str] | None, Form()] = None,
    intents: Annotated[str, Form()] = "",
    faqs: Annotated[str, Form()] = "",
    shared: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form of a category."""
    fields: dict[str, Any] = {
        "title": title.strip(),
        "group": group,
        "team": team,
        "priority": priority,
        "intents": forms.listed(intents),
        "questions": [question for question in questions or [] if question],
        "faqs": forms.listed(faqs),
    }
    if shared:
        fields["shared"] = True
    return Typed(fields=fields, seen=seen)


CategoryForm = Annotated[Typed, Depends(category_typed)]


@router.get("/categories/new")
def new_category(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    fields = {
        "title": "", "group": "", "team": "", "priority": Priority.NORMAL.value,
        "intents": [], "questions": [], "faqs": [],
    }  # fmt: skip
    with transaction() as session:
        return _category_page(request, session, None, Typed(fields=fields))


@router.post("/categories/new", dependencies=forms.checked)
def make_category(request: Request, viewer: Administrator, sent: CategoryForm) -> Response:
    """Make a category."""
    return _save(request, viewer, "categories", None, sent, catalogue.with_category, _category_page)


@router.get("/categories/{name}")
def show_category(request: Request, viewer: Administrator, name: str, saved: int | None = None) -> Response:
    """One category."""
    with transaction() as session:
        return _category_page(request, session, name, _typed(session, "categories", name), saved=saved)


@router.post("/categories/{name}", dependencies=forms.checked)
def change_category(request: Request, viewer: Administrator, name: str, sent: CategoryForm) -> Response:
    """Change it."""
    return _save(request, viewer, "categories", name, sent, catalogue.with_category, _category_page)


@router.post("/categories/{name}/remove", dependencies=forms.checked)
def remove_category(request: Request, viewer: Administrator, name: str) -> Response:
    """Take it out of use."""
    return _remove(request, viewer, "categories", name, catalogue.without_category, _category_page)


# --- questions


def question_typed(
    label: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "",
    ask: Annotated[str, Form()] = "",
    help: Annotated[str, Form()] = "",
    required: Annotated[str, Form()] = "",
    choices: Annotated[str, Form()] = "",
    entity: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form of a question."""
    fields: dict[str, Any] = {
        "label": label.strip(),
        "kind": kind,
        "ask": ask.strip(),
        "help": help.strip(),
        "required": bool(required),
    }
    if entity.strip():
        fields["entity"] = entity.strip()
    if choices.strip():
        fields["choices"] = [_choice(line) for line in choices.splitlines() if line.strip()]
    return Typed(fields=fields, seen=seen)


def _choice(line: str) -> dict[str, Any]:
    """`upi | UPI | gpay, phonepe`; a line without bars is the title."""
    value, title, more = [*(part.strip() for part in line.split("|", 2)), "", ""][:3]
    if not title:
        title = value
        value = catalogue.free_name(value, ())
    return {"value": value, "title": title, "words": [word.strip().lower() for word in more.split(",") if word.strip()]}


def written_choices(choices: list[dict[str, Any]]) -> str:
    """Choices as the form shows them, one a line."""
    lines = (f"{one['value']} | {one['title']} | {', '.join(one.get('words', ()))}" for one in choices)
    return "\n".join(line.removesuffix(" | ") for line in lines)


QuestionForm = Annotated[Typed, Depends(question_typed)]


@router.get("/questions/new")
def new_question(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    fields = {"label": "", "kind": "text", "ask": "", "help": "utter_help_text", "required": False}
    with transaction() as session:
        return _question_page(request, session, None, Typed(fields=fields))


@router.post("/questions/new", dependencies=forms.checked)
def make_question(request: Request, viewer: Administrator, sent: QuestionForm) -> Response:
    """Make a question."""
    return _save(request, viewer, "questions", None, sent, catalogue.with_question, _question_page)


@router.get("/questions/{name}")
def show_question(request: Request, viewer: Administrator, name: str, saved: int | None = None) -> Response:
    """One question."""
    with transaction() as session:
        return _question_page(request, session, name, _typed(session, "questions", name), saved=saved)


@router.post("/questions/{name}", dependencies=forms.checked)
def change_question(request: Request, viewer: Administrator, name: str, sent: QuestionForm) -> Response:
    """Change it."""
    return _save(request, viewer, "questions", name, sent, catalogue.with_question, _question_page)


@router.post("/questions/{name}/remove", dependencies=forms.checked)
def remove_question(request: Request, viewer: Administrator, name: str) -> Response:
    """Take it out of use."""
    return _remove(request, viewer, "questions", name, catalogue.without_question, _question_page)


# --- parts of the first menu


def group_typed(
    title: Annotated[str, Form()] = "",
    acknowledge: Annotated[str, Form()] = "",
    otherwise: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
) -> Typed:
    """Read the form of a part of the menu."""
    fields = {"title": title.strip(), "acknowledge": acknowledge.strip(), "otherwise": otherwise}
    return Typed(fields=fields, seen=seen)


GroupForm = Annotated[Typed, Depends(group_typed)]


@router.get("/groups/new")
def new_group(request: Request, viewer: Administrator) -> Response:
    """An empty form."""
    with transaction() as session:
        return _group_page(
            request, session, None, Typed(fields={"title": "", "acknowledge": "", "otherwise": "general_issue"})
        )


@router.post("/groups/new", dependencies=forms.checked)
def make_group(request: Request, viewer: Administrator, sent: GroupForm) -> Response:
    """Make one."""
    return _save(request, viewer, "groups", None, sent, catalogue.with_group, _group_page)


@router.get("/groups/{name}")
def show_group(request: Request, viewer: Administrator, name: str, saved: int | None = None) -> Response:
    """One of them."""
    with transaction() as session:
        return _group_page(request, session, name, _typed(session, "groups", name), saved=saved)


@router.post("/groups/{name}", dependencies=forms.checked)
def change_group(request: Request, viewer: Administrator, name: str, sent: GroupForm) -> Response:
    """Change it."""
    return _save(request, viewer, "groups", name, sent, catalogue.with_group, _group_page)


@router.post("/groups/{name}/remove", dependencies=forms.checked)
def remove_group(request: Request, viewer: Administrator, name: str) -> Response:
    """Take it out of the menu."""
    return _remove(request, viewer, "groups", name, catalogue.without_group, _group_page)


# --- saving any of the three

Draw = Callable[..., Response]
With = Callable[[Content, str, dict[str, Any]], Content]
_MADE = {"categories": words.CATEGORY_MADE, "questions": words.QUESTION_MADE, "groups": words.GROUP_MADE}
_CHANGED = {"categories": words.CATEGORY_CHANGED, "questions": words.QUESTION_CHANGED, "groups": words.GROUP_CHANGED}
_REMOVED = {"categories": words.CATEGORY_REMOVED, "questions": words.QUESTION_REMOVED, "groups": words.GROUP_REMOVED}


def _typed(session: Session, part: str, name: str) -> Typed:
    found = CATEGORIES.read(session)[part].get(name)
    if found is None:
        raise HTTPException(404)
    return Typed(name, found, configuration.digest(found))


def _save(
    request: Request, viewer: Administrator, part: str, name: str | None, sent: Typed, put: With, draw: Draw
) -> Response:
    titled = str(sent.fields.get("title") or sent.fields.get("label") or "")

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            if name is None:
                sent.name = catalogue.free_name(titled, content[part])
            elif name not in content[part]:
                raise configuration.stale(session, CATEGORIES.name)
            else:
                forms.refuse_stale(session, CATEGORIES.name, content[part][name], sent.seen)
            return put(content, name or sent.name, dict(sent.fields))

        summary = (_MADE if name is None else _CHANGED)[part].format(name=titled[:80])
        return configuration.edit(session, CATEGORIES, changed, forms.who(viewer), summary)

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            sent.seen = configuration.digest(CATEGORIES.read(session)[part].get(name))
            return draw(request, session, name, sent, problems, stale, status=status)

    return forms.send(work, redraw, lambda: f"/settings/{part}/{name or sent.name}")


def _remove(
    request: Request,
    viewer: Administrator,
    part: str,
    name: str,
    without: Callable[[Content, str], Content],
    draw: Draw,
) -> Response:
    with transaction() as session:
        kept = _typed(session, part, name)
    titled = str(kept.fields.get("title") or kept.fields.get("label"))

    def work(session: Session) -> SettingChange | None:
        def changed(content: Content | None) -> Content:
            assert content is not None
            return without(content, name)

        return configuration.edit(
            session, CATEGORIES, changed, forms.who(viewer), _REMOVED[part].format(name=titled[:80])
        )

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            return draw(request, session, name, kept, problems, stale, status=status)

    return forms.send(work, redraw, "/settings/categories")


# --- drawing


def _category_page(
    request: Request,
    session: Session,
    name: str | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    content = CATEGORIES.read(session)
    context = {
        "name": name,
        "form": sent.fields,
        "seen": sent.seen,
        "problems": problems or {},
        "stale": stale,
        "content": content,
        "places": [*sent.fields["questions"], *[""] * MORE_QUESTIONS],
        "teams": _team_choices(session, sent.fields["team"]),
        "priorities": page_words.PRIORITIES,
        "notes": _notes(sent.fields) if name is not None else [],
        "document": CATEGORIES.name,
    }
    return forms.page(request, session, "category", context, saved, status)


def _team_choices(session: Session, chosen: str) -> list[tuple[str, str]]:
    """Key and name of each team; a key that no team has any more stays to be seen."""
    several = len(departments.departments(session)) > 1
    named = {one.id: one.name for one in departments.departments(session, archived=True)}
    found = [
        (one.key, f"{one.name} ({named[one.department_id]})" if several else one.name)
        for one in departments.teams(session)
    ]
    if chosen and chosen.lower() not in (key.lower() for key, _ in found):
        found.append((chosen, chosen))
    return found


def _question_page(
    request: Request,
    session: Session,
    name: str | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    content = CATEGORIES.read(session)
    context = {
        "name": name,
        "form": sent.fields,
        "seen": sent.seen,
        "problems": problems or {},
        "stale": stale,
        "choices": written_choices(sent.fields.get("choices") or []),
        "kinds": words.KINDS,
        "responses": assistant.taught().responses,
        "asked_by": _asked_by(content).get(name or "", []),
        "document": CATEGORIES.name,
    }
    return forms.page(request, session, "question", context, saved, status)


def _group_page(
    request: Request,
    session: Session,
    name: str | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    content = CATEGORIES.read(session)
    context = {
        "name": name,
        "form": sent.fields,
        "seen": sent.seen,
        "problems": problems or {},
        "stale": stale,
        "categories": content["categories"],
        "responses": assistant.taught().responses,
        "inside": [one["title"] for one in content["categories"].values() if one["group"] == name],
        "document": CATEGORIES.name,
    }
    return forms.page(request, session, "group", context, saved, status)


def _asked_by(content: Content) -> dict[str, list[str]]:
    """Titles of the categories that ask each question."""
    asked: dict[str, list[str]] = {}
    for category in content["categories"].values():
        for question in category["questions"]:
            asked.setdefault(question, []).append(category["title"])
    return asked


def _notes(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """What the assistant was and was not taught about this category: `good` or `warn`, and words."""
    known = assistant.taught()
    notes: list[tuple[str, str]] = []
    for intent in fields.get("intents") or []:
        count = known.examples.get(intent, 0)
        if intent not in known.intents:
            notes.append(("warn", words.NO_INTENT.format(intent=intent)))
        elif count < assistant.ENOUGH_EXAMPLES:
            told = words.FEW_EXAMPLES.format(intent=intent, count=count, enough=assistant.ENOUGH_EXAMPLES)
            notes.append(("warn", told))
        else:
            notes.append(("good", words.GOOD_EXAMPLES.format(intent=intent, count=count)))
    if not fields.get("intents"):
        notes.append(("warn", words.NO_INTENTS))
    notes += [("warn", words.NO_FAQ.format(faq=faq)) for faq in fields.get("faqs") or [] if faq not in known.faqs]
    return notes
