"""A ticket to attach to, and files to attach."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor, NewTicket


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for this test's files."""
    monkeypatch.setenv("HELPSAGE_VAR", str(tmp_path))
    monkeypatch.setenv("HELPSAGE_SECRET", "only-for-tests")
    settings.get.cache_clear()
    yield tmp_path / "attachments"
    monkeypatch.undo()
    settings.get.cache_clear()


@pytest.fixture
def ticket(session: Session) -> Ticket:
    """Somebody's ticket."""
    new = NewTicket("Printer jams", "It jams on every page.", "printer_problem", "portal")
    return service.open_ticket(session, new, Actor("requester", "Asha Patel"))


def picture(kind: str = "PNG", size: tuple[int, int] = (640, 400), **saved: object) -> bytes:
    """A picture with something to see on it."""
    made = io.BytesIO()
    image = Image.new("RGB", size, "#2c6b5b")
    dots = random.Random(7)
    for _ in range(200):
        image.putpixel((dots.randrange(size[0]), dots.randrange(size[1])), (255, dots.randrange(255), 0))
    image.save(made, kind, **saved)
    return made.getvalue()


@pytest.fixture
def stored(files: Path) -> Callable[[], list[str]]:
    """Names of every file below the folder."""
    return lambda: sorted(path.name for path in files.rglob("*") if path.is_file())
