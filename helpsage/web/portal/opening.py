"""A new ticket by form. Choosing what it is about shows that category's questions, with and without JavaScript."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import clock, settings
from helpsage.attachments import AttachmentRefused
from helpsage.configuration.assistant import RESPONSE, taught
from helpsage.db.session import transaction
from helpsage.knowledge.reading import ANYBODY
from helpsage.tickets import categories, service
from helpsage.tickets.categories import Category, Question
from helpsage.tickets.errors import InvalidText
from helpsage.tickets.service import NewTicket
from helpsage.tickets.words import LONGEST_SUBJECT, body, clean, visible
from helpsage.web import templating, texts, uploads
from helpsage.web.access import SignedIn
from helpsage.web.help import finding
from helpsage.web.help.finding import Found
from helpsage.web.portal import answers, forms, words
from helpsage.web.portal.forms import Attempt, Opener, Posted, checked, said
from helpsage.web.uploads import Files
from languages import catalogues

router = APIRouter(include_in_schema=False, prefix="/my/new")

CHANNEL = "portal"
#: Characters of a subject for which articles are looked up, and how many are shown.
SHORTEST_SUBJECT = 4
MOST_ARTICLES = 3
#: The button that only asks for a category's questions.
SHOW_QUESTIONS = "questions"


@router.get("")
def form(request: Request, who: Opener, category: str = "", about: str = "") -> Response:
    """The empty form; `category` chooses one, `about` mentions an earlier ticket."""
    values = {"category": category if category in categories.load() else "", "about": about[:20]}
    return _page(request, who, Attempt("new", values), Files(who.person_id), forms.new_key())


@router.get("/articles")
def seen(request: Request, who: Opener, subject: str = "") -> Response:
    """Articles that may answer what is being written: a part of the page, for its script."""
    return templating.page(request, "portal/seen.html", {"articles": _articles(subject)})


@router.post("", dependencies=checked)
def open_one(request: Request, who: Opener, form: Posted) -> Response:
    """Open the ticket, once per form however often it is sent."""
    attempt = Attempt("new", {name: said(form, name) for name in form})
    files = uploads.read(form, who.person_id)
    for told in files.problems:
        attempt.refuse("files", told)
    key = forms.key(form)
    if said(form, "step") == SHOW_QUESTIONS:
        attempt.problems = {"files": attempt.problem("files")} if files.problems else {}
        attempt.http_status = 200
        return _page(request, who, attempt, files, key)
    new = _new_ticket(who, form, attempt, key)
    if new is None or attempt.problems:
        return _page(request, who, attempt, files, key)
    try:
        with transaction() as session:
            ticket = service.open_ticket(session, new, forms.requester(who))
            files.attach(session, ticket, None, f"{CHANNEL}:{key}")
            shown = ticket.reference
    except AttachmentRefused as refusal:
        attempt.refuse("files", str(refusal))
        return _page(request, who, attempt, files, key)
    return RedirectResponse(f"/my/tickets/{shown}?new=1", status_code=303)


def _new_ticket(who: SignedIn, form: FormData, attempt: Attempt, key: str) -> NewTicket | None:
    """What to open; None when something is wrong, which is then written beside its field."""
    category = categories.load().get(said(form, "category"))
    if category is None:
        attempt.refuse("category", words.NO_CATEGORY)
    subject = " ".join(clean(said(form, "subject")).split())
    if not visible(subject):
        attempt.refuse("subject", words.NO_SUBJECT)
    if len(subject) > LONGEST_SUBJECT:
        attempt.refuse("subject", words.LONG_SUBJECT.format(limit=LONGEST_SUBJECT, length=len(subject)))
    description = _description(form, attempt)
    if category is None:
        return None
    answered = answers.read(category, form, attempt)
    return NewTicket(
        subject=subject,
        description=description,
        category=category.name,
        channel=CHANNEL,
        details=answered.details,
        gaps=answered.gaps,
        requester_id=who.person_id,
        idempotency_key=f"{CHANNEL}:{who.person_id}:{key}",
    )


def _description(form: FormData, attempt: Attempt) -> str:
    try:
        return body(said(form, "description"))
    except InvalidText as error:
        attempt.refuse("description", str(error))
        return ""


def _articles(subject: str) -> list[Found]:
    """What is for everybody, whoever asks; nothing for a word or two letters."""
    asked = " ".join(clean(subject).split())[:LONGEST_SUBJECT]
    if len(asked) < SHORTEST_SUBJECT:
        return []
    with transaction() as session:
        return finding.offered(session, asked, ANYBODY, MOST_ARTICLES)


def _page(request: Request, who: SignedIn, attempt: Attempt, files: Files, key: str) -> Response:
    chosen = categories.load().get(attempt.value("category"))
    context: dict[str, Any] = {
        "attempt": attempt,
        "groups": _groups(),
        "chosen": chosen,
        "questions": [(question, _asked(question, texts.language_of(request))) for question in chosen.questions]
        if chosen
        else [],
        "currencies": words.CURRENCIES,
        "today": clock.now().date().isoformat(),
        "files": files.marked,
        "key": key,
        "longest_subject": LONGEST_SUBJECT,
        "chat_url": settings.get().chat_url,
        "articles": _articles(attempt.value("subject")),
    }
    return templating.page(request, "portal/new.html", context, attempt.http_status)


def _groups() -> dict[str, list[Category]]:
    """Categories by the title of their group, in the order of the configuration."""
    grouped: dict[str, list[Category]] = defaultdict(list)
    for category in categories.load().values():
        grouped[category.group.title].append(category)
    return dict(grouped)


def _asked(question: Question, language: str) -> str:
    """The question in the assistant's words; they are said in a chat, so a form shows them as a hint."""
    if RESPONSE.fullmatch(question.ask):
        translated = catalogues.responses(language).get(question.ask)
        return translated[0] if translated else taught().responses.get(question.ask, "")
    return question.ask
