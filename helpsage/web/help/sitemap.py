"""What search engines may know: every page of the help centre that is for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from fastapi import APIRouter
from starlette.responses import Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.knowledge import reading
from helpsage.knowledge.reading import ANYBODY, Order

router = APIRouter(include_in_schema=False)

#: A sitemap has no more (sitemaps.org, "Sitemap file location and size").
MOST = 50_000


@router.get("/sitemap.xml")
def sitemap() -> Response:
    """Addresses and days of change (sitemaps.org, protocol 0.9)."""
    with transaction() as session:
        lines = "\n".join(_lines(reading.pages(session, ANYBODY, order=Order.NEW, limit=MOST - 1)))
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{lines}\n</urlset>\n'
    return Response(text, media_type="application/xml")


def _lines(pages: list[reading.Page]) -> Iterator[str]:
    yield f"<url><loc>{escape(settings.get().web_url)}/help</loc></url>"
    for each in pages:
        changed = f"<lastmod>{each.version.at:%Y-%m-%d}</lastmod>"
        yield f"<url><loc>{escape(settings.get().web_url + each.path)}</loc>{changed}</url>"
