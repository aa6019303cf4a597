"""What is published is made findable by a job that follows the outbox; the hourly one sees to what was left."""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from helpsage.events.dispatch import dispatch_waiting
from helpsage.jobs import knowledge
from helpsage.knowledge import articles, index, search
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.models import ArticleChunk
from tests.integration.knowledge.conftest import LEAD, WRITER

_JOBS = text(
    "select args from jobs.procrastinate_jobs where task_name = 'knowledge.index' and lock = :lock order by id"
)


def test_publishing_and_withdrawing_lead_to_jobs(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        made = articles.create(session, "wifi", Writing("Wi-Fi", "Microwave ovens.", "network"), WRITER)
        articles.publish(session, made.id, LEAD)
        article_id = made.id
    with Session(clean_database) as session, session.begin():
        dispatch_waiting(session)
        (job,) = session.scalars(_JOBS, {"lock": f"knowledge:{article_id}"})
        assert search.search(session, "microwave", by_meaning=False) == []
    for _ in range(2):  # safe to run twice
        knowledge.index_article(**job)
    with Session(clean_database) as session, session.begin():
        assert [found.slug for found in search.search(session, "microwave", by_meaning=False)] == ["wifi"]
        assert index.outdated(session) == []
        articles.archive(session, article_id, LEAD)
    with Session(clean_database) as session, session.begin():
        dispatch_waiting(session)
        *_, job = session.scalars(_JOBS, {"lock": f"knowledge:{article_id}"})
    knowledge.index_article(**job)
    with Session(clean_database) as session:
        assert session.scalars(select(ArticleChunk.id)).all() == []


def test_a_job_about_an_article_that_is_gone_is_done(clean_database: Engine) -> None:
    knowledge.index_article(event_id=1, subject_id=str(uuid4()), payload={})
