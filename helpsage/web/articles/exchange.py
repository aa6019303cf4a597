"""Articles in and out as Markdown files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import APIRouter
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from helpsage import clock
from helpsage.attachments import names
from helpsage.db.session import transaction
from helpsage.knowledge import importing
from helpsage.knowledge.importing import Outcome, Result
from helpsage.web import templating
from helpsage.web.articles import forms, packing, words
from helpsage.web.articles.forms import PATH, Publisher, Writer
from helpsage.web.portal.forms import Posted

router = APIRouter(include_in_schema=False, prefix=PATH)


@dataclass(frozen=True)
class Told:
    """What came of an import.

    Attributes:
        problems: a line for each file that was left out, or left as it is here.
    """

    summary: str
    problems: list[str]


@router.get("/export.zip")
def export(who: Writer) -> Response:
    """Everything that is published, one file an article, as the import reads it."""
    with transaction() as session:
        packed = packing.pack(importing.exported(session))
    name = f"articles-{clock.now():%Y-%m-%d}.zip"
    return Response(packed, media_type="application/zip", headers={"Content-Disposition": names.disposition(name)})


@router.get("/import")
def choose(request: Request, who: Publisher) -> Response:
    """Which files."""
    return _page(request)


@router.post("/import", dependencies=forms.checked)
def take(request: Request, who: Publisher, form: Posted) -> Response:
    """Take them in. What is wrong with one file does not hold the others up."""
    unpacked = packing.unpack(_sent(form))
    if not unpacked.contents and not unpacked.problems:
        return _page(request, problem=words.NO_FILES, status=422)
    with transaction() as session:
        results = importing.files(session, unpacked.contents.items(), forms.who(who))
    told = Told(summary(results), [*unpacked.problems, *_left(results)])
    return _page(request, told, status=422 if told.problems and not results else 200)


def _sent(form: FormData) -> Iterator[tuple[str, BinaryIO]]:
    for each in form.getlist("files"):
        if isinstance(each, UploadFile) and each.filename:
            yield each.filename, each.file


def summary(results: Sequence[Result]) -> str:
    """How many of what."""
    counts = Counter(result.outcome for result in results)
    parts = [f"{counts[outcome]} {title}" for outcome, title in words.OUTCOMES.items() if counts[outcome]]
    return words.IMPORTED.format(parts=", ".join(parts)) if parts else words.NOTHING_IMPORTED


def _left(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if result.outcome is Outcome.BAD:
            yield result.problem
        elif result.outcome is Outcome.EDITED_HERE:
            yield words.EDITED_HERE.format(name=result.name)


def _page(request: Request, outcome: Told | None = None, problem: str = "", status: int = 200) -> Response:
    context = {
        "outcome": outcome,
        "problem": problem,
        "most": f"{packing.MOST_FILES:,}",
        "largest": packing.LARGEST_FILE // 1000,
    }
    return templating.page(request, "articles/import.html", context, status)
