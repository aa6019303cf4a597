"""The job queue of this installation."""

from __future__ import annotations

from procrastinate import App, PsycopgConnector

from helpsage import settings

#: PostgreSQL schema of the queue's tables (migration 0002).
SCHEMA = "jobs"


def address() -> str:
    """Where the queue lives: asked at each connect, so that the module can be imported without a configuration."""
    return settings.get().libpq_url()


app = App(
    connector=PsycopgConnector(
        conninfo=address,
        kwargs={"options": f"-c search_path={SCHEMA},public -c timezone=UTC", "connect_timeout": 3},
        min_size=1,
        max_size=8,
        timeout=5,
    ),
    import_paths=[
        "helpsage.jobs.alerts",
        "helpsage.jobs.assignment",
        "helpsage.jobs.attachments",
        "helpsage.jobs.boards",
        "helpsage.jobs.channels",
        "helpsage.jobs.chat",
        "helpsage.jobs.figures",
        "helpsage.jobs.following",
        "helpsage.jobs.handoff",
        "helpsage.jobs.identities",
        "helpsage.jobs.knowledge",
        "helpsage.jobs.mail",
        "helpsage.jobs.notify",
        "helpsage.jobs.review",
        "helpsage.jobs.search",
        "helpsage.jobs.service_levels",
        "helpsage.jobs.training",
        "helpsage.jobs.triage",
        "helpsage.jobs.upkeep",
        "helpsage.jobs.webhooks",
    ],
)
