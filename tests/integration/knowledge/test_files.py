"""Files on articles: read by whoever may read the article, and kept while it has them."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.attachments import service as attachments
from helpsage.attachments import storage
from helpsage.attachments.errors import AttachmentRefused
from helpsage.knowledge import articles, files
from helpsage.knowledge.errors import ArticleNotFound
from helpsage.knowledge.models import Deed
from helpsage.knowledge.reading import ANYBODY, STAFF
from tests.integration.knowledge.conftest import LEAD, WRITER, Writes


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings.get(), "var", tmp_path)
    return tmp_path / "attachments"


def received(name: str = "form.txt", content: bytes = b"words") -> storage.Received:
    return storage.receive(name, "text/plain", io.BytesIO(content))


def test_a_file_is_for_the_articles_readers(session: Session, published: Writes) -> None:
    public, staff = published("public"), published("staff", audience="staff")
    shown, kept = (files.attach(session, article.id, received(), WRITER) for article in (public, staff))
    assert files.visible_to(session, shown.id, ANYBODY).name == "form.txt"
    assert files.visible_to(session, kept.id, STAFF).id == kept.id
    with pytest.raises(ArticleNotFound):
        files.visible_to(session, kept.id, ANYBODY)
    articles.unpublish(session, public.id, LEAD)
    with pytest.raises(ArticleNotFound):
        files.visible_to(session, shown.id, STAFF)
    assert articles.history(session, staff.id)[0].deed == Deed.FILE_ADDED


def test_the_sweep_leaves_what_an_article_has(session: Session, published: Writes) -> None:
    file = files.attach(session, published("forms").id, received(), WRITER)
    assert not attachments.remove_unneeded(session, file.sha256, timedelta(), files.holds)
    assert storage.present(file.sha256)
    files.remove(session, file.id, WRITER)
    session.flush()
    assert attachments.remove_unneeded(session, file.sha256, timedelta(), files.holds)
    assert not storage.present(file.sha256)


def test_too_many_and_those_that_are_gone_are_refused(session: Session, published: Writes) -> None:
    article = published("forms")
    gone = received("gone.txt", b"other words")
    storage.remove(gone.sha256)
    with pytest.raises(AttachmentRefused, match="gone"):
        files.attach(session, article.id, gone, WRITER)
    for _ in range(files.MOST):
        files.attach(session, article.id, received(), WRITER)
    with pytest.raises(AttachmentRefused):
        files.attach(session, article.id, received(), WRITER)
