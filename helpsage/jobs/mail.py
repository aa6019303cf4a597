"""Letters go to the mail server, or stay in the local outbox while none is configured."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from helpsage import clock, settings
from helpsage.db.session import transaction
from helpsage.departments.logo import PNG
from helpsage.departments.models import Department
from helpsage.jobs.app import app
from helpsage.jobs.retries import Backoff
from helpsage.mail import smtp
from helpsage.mail.models import Mail, State

#: Larger logos are left out of letters, which they would make slow to open on a telephone.
LARGEST_LOGO = 60_000
#: A mail server may be away for a day: 1 s, 2 s, 4 s ... and then every two hours.
MAIL_BACKOFF = Backoff(most_tries=24, longest_wait_s=7_200.0)

log = logging.getLogger(__name__)


@app.task(name="mail.deliver", retry=MAIL_BACKOFF)
def deliver(event_id: int, subject_id: str, payload: dict[str, Any]) -> None:
    """Send a letter that waits; tried again while the server is away.

    Raises:
        TryLater
    """
    trouble: smtp.TryLater | None = None
    with transaction() as session:
        mail = session.get(Mail, UUID(subject_id), with_for_update=True)
        if mail is None or mail.state != State.WAITING:
            return
        try:
            _attempt(session, mail)
        except smtp.TryLater as error:
            mail.error, trouble = str(error), error
    if trouble is not None:
        raise trouble


def _attempt(session: Session, mail: Mail) -> None:
    if not smtp.is_configured():
        mail.state = State.KEPT.value
        return
    mail.attempts += 1
    department = session.get(Department, mail.department_id) if mail.department_id is not None else None
    name, address = _sender(department)
    try:
        smtp.deliver(smtp.message(mail, name, address, _logo(department)))
    except smtp.Refused as error:
        mail.state, mail.error = State.FAILED.value, str(error)
        log.warning("the mail server refused letter %s: %s", mail.id, error)
        return
    mail.state, mail.error, mail.sent_at = State.SENT.value, "", clock.now()
    if mail.confidential:
        mail.text, mail.html = "", None


def _logo(department: Department | None) -> bytes | None:
    """The department's logo, if mail programs can show it: they know no SVG."""
    if department is None or department.logo is None or department.logo_type != PNG:
        return None
    return department.logo if len(department.logo) <= LARGEST_LOGO else None


def _sender(department: Department | None) -> tuple[str, str]:
    if department is None:
        return settings.get().desk_name, smtp.sender_address()
    name = department.sender_name or department.brand_name or department.name
    return name, department.sender_email or smtp.sender_address()
