"""Every table in one place, for migrations and for tests that compare the two."""

from __future__ import annotations

from helpsage.alerts import models as alerts
from helpsage.analytics import models as analytics
from helpsage.assignment import models as assignment
from helpsage.attachments import models as attachments
from helpsage.boards import models as boards
from helpsage.channels import models as channels
from helpsage.configuration import models as configuration
from helpsage.conversations import models as conversations
from helpsage.db.base import Base
from helpsage.departments import models as departments
from helpsage.events import models as events
from helpsage.handoff import models as handoff
from helpsage.intake import models as intake
from helpsage.knowledge import models as knowledge
from helpsage.mail import models as mail
from helpsage.notify import models as notify
from helpsage.people import models as people
from helpsage.people import preferences
from helpsage.privacy import models as privacy
from helpsage.service_levels import models as service_levels
from helpsage.tickets import bulk, drafts, followers, presence, views
from helpsage.tickets import models as tickets
from helpsage.tickets.search import models as search
from helpsage.tokens import models as tokens
from helpsage.training import items as review
from helpsage.training import models as training
from helpsage.triage import models as triage
from helpsage.webhooks import models as webhooks

metadata = Base.metadata

__all__ = [
    "alerts",
    "analytics",
    "assignment",
    "attachments",
    "boards",
    "bulk",
    "channels",
    "configuration",
    "conversations",
    "departments",
    "drafts",
    "events",
    "followers",
    "handoff",
    "intake",
    "knowledge",
    "mail",
    "metadata",
    "notify",
    "people",
    "preferences",
    "presence",
    "privacy",
    "review",
    "search",
    "service_levels",
    "tickets",
    "tokens",
    "training",
    "triage",
    "views",
    "webhooks",
]
