"""Whose help centre somebody stands in, and what they may read there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.departments import service as departments
from helpsage.departments.models import Department
from helpsage.intake import lanes
from helpsage.knowledge.models import Article, Audience
from helpsage.knowledge.reading import Reader
from helpsage.people.permissions import Action
from helpsage.web import brand, cookies, templating
from helpsage.web.access import MaybeViewer, SignedIn
from helpsage.web.brand import Brand

#: Characters of a search that are read.
LONGEST_SEARCH = 200
#: An address of an article, of any age.
LONGEST_SLUG = 200


@dataclass(frozen=True)
class Place:
    """The help centre of a department, or of the whole desk.

    Attributes:
        key: of the department, as its chat has it; addresses carry it along. Empty for the whole desk.
        who: the account that is logged in, if any; staff without their second factor read as strangers do.
        department_id: whose own articles are here, too.
        form: where somebody writes to the desk.
    """

    brand: Brand
    key: str
    who: SignedIn | None
    department_id: UUID | None
    form: str

    #: For templates.
    longest = LONGEST_SEARCH

    def to(self, path: str, anchor: str = "") -> str:
        """An address within this help centre."""
        return f"{path}{f'?desk={self.key}' if self.key else ''}{f'#{anchor}' if anchor else ''}"

    @property
    def reader(self) -> Reader:
        """What may be read here."""
        return Reader(self.is_staff, self.department_id)

    @property
    def is_staff(self) -> bool:
        """Whether it is one of those who answer."""
        return self.who is not None and self.who.is_staff and not self.who.lacks_two_factor

    @property
    def may_write(self) -> bool:
        """Whether they may edit what they read."""
        return self.is_staff and self.who is not None and self.who.may(Action.WRITE_ARTICLES)


def here(who: MaybeViewer, desk: Annotated[str, Query(max_length=64)] = "") -> Place:
    """Where a request stands."""
    found = brand.of_desk(desk.replace("\0", ""))
    with transaction() as session:
        home = departments.by_widget_key(session, found.widget_key) or departments.default(session)
        return Place(found, found.widget_key, who, home.id if home is not None else None, _form(who, home))


def _form(who: SignedIn | None, home: Department | None) -> str:
    """A ticket of one's own; for somebody without an account the department's form, where it is open."""
    if who is None and home is not None and home.key not in lanes.lanes.get().closed_forms:
        return f"/form/{home.key}"
    return "/my/new"


Here = Annotated[Place, Depends(here)]


def page(request: Request, at: Place, template: str, context: dict[str, Any], status: int = 200) -> Response:
    """A page of the help centre, in its department's look."""
    shared = {"at": at, "brand": at.brand, "desk": at.brand.name, "hidden": False, "canonical": ""}
    return templating.page(request, f"help/{template}.html", {**shared, **context}, status)


def missing(request: Request, at: Place) -> Response:
    """No such article, or none for this reader: nobody can tell which."""
    return page(request, at, "missing", {"hidden": True}, 404)


def canonical(path: str, at: Place, article: Article | None = None) -> str:
    """The one address of what stands at several: with the department only where it makes a difference."""
    own = article is not None and article.audience == Audience.BRAND
    return settings.get().web_url + (at.to(path) if own else path)


def voter(request: Request, at: Place) -> str:
    """Who votes: an account, or a browser; empty for one that keeps no cookie."""
    if at.who is not None:
        return f"person:{at.who.person_id}"
    mark = cookies.visitor(request)
    return f"visitor:{hashlib.sha256(mark.encode()).hexdigest()[:40]}" if mark else ""
