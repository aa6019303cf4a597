"""Files of articles, for those who may read the article: saved as they came, pictures also shown as we drew them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query
from starlette.requests import Request
from starlette.responses import Response

from helpsage.attachments import names, pictures, storage
from helpsage.db.session import transaction
from helpsage.knowledge import articles, files, reading
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import ArticleFile
from helpsage.knowledge.reading import Reader
from helpsage.web.help.place import Here, Place
from helpsage.web.portal.files import HEADERS, sent

router = APIRouter(include_in_schema=False, prefix="/help")


@dataclass(frozen=True)
class Shown:
    """A file as the page has it.

    Attributes:
        path: its address, without the name.
    """

    name: str
    size: int
    is_picture: bool
    path: str


def shown(slug: str, some: Iterable[ArticleFile]) -> list[Shown]:
    """Files for the page of the article at this address."""
    return [Shown(each.name, each.size, each.width is not None, f"/help/{slug}/files/{each.id}") for each in some]


def drawings(slug: str, some: Iterable[ArticleFile]) -> dict[str, str]:
    """Addresses of the pictures among them, by name, for the text."""
    return {
        each.name: f"{each.path}/{quote(each.name)}?show={storage.PREVIEW}"
        for each in shown(slug, some)
        if each.is_picture
    }


@router.get("/{slug}/files/{file_id}/{name}")
def download(
    request: Request,
    at: Here,
    slug: str,
    file_id: str,
    name: str,
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The file to be saved, or (`show=thumbnail`, `show=preview`) our drawing of a picture to be looked at.

    Raises:
        HTTPException: 404, whether there is none or it is not for them.
    """
    found = _found(at, slug, file_id)
    if show in (storage.THUMBNAIL, storage.PREVIEW) and found.width is not None:
        headers = HEADERS | {"Content-Disposition": names.disposition(f"{found.name}.webp", inline=True)}
        return sent(storage.path_of(found.sha256, show), pictures.CONTENT_TYPE, headers)
    headers = HEADERS | {"Content-Disposition": names.disposition(found.name)}
    return sent(storage.path_of(found.sha256), found.content_type, headers)


def _found(at: Place, slug: str, file_id: str) -> ArticleFile:
    try:
        with transaction() as session:
            found = files.by_id(session, UUID(file_id))
            article = articles.by_id(session, found.article_id)
            if article.slug == slug and not at.may_write:
                # A department's own article is no secret: whoever has the file's address was on its pages.
                reading.by_slug(session, slug, Reader(at.is_staff, article.department_id))
    except (ValueError, ArticleNotFound) as error:
        raise HTTPException(404) from error
    if article.slug != slug:
        raise HTTPException(404)
    return found
