"""What search engines may know: every page of the help centre that is for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.knowledge import reading
from helpsage.knowledge.models import Article
from helpsage.knowledge.reading import ANYBODY

router = APIRouter(include_in_schema=False)

#: A sitemap has no more (sitemaps.org, "Sitemap file location and size").
MOST = 50_000
PROTOCOL = "http://www.sitemaps.org/schemas/sitemap/0.9"


@router.get("/sitemap.xml")
def sitemap() -> Response:
    """Addresses and days of change (sitemaps.org, protocol 0.9)."""
    with transaction() as session:
        lines = "\n".join(_lines(session))
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{PROTOCOL}">\n{lines}\n</urlset>\n'
    return Response(text, media_type="application/xml")


def _lines(session: Session) -> Iterator[str]:
    desk = escape(settings.get().web_url)
    yield f"<url><loc>{desk}/help</loc></url>"
    asked = select(Article.slug, Article.published_at).where(reading.readable(ANYBODY)).order_by(Article.slug)
    for slug, published_at in session.execute(asked.limit(MOST - 1)):
        yield f"<url><loc>{desk}{reading.path(slug)}</loc><lastmod>{published_at:%Y-%m-%d}</lastmod></url>"
