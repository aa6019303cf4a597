"""Every table in one place, for migrations and for tests that compare the two."""

from __future__ import annotations

from helpsage.conversations import models as conversations
from helpsage.db.base import Base
from helpsage.events import models as events
from helpsage.people import models as people
from helpsage.tickets import models as tickets

metadata = Base.metadata

__all__ = ["conversations", "events", "metadata", "people", "tickets"]
