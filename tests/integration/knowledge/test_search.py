"""Finding passages in the real database: by words, by meaning, by both, and only what the reader may see."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from encoder.model import EncoderMissing
from helpsage.departments.models import Department
from helpsage.knowledge import articles, index, search
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.models import Article, ArticleChunk, ArticleWord
from helpsage.knowledge.reading import ANYBODY, STAFF, Reader
from helpsage.triage import store
from tests.integration.knowledge.conftest import LEAD, WRITER, Writes

WIFI = """Everybody may use it.

## On a phone
Choose **eduroam** under Wi-Fi and enter your user name with `@example.edu`.

## Signal is weak
Move away from the microwave oven, and tell us the room.
"""
PRINTING = """## How many pages are free
Each term starts with sixty pages. More can be bought at the library's counter.

## Paper is stuck
Open the side door and pull the sheet slowly."""


@pytest.fixture
def library(session: Session, published: Writes) -> dict[str, Article]:
    made = {
        "wifi": published("wifi", WIFI, "Connect to the campus Wi-Fi"),
        "printing": published("printing", PRINTING, "Printing on campus", category="devices"),
        "disputes": published("disputes", "## Steps\nAsk the bank for the trace number.", "Disputes", audience="staff"),
    }
    for article in made.values():
        assert index.build(session, article.id)
    return made


def slugs(session: Session, question: str, reader: Reader = ANYBODY, **how: bool) -> list[str]:
    return [passage.slug for passage in search.search(session, question, reader, each_article_once=True, **how)]


def words_only(session: Session, question: str, reader: Reader = ANYBODY) -> list[str]:
    return slugs(session, question, reader, by_meaning=False)


@pytest.mark.usefixtures("library")
class TestFinding:
    def test_a_passage_is_a_section_with_its_place(self, session: Session) -> None:
        best = search.search(session, "how many sheets do I get for nothing each semester")[0]
        assert (best.slug, best.heading, best.path) == (
            "printing",
            "How many pages are free",
            "/help/printing#how-many-pages-are-free",
        )
        assert best.text.startswith("Each term starts with sixty pages.")

    def test_meaning_finds_what_shares_no_word(self, session: Session) -> None:
        assert slugs(session, "wireless internet on my handset", by_words=False)[0] == "wifi"
        assert words_only(session, "wireless internet handset") == []

    def test_words_find_rare_names(self, session: Session) -> None:
        assert words_only(session, "microwave") == ["wifi"]

    def test_endings_do_not_matter(self, session: Session) -> None:
        assert words_only(session, "printed page") == ["printing"]

    @pytest.mark.parametrize("asked", ["wifi", "wi-fi", "Wi-Fi", "WIFI"])
    def test_hyphens_do_not_matter(self, session: Session, asked: str) -> None:
        assert words_only(session, asked) == ["wifi"]

    @pytest.mark.parametrize("asked", ["edurom", "mircowave", "libary counter", "eduroan"])
    def test_mistyped_words_are_read_as_what_was_meant(self, session: Session, asked: str) -> None:
        assert len(words_only(session, asked)) == 1

    def test_when_not_all_words_are_there_the_rarest_count(self, session: Session) -> None:
        assert words_only(session, "microwave oven zeppelin in the moonlight")[0] == "wifi"

    @pytest.mark.parametrize(
        "asked", ["", "  ", "\0", "'", "& | !", "the of and", "<->", "a" * 5_000, "\\", ":*", "🎓"]
    )
    def test_any_question_is_taken(self, session: Session, asked: str) -> None:
        search.search(session, asked)
        assert isinstance(words_only(session, asked), list)

    def test_the_right_passage_is_surer_than_one_about_something_else(self, session: Session) -> None:
        near = search.search(session, "paper is stuck in the printer")[0]
        far = search.search(session, "what should I cook tonight")[0]
        assert near.slug == "printing"
        assert near.confidence > far.confidence + 0.3

    def test_of_a_category(self, session: Session) -> None:
        found = search.search(session, "campus", category="devices")
        assert {passage.slug for passage in found} == {"printing"}


class TestReaders:
    @pytest.mark.parametrize("how", [{"by_words": False}, {"by_meaning": False}, {}])
    def test_staffs_articles_are_found_by_staff_only(
        self, session: Session, library: dict[str, Article], how: dict[str, bool]
    ) -> None:
        asked = "ask the bank for the trace number"
        assert slugs(session, asked, STAFF, **how)[0] == "disputes"
        assert "disputes" not in slugs(session, asked, ANYBODY, **how)

    @pytest.mark.parametrize("how", [{"by_words": False}, {"by_meaning": False}])
    def test_a_brands_articles_are_found_there_only(
        self, session: Session, published: Writes, how: dict[str, bool]
    ) -> None:
        shop = Department(key="shop", name="Shop", widget_key="widget-shop")
        session.add(shop)
        session.flush()
        article = published("returns", "Send it back within a month.", audience="brand", department_id=shop.id)
        index.build(session, article.id)
        assert slugs(session, "send it back", Reader(department_id=shop.id), **how) == ["returns"]
        assert slugs(session, "send it back", ANYBODY, **how) == []

    def test_taken_down_is_gone_at_once(self, session: Session, library: dict[str, Article]) -> None:
        articles.unpublish(session, library["wifi"].id, LEAD)
        assert "wifi" not in slugs(session, "eduroam on a phone", STAFF)
        assert "wifi" not in words_only(session, "eduroam", STAFF)


class TestIndex:
    def test_what_was_published_before_is_found_until_the_job_ran(
        self, session: Session, library: dict[str, Article]
    ) -> None:
        now = Writing("Connect to the campus Wi-Fi", "## Nothing\nZeppelins are not allowed.", "network")
        articles.edit(session, library["wifi"].id, now, WRITER)
        articles.publish(session, library["wifi"].id, LEAD)
        assert words_only(session, "microwave") == ["wifi"]
        assert index.build(session, library["wifi"].id)
        assert words_only(session, "microwave") == []
        assert words_only(session, "zeppelins") == ["wifi"]

    def test_a_second_time_changes_nothing(self, session: Session, library: dict[str, Article]) -> None:
        before = session.scalars(select(ArticleChunk.id).order_by(ArticleChunk.id)).all()
        assert not index.build(session, library["wifi"].id)
        assert session.scalars(select(ArticleChunk.id).order_by(ArticleChunk.id)).all() == before

    def test_words_are_counted_and_forgotten_with_their_articles(
        self, session: Session, library: dict[str, Article]
    ) -> None:
        def seen(word: str) -> int | None:
            return session.scalar(select(ArticleWord.seen).where(ArticleWord.word == word))

        campus = seen("campus")
        assert (seen("microwave"), campus is not None and campus > 1) == (1, True)
        for article in library.values():
            articles.archive(session, article.id, LEAD)
            index.build(session, article.id)
        assert session.scalars(select(ArticleWord.word)).all() == []
        assert session.scalars(select(ArticleChunk.id)).all() == []

    def test_what_another_encoder_made_is_made_anew_and_not_compared(
        self, session: Session, library: dict[str, Article]
    ) -> None:
        assert index.outdated(session) == []
        for chunk in session.scalars(select(ArticleChunk).where(ArticleChunk.article_id == library["wifi"].id)):
            chunk.encoder, chunk.vector = "another", np.ones(384) / np.sqrt(384)
        session.flush()
        assert index.outdated(session) == [library["wifi"].id]
        assert "wifi" not in slugs(session, "eduroam on a phone", by_words=False)
        assert index.build(session, library["wifi"].id)
        assert slugs(session, "eduroam on a phone", by_words=False)[0] == "wifi"

    def test_without_an_encoder_words_are_left(
        self, session: Session, published: Writes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def missing(*_: object) -> None:
            raise EncoderMissing("none")

        monkeypatch.setattr(store, "encoder", missing)
        article = published("wifi", WIFI)
        assert index.build(session, article.id)
        found = search.search(session, "eduroam")
        assert [(passage.slug, passage.confidence) for passage in found] == [("wifi", 0.0)]
        assert index.outdated(session) == []

    def test_other_languages_are_read_in_their_own_way(self, session: Session, published: Writes) -> None:
        article = published("drucken", "## Papier\nDie Seiten werden am Schalter bezahlt.", "Drucken", language="de")
        index.build(session, article.id)
        assert words_only(session, "bezahlen Seite") == ["drucken"]


def test_editing_while_published_keeps_the_old_words(session: Session, library: dict[str, Article]) -> None:
    old = Writing.of(articles.newest(session, library["wifi"]))
    articles.edit(session, library["wifi"].id, replace(old, body="A secret draft about zeppelins."), WRITER)
    assert not index.build(session, library["wifi"].id)
    assert words_only(session, "zeppelins", STAFF) == []
