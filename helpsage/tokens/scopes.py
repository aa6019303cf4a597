"""What a token may be good for. It never reaches further than its owner, whatever its scopes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType

from helpsage.people import permissions
from helpsage.people.models import Role
from helpsage.people.permissions import Action


class Scope(enum.StrEnum):
    """One thing that a token may do."""

    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    ANALYTICS_READ = "analytics:read"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"


#: In words, for whoever makes a token.
ABOUT: Mapping[Scope, str] = MappingProxyType(
    {
        Scope.TICKETS_READ: "Read and search tickets and what was written on them",
        Scope.TICKETS_WRITE: "Open tickets, write on them, change them",
        Scope.PEOPLE_READ: "Read who asks and who answers",
        Scope.PEOPLE_WRITE: "Make people known and change them, invite colleagues",
        Scope.ANALYTICS_READ: "Read figures",
        Scope.WEBHOOKS_READ: "Read webhooks and what was sent to them",
        Scope.WEBHOOKS_WRITE: "Make, change and remove webhooks",
    }
)

#: What the owner has to be allowed for a scope to be of any use.
_NEEDED: Mapping[Scope, Action] = MappingProxyType(
    {
        Scope.TICKETS_READ: Action.SEE_OWN_TICKET,
        Scope.TICKETS_WRITE: Action.OPEN_TICKET,
        Scope.PEOPLE_READ: Action.MANAGE_OWN_ACCOUNT,
        Scope.PEOPLE_WRITE: Action.MANAGE_OWN_ACCOUNT,
        Scope.ANALYTICS_READ: Action.SEE_ANALYTICS,
        Scope.WEBHOOKS_READ: Action.MANAGE_SETTINGS,
        Scope.WEBHOOKS_WRITE: Action.MANAGE_SETTINGS,
    }
)


def of_role(role: Role) -> tuple[Scope, ...]:
    """Scopes that are of use to someone of this role."""
    return tuple(scope for scope in Scope if permissions.reach(role, _NEEDED[scope]) is not permissions.Reach.NONE)
