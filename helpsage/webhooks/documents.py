"""A webhook as a document with a history. Its key is no part of it: whoever goes back keeps the present one."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.configuration.service import Content, InvalidContent
from helpsage.departments import service as departments
from helpsage.webhooks import service, signing, words
from helpsage.webhooks.models import Webhook


@dataclass(frozen=True)
class WebhookDocument:
    """A row of `webhook`. A new id is a new webhook, with this key."""

    webhook_id: UUID
    key: str = field(default_factory=signing.new_key, repr=False)

    @property
    def name(self) -> str:
        """In the log."""
        return f"webhook:{self.webhook_id}"

    def title(self, session: Session) -> str:
        """What people call it."""
        found = session.get(Webhook, self.webhook_id)
        return found.name if found is not None else ""

    def read(self, session: Session) -> Content | None:
        """The webhook as it is."""
        found = session.get(Webhook, self.webhook_id, populate_existing=True)
        if found is None:
            return None
        return {
            "name": found.name,
            "url": found.url,
            "events": list(found.events),
            "department": str(found.department_id) if found.department_id is not None else "",
            "enabled": found.disabled_at is None,
            "removed": found.removed_at is not None,
        }

    def write(self, session: Session, content: Content) -> None:
        """Check it and make it so.

        Raises:
            InvalidContent
        """
        if not content["removed"]:
            try:
                service.check(content["name"], content["url"], content["events"])
            except service.InvalidWebhook as error:
                raise InvalidContent(error.problems) from error
        home = departments.by_id(session, UUID(content["department"])) if content["department"] else None
        if content["department"] and home is None:
            raise InvalidContent({"department": service.CHOOSE})
        found = session.get(Webhook, self.webhook_id)
        if found is None:
            found = Webhook(id=self.webhook_id, secrets=signing.kept(self.key), created_at=clock.now())
            session.add(found)
        found.name, found.url = content["name"].strip(), content["url"].strip()
        found.events = sorted(content["events"])
        found.department_id = home.id if home is not None else None
        session.flush()
        self._switch(session, found, content)
        session.flush()

    def _switch(self, session: Session, found: Webhook, content: Content) -> None:
        if content["removed"]:
            if found.removed_at is None:
                service.remove(session, found)
            return
        found.removed_at = None
        if content["enabled"]:
            service.enable(found)
        else:
            service.disable(session, found, words.BY_HAND)
