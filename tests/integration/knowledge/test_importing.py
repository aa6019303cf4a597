"""Articles from files and into files: nothing lost, nothing twice, nothing overwritten that somebody wrote here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpsage.departments.models import Department
from helpsage.knowledge import articles, importing, reading
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.importing import Outcome
from helpsage.knowledge.models import Article, ArticleVersion, Deed
from helpsage.knowledge.reading import ANYBODY
from tests.integration.knowledge.conftest import LEAD, WRITER

FRONT = "---\ntitle: Connect to eduroam\ncategory: network\naudience: public\nsummary: You get online.\n---\n"
BODY = "Opening.\n\n## On a phone\nChoose it.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "eduroam.md").write_text(FRONT + BODY, "utf-8")
    return tmp_path


def outcomes(session: Session, folder: Path) -> dict[str, Outcome]:
    return {result.name: result.outcome for result in importing.folder(session, folder)}


def versions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(ArticleVersion)) or 0


def test_a_new_file_is_published(session: Session, folder: Path) -> None:
    assert outcomes(session, folder) == {"eduroam.md": Outcome.NEW}
    page = reading.by_slug(session, "eduroam", ANYBODY)
    assert Writing.of(page.version) == Writing("Connect to eduroam", BODY.strip(), "network", "You get online.")
    assert articles.history(session, page.article.id)[0].deed == Deed.IMPORTED


def test_the_same_file_twice_changes_nothing(session: Session, folder: Path) -> None:
    importing.folder(session, folder)
    before = articles.by_slug(session, "eduroam").revision
    assert outcomes(session, folder) == {"eduroam.md": Outcome.SAME}
    assert (articles.by_slug(session, "eduroam").revision, versions(session)) == (before, 1)


def test_a_changed_file_is_the_next_version(session: Session, folder: Path) -> None:
    importing.folder(session, folder)
    (folder / "eduroam.md").write_text(FRONT.replace("public", "staff") + BODY + "More.\n", "utf-8")
    assert outcomes(session, folder) == {"eduroam.md": Outcome.CHANGED}
    article = articles.by_slug(session, "eduroam")
    assert (article.published_version, article.audience) == (2, "staff")


@pytest.mark.parametrize("published", [True, False])
def test_what_was_written_here_is_not_overwritten(session: Session, folder: Path, published: bool) -> None:
    importing.folder(session, folder)
    article = articles.by_slug(session, "eduroam")
    here = Writing.of(articles.newest(session, article))
    articles.edit(session, article.id, replace(here, body="Written here."), WRITER)
    if published:
        articles.publish(session, article.id, LEAD)
    assert outcomes(session, folder) == {"eduroam.md": Outcome.SAME}, "the file says nothing new"
    (folder / "eduroam.md").write_text(FRONT + "Written there.", "utf-8")
    assert outcomes(session, folder) == {"eduroam.md": Outcome.EDITED_HERE}
    assert articles.newest(session, article).body == "Written here."


def test_what_was_taken_down_here_does_not_come_back(session: Session, folder: Path) -> None:
    importing.folder(session, folder)
    article = articles.by_slug(session, "eduroam")
    articles.archive(session, article.id, LEAD)
    assert outcomes(session, folder) == {"eduroam.md": Outcome.SAME}
    (folder / "eduroam.md").write_text(FRONT + "New words.", "utf-8")
    assert outcomes(session, folder) == {"eduroam.md": Outcome.EDITED_HERE}
    assert article.published_version is None


def test_an_article_that_was_begun_here_is_not_taken_over(session: Session, folder: Path) -> None:
    articles.create(session, "eduroam", Writing("Mine", "Mine.", "network"), WRITER)
    assert outcomes(session, folder) == {"eduroam.md": Outcome.EDITED_HERE}


def test_written_here_and_taken_along_in_the_file_is_the_same_again(session: Session, folder: Path) -> None:
    importing.folder(session, folder)
    article = articles.by_slug(session, "eduroam")
    here = Writing.of(articles.newest(session, article))
    articles.edit(session, article.id, replace(here, body="Written here."), WRITER)
    articles.publish(session, article.id, LEAD)
    importing.export(session, folder)
    assert outcomes(session, folder) == {"eduroam.md": Outcome.SAME}
    (folder / "eduroam.md").write_text(FRONT + "And then there.", "utf-8")
    assert outcomes(session, folder) == {"eduroam.md": Outcome.CHANGED}


def test_a_bad_file_is_named_with_its_line_and_the_others_come_in(session: Session, folder: Path) -> None:
    (folder / "a.md").write_text(FRONT.replace("category: network", "category: Not This") + BODY, "utf-8")
    (folder / "b.md").write_text(FRONT.replace("audience: public", "audience: friends") + BODY, "utf-8")
    (folder / "c.md").write_text(FRONT.replace("audience: public", "audience: brand\ndepartment: nowhere"), "utf-8")
    (folder / "Not An Address.md").write_text(FRONT + BODY, "utf-8")
    (folder / "notes.txt").write_text("not an article", "utf-8")
    results = {result.name: result for result in importing.folder(session, folder)}
    told = {name: result.problem for name, result in results.items() if result.outcome is Outcome.BAD}
    assert set(told) == {"a.md", "b.md", "c.md", "Not An Address.md"}
    assert told["a.md"].startswith("a.md, line 3: ")
    assert told["b.md"].startswith("b.md, line 4: ")
    assert told["c.md"].startswith("c.md, line 5: ")
    assert results["eduroam.md"].outcome is Outcome.NEW
    assert session.scalars(select(Article.slug)).all() == ["eduroam"]


def test_a_file_that_became_bad_leaves_the_article_as_it_was(session: Session, folder: Path) -> None:
    importing.folder(session, folder)
    (folder / "eduroam.md").write_text(BODY, "utf-8")
    assert outcomes(session, folder) == {"eduroam.md": Outcome.BAD}
    assert reading.by_slug(session, "eduroam", ANYBODY).version.body == BODY.strip()


def test_out_and_in_again_is_the_same(session: Session, tmp_path: Path) -> None:
    shop = Department(key="shop", name="Shop", widget_key="widget-shop")
    session.add(shop)
    session.flush()
    for slug, writing in {
        "plain": Writing("Plain", "## A\nB\n\n```\n---\n```", "network"),
        "odd": Writing("Yes: 'no' # \"x\" 42", "---\ntitle: not front matter\n---", "money", "- a: b"),
        "brand": Writing("404", "text", "shop", "true", "brand", shop.id, "pt-BR"),
        "staff": Writing("Über straße 数学", "…", "desk", "", "staff", None, "de"),
    }.items():
        articles.publish(session, articles.create(session, slug, writing, WRITER).id, LEAD)
    articles.create(session, "draft", Writing("Draft", "Not out yet.", "network"), WRITER)
    written = importing.export(session, tmp_path / "out")
    assert written == ["brand.md", "odd.md", "plain.md", "staff.md"]
    before = {slug: Writing.of(articles.newest(session, articles.by_slug(session, slug))) for slug in ("plain", "odd")}
    files = importing.exported(session)
    # A summary is asked of files that people write; what has none here comes in all the same.
    assert {result.outcome for result in importing.files(session, files)} == {Outcome.SAME}
    for slug, writing in before.items():
        assert Writing.of(articles.newest(session, articles.by_slug(session, slug))) == writing


def test_what_ships_comes_in_once_on_an_empty_installation(session: Session) -> None:
    first = importing.shipped(session)
    assert len(first) >= 30
    assert {result.outcome for result in first} == {Outcome.NEW}, [each for each in first if each.problem]
    assert importing.shipped(session) == []
