"""Every table in one place, for migrations and for tests that compare the two."""

from __future__ import annotations

from helpsage.analytics import models as analytics
from helpsage.configuration import models as configuration
from helpsage.conversations import models as conversations
from helpsage.db.base import Base
from helpsage.departments import models as departments
from helpsage.events import models as events
from helpsage.mail import models as mail
from helpsage.people import models as people
from helpsage.tickets import models as tickets

metadata = Base.metadata

__all__ = ["analytics", "configuration", "conversations", "departments", "events", "mail", "metadata", "people", "tickets"]
