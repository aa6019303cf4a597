"""An article's life: drafts, review, publishing, versions, and two editors at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.departments.models import Department
from helpsage.events.models import OutboxEvent
from helpsage.knowledge import articles, reading, votes
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.errors import ArticleNotFound, InvalidArticle, NotNow, StaleArticle
from helpsage.knowledge.models import Article, Deed, State
from helpsage.knowledge.reading import ANYBODY, STAFF, Filters, Order, Reader
from tests.integration.knowledge.conftest import LEAD, WRITER, Writes

WORDS = Writing("Connect to eduroam", "Choose **eduroam**.", "network", "You get online.")


def _draft(session: Session, slug: str = "connect-to-eduroam", writing: Writing = WORDS) -> Article:
    return articles.create(session, slug, writing, WRITER)


def test_a_draft_is_seen_by_nobody_until_it_is_published(session: Session) -> None:
    article = _draft(session)
    for reader in (ANYBODY, STAFF):
        with pytest.raises(ArticleNotFound):
            reading.by_slug(session, article.slug, reader)
    articles.submit(session, article.id, WRITER)
    assert article.status == State.IN_REVIEW
    articles.publish(session, article.id, LEAD, note="Looks good")
    page = reading.by_slug(session, article.slug, ANYBODY)
    assert (page.version.title, page.path) == ("Connect to eduroam", "/help/connect-to-eduroam")
    done = [(line.deed, line.actor_name, line.note) for line in articles.history(session, article.id)]
    assert done == [
        (Deed.PUBLISHED, "Lena Lead", "Looks good"),
        (Deed.SUBMITTED, "Rita Writer", ""),
        (Deed.CREATED, "Rita Writer", ""),
    ]


def test_publishing_and_withdrawing_tell_the_outbox(session: Session) -> None:
    article = _draft(session)
    articles.publish(session, article.id, LEAD)
    articles.unpublish(session, article.id, LEAD)
    told = select(OutboxEvent.kind, OutboxEvent.payload).where(OutboxEvent.subject_id == article.id)
    assert session.execute(told.order_by(OutboxEvent.id)).all() == [
        ("article.published", {"version": 1}),
        ("article.withdrawn", {}),
    ]


def test_what_is_published_stays_while_the_next_version_is_written(session: Session, published: Writes) -> None:
    article = published("printing")
    articles.edit(session, article.id, replace(WORDS, title="Print anywhere", audience="staff"), WRITER)
    assert (article.status, article.published_version, article.newest_version) == (State.DRAFT, 1, 2)
    page = reading.by_slug(session, "printing", ANYBODY)
    assert page.version.title == "Printing", "also its audience is still the published one's"
    articles.publish(session, article.id, LEAD)
    with pytest.raises(ArticleNotFound):
        reading.by_slug(session, "printing", ANYBODY)
    assert reading.by_slug(session, "printing", STAFF).version.title == "Print anywhere"


def test_two_editors_notice_each_other(session: Session) -> None:
    article = _draft(session)
    seen = article.revision
    articles.edit(session, article.id, replace(WORDS, body="First."), WRITER, seen)
    with pytest.raises(StaleArticle) as refused:
        articles.edit(session, article.id, replace(WORDS, body="Second."), LEAD, seen)
    assert refused.value.latest is not None
    assert refused.value.latest.actor_name == "Rita Writer"
    assert articles.newest(session, article).body == "First."
    for step in (articles.submit, articles.publish, articles.archive):
        with pytest.raises(StaleArticle):
            step(session, article.id, LEAD, seen)


def test_the_same_words_again_are_no_version(session: Session) -> None:
    article = _draft(session)
    articles.edit(session, article.id, replace(WORDS, title="  Connect  to eduroam "), WRITER)
    assert (article.newest_version, article.revision) == (1, 1)


def test_an_older_version_comes_back_as_a_draft(session: Session, published: Writes) -> None:
    article = published("vpn", body="Old words.")
    articles.edit(session, article.id, replace(WORDS, body="New words."), WRITER)
    articles.publish(session, article.id, LEAD)
    made = articles.restore(session, article.id, 1, WRITER)
    assert (made.number, made.body, article.status) == (3, "Old words.", State.DRAFT)
    assert reading.by_slug(session, "vpn", ANYBODY).version.body == "New words."
    with pytest.raises(ArticleNotFound):
        articles.restore(session, article.id, 9, WRITER)


def test_archived_is_gone_for_readers_and_can_be_written_again(session: Session, published: Writes) -> None:
    article = published("fax")
    articles.archive(session, article.id, LEAD)
    with pytest.raises(ArticleNotFound):
        reading.by_slug(session, "fax", STAFF)
    for step in (articles.submit, articles.send_back, articles.publish, articles.unpublish, articles.archive):
        with pytest.raises(NotNow):
            step(session, article.id, LEAD)
    articles.restore(session, article.id, 1, LEAD)
    assert article.status == State.DRAFT


def test_steps_that_make_no_sense_are_refused(session: Session, published: Writes) -> None:
    draft, article = _draft(session), published("printing")
    for step, about in ((articles.send_back, draft), (articles.unpublish, draft), (articles.submit, article)):
        with pytest.raises(NotNow):
            step(session, about.id, LEAD)
    with pytest.raises(NotNow, match="already"):
        articles.publish(session, article.id, LEAD)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": " \n "}, "title"),
        ({"title": "x" * 151}, "title"),
        ({"summary": "x" * 301}, "summary"),
        ({"body": "\0 "}, "body"),
        ({"category": "No such/thing"}, "category"),
        ({"audience": "friends"}, "audience"),
        ({"audience": "brand"}, "department"),
        ({"language": "english"}, "language"),
    ],
)
def test_what_cannot_be_kept_names_its_field(session: Session, changed: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidArticle) as refused:
        _draft(session, writing=replace(WORDS, **changed))  # type: ignore[arg-type]
    assert list(refused.value.problems) == [field]
    assert session.scalar(select(Article.id)) is None


@pytest.mark.parametrize("slug", ["", "Two Words", "-a", "a-", "a--b", "x" * 81, "../etc", "über"])
def test_addresses_are_plain(session: Session, slug: str) -> None:
    with pytest.raises(InvalidArticle) as refused:
        _draft(session, slug)
    assert list(refused.value.problems) == ["slug"]


def test_an_address_is_given_once(session: Session) -> None:
    _draft(session)
    with pytest.raises(InvalidArticle, match="already"):
        _draft(session)


def test_a_brands_articles_are_for_its_visitors_and_staff(session: Session, published: Writes) -> None:
    shop, other = (Department(key=key, name=key, widget_key=f"widget-{key}") for key in ("shop", "other"))
    session.add_all([shop, other])
    session.flush()
    published("returns", audience="brand", department_id=shop.id)
    assert reading.by_slug(session, "returns", Reader(department_id=shop.id)).article.slug == "returns"
    assert reading.by_slug(session, "returns", STAFF).article.slug == "returns"
    for reader in (ANYBODY, Reader(department_id=other.id)):
        with pytest.raises(ArticleNotFound):
            reading.by_slug(session, "returns", reader)


def test_lists_hold_what_the_reader_may_see(session: Session, published: Writes) -> None:
    published("a-public"), published("b-public", category="money"), published("c-staff", audience="staff")
    _draft(session, "d-draft")
    assert [page.article.slug for page in reading.pages(session, ANYBODY)] == ["a-public", "b-public"]
    assert [page.article.slug for page in reading.pages(session, STAFF, "network")] == ["a-public", "c-staff"]
    assert reading.categories(session, ANYBODY) == [("money", 1), ("network", 1)]
    assert reading.categories(session, STAFF) == [("network", 2), ("money", 1)]


def test_most_read_and_most_helpful_come_first(session: Session, published: Writes) -> None:
    first, second = published("first"), published("second")
    reading.count_view(session, second.id)
    votes.vote(session, first, "visitor:1", helpful=True)
    slugs = {order: [page.article.slug for page in reading.pages(session, ANYBODY, order=order)] for order in Order}
    assert slugs[Order.READ] == ["second", "first"]
    assert slugs[Order.HELPFUL] == ["first", "second"]


def test_one_vote_a_reader(session: Session, published: Writes) -> None:
    article = published("printing")
    votes.vote(session, article, "visitor:1", helpful=False, words="Where is the tray?")
    votes.vote(session, article, "visitor:1", helpful=False)
    votes.vote(session, article, "person:2", helpful=True)
    assert votes.counts(session, [article.id])[article.id] == votes.Counts(1, 1)
    assert [vote.words for vote in votes.remarks(session, article.id)] == ["Where is the tray?"]
    votes.vote(session, article, "visitor:1", helpful=True)
    assert votes.counts(session, [article.id])[article.id] == votes.Counts(2, 0)
    assert votes.remarks(session, article.id) == []


def test_staff_find_what_is_being_written(session: Session, published: Writes) -> None:
    published("printing", title="Printing on campus")
    draft = _draft(session)
    published("refunds", category="money", audience="staff")
    found = reading.listing(session, Filters(text="EDUROAM"))
    assert [each.article.id for each in found] == [draft.id]
    assert [each.article.slug for each in reading.listing(session, Filters((State.PUBLISHED,), "money"))] == ["refunds"]
    assert reading.listing(session, Filters(text="100%_")) == []
    assert reading.status_counts(session, Filters((State.DRAFT,))) == {
        State.DRAFT: 1,
        State.IN_REVIEW: 0,
        State.PUBLISHED: 2,
        State.ARCHIVED: 0,
    }
    everything = [each.article.slug for each in reading.listing(session)]
    rest = reading.listing(session, after=articles.by_slug(session, everything[0]).id)
    assert [each.article.slug for each in rest] == everything[1:]
