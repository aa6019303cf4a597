"""Who asks: the owner of the token, as far as its scopes go. Cookies are not looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Security
from fastapi.security import HTTPBearer, SecurityScopes
from starlette.requests import Request

from helpsage.configuration.service import Who
from helpsage.db.session import reading, transaction
from helpsage.people import permissions
from helpsage.people.permissions import Action, Viewer
from helpsage.tickets.service import Actor
from helpsage.tokens import service as tokens
from helpsage.tokens.models import Kind
from helpsage.tokens.scopes import Scope
from helpsage.web.accounts.forms import network
from helpsage.web.api import words
from helpsage.web.api.problems import Refused

NOBODY = UUID(int=0)
REALM = 'Bearer realm="Help Sage"'
LONGEST_TOKEN = 200

#: For the description only: `authenticate` has looked at the header before.
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A token from the page of your account, or from Settings, Tokens.",
)


@dataclass(frozen=True)
class Caller(Viewer):
    """The viewer who asks, with a token.

    Attributes:
        token_id: names the token; it opens nothing.
        scopes: what the token is good for.
    """

    token_id: UUID = NOBODY
    token_name: str = ""
    kind: Kind = Kind.PERSONAL
    scopes: frozenset[str] = frozenset()
    expires_at: datetime | None = None

    @property
    def own_person_id(self) -> UUID | None:
        """The person whose doing it is; a program's is nobody's."""
        return self.person_id if self.kind is Kind.PERSONAL else None

    @property
    def actor(self) -> Actor:
        """As a ticket's log knows them."""
        return Actor("agent" if self.is_staff else "requester", self.name, self.own_person_id)

    @property
    def who(self) -> Who:
        """As the log of settings knows them."""
        return Who(self.own_person_id, self.name)


def authenticate(request: Request) -> Caller:
    """Whose token came with the request.

    Raises:
        Refused: none did, or it opens nothing.
    """
    scheme, _, written = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not written.strip():
        raise Refused("no_token", headers={"WWW-Authenticate": REALM})
    with reading() as session:
        token = tokens.find(session, written.strip()[:LONGEST_TOKEN])
        if token is None:
            raise Refused("bad_token", headers={"WWW-Authenticate": f'{REALM}, error="invalid_token"'})
        known = tokens.viewer_of(session, token)
    if tokens.use_is_due(token):
        with transaction() as session:
            tokens.note_use(session, token.id, network(request))
    kind = Kind(token.kind)
    person = {} if kind is Kind.PERSONAL else {"person_id": NOBODY}
    given: dict[str, Any] = {**vars(known), **person}
    return Caller(
        **given,
        token_id=token.id,
        token_name=token.name,
        kind=kind,
        scopes=frozenset(token.scopes),
        expires_at=token.expires_at,
    )


async def caller(request: Request, needed: SecurityScopes, _: Annotated[object, Security(_bearer)] = None) -> Caller:
    """The one who asks, whose token has every scope that the route needs.

    Raises:
        Refused
    """
    found: Caller = request.state.caller
    for scope in needed.scopes:
        if scope not in found.scopes:
            header = f'{REALM}, error="insufficient_scope", scope="{scope}"'
            detail = words.NEEDS_SCOPE.format(scope=scope)
            raise Refused("scope", detail, headers={"WWW-Authenticate": header}, scope=scope)
    return found


def require(who: Caller, action: Action) -> None:
    """Go on only when they may do this at all.

    Raises:
        permissions.Forbidden
    """
    permissions.require(who, action)


Anybody = Annotated[Caller, Security(caller)]
TicketReader = Annotated[Caller, Security(caller, scopes=[Scope.TICKETS_READ.value])]
TicketWriter = Annotated[Caller, Security(caller, scopes=[Scope.TICKETS_WRITE.value])]
PeopleReader = Annotated[Caller, Security(caller, scopes=[Scope.PEOPLE_READ.value])]
PeopleWriter = Annotated[Caller, Security(caller, scopes=[Scope.PEOPLE_WRITE.value])]
FiguresReader = Annotated[Caller, Security(caller, scopes=[Scope.ANALYTICS_READ.value])]
WebhookReader = Annotated[Caller, Security(caller, scopes=[Scope.WEBHOOKS_READ.value])]
WebhookWriter = Annotated[Caller, Security(caller, scopes=[Scope.WEBHOOKS_WRITE.value])]
