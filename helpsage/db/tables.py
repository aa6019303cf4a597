"""Every table in one place, for migrations and for tests that compare the two."""

from __future__ import annotations

from helpsage.analytics import models as analytics
from helpsage.attachments import models as attachments
from helpsage.configuration import models as configuration
from helpsage.conversations import models as conversations
from helpsage.db.base import Base
from helpsage.departments import models as departments
from helpsage.events import models as events
from helpsage.mail import models as mail
from helpsage.people import models as people
from helpsage.people import preferences
from helpsage.privacy import models as privacy
from helpsage.tickets import bulk, drafts, followers, presence, views
from helpsage.tickets import models as tickets
from helpsage.tickets.search import models as search

metadata = Base.metadata

__all__ = [
    "analytics",
    "attachments",
    "bulk",
    "configuration",
    "conversations",
    "departments",
    "drafts",
    "events",
    "followers",
    "mail",
    "metadata",
    "people",
    "preferences",
    "presence",
    "privacy",
    "search",
    "tickets",
    "views",
]
