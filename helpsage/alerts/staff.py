"""Who somebody in a place is at the desk: an account behind an identity whose owner is proven."""

from __future__ import annotations

import contextlib
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.alerts.models import AlertWord
from helpsage.configuration.documents import CHANNELS
from helpsage.people import identities, permissions
from helpsage.people.errors import InvalidEmail
from helpsage.people.models import Account, ChannelIdentity
from helpsage.people.permissions import STAFF, Viewer


class Stranger(Exception):
    """Nobody of the staff, as far as anybody knows."""


class NeedsSecondFactor(Exception):
    """Staff have to show a second factor at this desk, and nobody vouches for the workspace's."""


def installation(session: Session, key: str) -> dict[str, Any] | None:
    """How an installation is set up; None: it is not any more."""
    return next((each for each in CHANNELS.read(session)["installations"] if each["key"] == key), None)


def viewer(session: Session, word: AlertWord) -> Viewer:
    """The account of whoever said or pressed this, with its rights as they are now.

    Raises:
        Stranger, NeedsSecondFactor
    """
    configured = installation(session, word.installation)
    if configured is None:
        raise Stranger
    identity = _identity(session, str(configured["kind"]), word.external_id)
    if identity is None or identity.proven_by is None:
        raise Stranger
    asked = select(Account).where(Account.person_id == identity.person_id, Account.disabled_at.is_(None))
    account = next((each for each in session.scalars(asked) if each.role in STAFF), None)
    if account is None:
        raise Stranger
    if settings.get().staff_two_factor and configured["options"].get("trusted") != "yes":
        raise NeedsSecondFactor
    return permissions.viewer_of(session, account)


def _identity(session: Session, kind: str, external_id: str) -> ChannelIdentity | None:
    found = session.scalar(
        select(ChannelIdentity).where(ChannelIdentity.channel == kind, ChannelIdentity.external_id == external_id)
    )
    if found is not None and found.proven_by is None and found.profile_email is not None:
        # Their profile was read just now (a trusted workspace): what follows from it may not have been done yet.
        with contextlib.suppress(InvalidEmail):
            identities.vouched(session, found, found.profile_email)
    return found
