"""Departments: what they are called, how their chat looks, where it may stand, and whom their mail comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, File, Form, HTTPException, UploadFile
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.configuration import service as configuration
from helpsage.configuration.models import SettingChange
from helpsage.configuration.service import Content, InvalidContent
from helpsage.db.session import transaction
from helpsage.departments import brand, logo, service
from helpsage.departments.documents import DepartmentDocument, keep_logo
from helpsage.departments.models import Department
from helpsage.web.settings import forms, words
from helpsage.web.settings.forms import DepartmentManager, Stale

router = APIRouter(include_in_schema=False, prefix="/settings/departments")


@dataclass
class Typed:
    """What stands in the form."""

    name: str = ""
    key: str = ""
    brand_name: str = ""
    colour: str = ""
    sender_name: str = ""
    sender_email: str = ""
    allowed_origins: str = ""
    is_default: bool = False
    archived: bool = False
    remove_logo: bool = False
    seen: str = ""
    #: Kept when the rest is refused, so that nobody has to choose the picture twice.
    logo: str = ""
    upload: UploadFile | None = field(default=None, repr=False)

    @classmethod
    def of(cls, content: Content) -> Typed:
        """As the department is now."""
        return cls(
            **{name: content[name] for name in ("name", "key", "brand_name", "colour", "sender_name", "sender_email")},
            allowed_origins="\n".join(content["allowed_origins"]),
            is_default=content["is_default"],
            archived=content["archived"],
            logo=content["logo"],
            seen=configuration.digest(content),
        )

    def content(self, before: Content | None) -> Content:
        """As it is to be kept."""
        return {
            "key": before["key"] if before is not None else self.key.strip().lower(),
            "name": self.name.strip(),
            "brand_name": self.brand_name.strip(),
            "colour": self.colour.strip().lower(),
            "logo": "" if self.remove_logo else self.logo,
            "sender_name": self.sender_name.strip(),
            "sender_email": self.sender_email.strip(),
            "widget_key": before["widget_key"] if before is not None else service.new_widget_key(),
            "allowed_origins": [origin.rstrip("/").lower() for origin in forms.lines(self.allowed_origins)],
            "is_default": self.is_default,
            "archived": self.archived,
        }


def typed(
    name: Annotated[str, Form()] = "",
    new_key: Annotated[str, Form(alias="key")] = "",
    brand_name: Annotated[str, Form()] = "",
    colour: Annotated[str, Form()] = "",
    sender_name: Annotated[str, Form()] = "",
    sender_email: Annotated[str, Form()] = "",
    allowed_origins: Annotated[str, Form()] = "",
    is_default: Annotated[str, Form()] = "",
    archived: Annotated[str, Form()] = "",
    remove_logo: Annotated[str, Form()] = "",
    kept_logo: Annotated[str, Form()] = "",
    seen: Annotated[str, Form()] = "",
    upload: Annotated[UploadFile | None, File(alias="logo")] = None,
) -> Typed:
    """Read the form."""
    return Typed(
        name, new_key, brand_name, colour, sender_name, sender_email, allowed_origins,
        bool(is_default), bool(archived), bool(remove_logo), seen, kept_logo, upload,
    )  # fmt: skip


Form_ = Annotated[Typed, Depends(typed)]


@router.get("")
def index(request: Request, viewer: DepartmentManager, saved: int | None = None) -> Response:
    """All departments."""
    with transaction() as session:
        found = service.departments(session, archived=True)
        teams = service.teams(session)
        context = {
            "departments": found,
            "teams": {one.id: sum(team.department_id == one.id for team in teams) for one in found},
        }
        return forms.page(request, session, "departments", context, saved)


@router.get("/new")
def new(request: Request, viewer: DepartmentManager) -> Response:
    """An empty form."""
    with transaction() as session:
        return _page(request, session, None, Typed())


@router.post("/new", dependencies=forms.checked)
def make(request: Request, viewer: DepartmentManager, sent: Form_) -> Response:
    """Make a department."""
    return _save(request, viewer, None, sent)


@router.get("/{key}")
def show(request: Request, viewer: DepartmentManager, key: str, saved: int | None = None) -> Response:
    """One department."""
    with transaction() as session:
        found = _found(session, key)
        content = DepartmentDocument(found.id).read(session)
        return _page(request, session, found, Typed.of(content or {}), saved=saved)


@router.post("/{key}", dependencies=forms.checked)
def change(request: Request, viewer: DepartmentManager, key: str, sent: Form_) -> Response:
    """Change it."""
    with transaction() as session:
        found = _found(session, key)
    return _save(request, viewer, found, sent)


@router.post("/{key}/widget-key", dependencies=forms.checked)
def renew_key(request: Request, viewer: DepartmentManager, key: str) -> Response:
    """A new key for the chat: pages that carry the old one show the default desk until they are changed."""
    with transaction() as session:
        found = _found(session, key)

    def work(session: Session) -> SettingChange | None:
        def renewed(content: Content | None) -> Content:
            return {**(content or {}), "widget_key": service.new_widget_key()}

        summary = words.DEPARTMENT_KEY.format(name=found.name)
        return configuration.edit(session, DepartmentDocument(found.id), renewed, forms.who(viewer), summary)

    return forms.send(work, lambda *_: Response(status_code=409), f"/settings/departments/{found.key}")


def _save(request: Request, viewer: DepartmentManager, found: Department | None, sent: Typed) -> Response:
    department_id = found.id if found is not None else uuid4()
    document = DepartmentDocument(department_id)

    def work(session: Session) -> SettingChange | None:
        problem = _take_upload(session, sent)

        def changed(before: Content | None) -> Content:
            if before is not None:
                forms.refuse_stale(session, document.name, before, sent.seen)
            content = sent.content(before)
            if problem:
                raise InvalidContent({"logo": problem})
            return content

        summary = words.DEPARTMENT_CHANGED if found is not None else words.DEPARTMENT_MADE
        return configuration.edit(
            session, document, changed, forms.who(viewer), summary.format(name=sent.name.strip()[:80])
        )

    def redraw(problems: dict[str, str], stale: Stale | None, status: int) -> Response:
        with transaction() as session:
            _take_upload(session, sent)
            now = document.read(session)
            sent.seen = configuration.digest(now)
            return _page(request, session, found, sent, problems, stale, status=status)

    return forms.send(work, redraw, lambda: f"/settings/departments/{_key_of(department_id)}")


def _take_upload(session: Session, sent: Typed) -> str:
    """Clean the picture that came and put it by. Returns what is wrong with it."""
    if sent.upload is None or not sent.upload.filename:
        return ""
    sent.upload.file.seek(0)
    try:
        sent.logo = keep_logo(session, logo.read(sent.upload.file.read(logo.LARGEST + 1)))
    except logo.UnusableLogo as error:
        return str(error)
    sent.remove_logo = False
    return ""


def _found(session: Session, key: str) -> Department:
    found = service.by_key(session, key)
    if found is None:
        raise HTTPException(404)
    return found


def _key_of(department_id: UUID) -> str:
    with transaction() as session:
        found = service.by_id(session, department_id)
        return found.key if found is not None else ""


def _page(
    request: Request,
    session: Session,
    found: Department | None,
    sent: Typed,
    problems: dict[str, str] | None = None,
    stale: Stale | None = None,
    saved: int | None = None,
    status: int = 200,
) -> Response:
    colour = sent.colour.strip().lower()
    context: dict[str, Any] = {
        "department": found,
        "form": sent,
        "problems": problems or {},
        "stale": stale,
        "palette": _palette(colour),
        "teams": service.teams(session, found.id) if found is not None else [],
        "document": DepartmentDocument(found.id).name if found is not None else "",
        "web_url": settings.get().web_url,
    }
    return forms.page(request, session, "department", context, saved, status)


def _palette(colour: str) -> dict[str, Any] | None:
    """What becomes of a colour, for the page to say."""
    if not brand.is_colour(colour):
        return None
    light, dark = brand.light(colour), brand.dark(colour)
    return {
        "colour": colour,
        "light": light,
        "dark": dark,
        "contrast": round(brand.contrast(colour, brand.LIGHT_GROUNDS[0]), 1),
        "as_it_is": light.brand == colour,
    }
