"""A department's look, as browsers ask for it: colours as a style sheet, the logo as a picture that can do nothing."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.configuration.models import BrandLogo
from helpsage.db.session import transaction
from helpsage.departments import brand, service
from helpsage.departments.models import Department

router = APIRouter(include_in_schema=False, prefix="/brand")

#: Seconds for which a browser may use its copy before asking again.
FRESH_S = 300
#: What a picture may load and do: nothing. An SVG opened as a page of its own is held by it too.
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

Sha = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
Key = Annotated[str, Path(pattern="^[a-z][a-z0-9-]{0,39}$")]


@dataclass(frozen=True)
class Brand:
    """Whose desk a page shows.

    Attributes:
        widget_key: of the chat; empty for the desk without departments.
        logo: address of the picture on this desk, or empty.
        style: address of the style sheet, or empty.
    """

    name: str
    widget_key: str = ""
    colour: str = ""
    logo: str = ""
    style: str = ""

    def for_script(self) -> dict[str, Any]:
        """What the chat's script is told besides the addresses."""
        told: dict[str, Any] = {"desk": self.name}
        if self.widget_key:
            told["key"] = self.widget_key
        if brand.is_colour(self.colour):
            told["colours"] = {
                "light": brand.light(self.colour).tokens(),
                "dark": brand.dark(self.colour).tokens(),
            }
        if self.logo:
            told["logo"] = self.logo
        return told


def of_desk(widget_key: str) -> Brand:
    """The brand that a chat's key names; without one, or with one that is not known any more, the default desk's."""
    with transaction() as session:
        found = service.by_widget_key(session, widget_key)
        if found is not None:
            return _brand(session, found, found.widget_key)
        default = service.default(session)
        return _brand(session, default, "") if default is not None else Brand(settings.get().desk_name)


def _brand(session: Session, department: Department, widget_key: str) -> Brand:
    own = "" if department.is_default else department.name
    logo = f"/brand/{department.key}/logo?v={_mark(department.logo)}" if department.logo else ""
    style = f"/brand/{department.key}.css?v={department.colour.lstrip('#')}" if department.colour else ""
    name = department.brand_name or own or settings.get().desk_name
    return Brand(name, widget_key, department.colour, logo, style)


def _mark(content: bytes | None) -> str:
    return hashlib.sha256(content or b"").hexdigest()[:12]


@router.get("/logos/{sha}")
def kept_logo(request: Request, sha: Sha) -> Response:
    """A logo by its content, for the form in which it was just chosen."""
    with transaction() as session:
        found = session.get(BrandLogo, sha)
        if found is None:
            raise HTTPException(404)
        return _picture(request, found.content, found.content_type)


@router.get("/{key}/logo")
def logo(request: Request, key: Key) -> Response:
    """A department's logo."""
    with transaction() as session:
        found = service.by_key(session, key)
        if found is None or not found.logo:
            raise HTTPException(404)
        return _picture(request, found.logo, found.logo_type)


@router.get("/{key}.css")
def stylesheet(request: Request, key: Key) -> Response:
    """A department's colours."""
    with transaction() as session:
        found = service.by_key(session, key)
        if found is None:
            raise HTTPException(404)
        return _cached(request, brand.stylesheet(found.colour).encode(), "text/css; charset=utf-8", {})


def _picture(request: Request, content: bytes, content_type: str) -> Response:
    headers = {
        "Content-Security-Policy": PICTURE_POLICY,
        # The chat shows it on other sites' pages.
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": "inline",
    }
    return _cached(request, content, content_type, headers)


def _cached(request: Request, content: bytes, content_type: str, headers: dict[str, str]) -> Response:
    headers = {**headers, "ETag": f'"{_mark(content)}"', "Cache-Control": f"public, max-age={FRESH_S}"}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=content_type, headers=headers)
