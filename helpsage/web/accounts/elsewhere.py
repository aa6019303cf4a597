"""Logging in with an identity provider: out to its page, and back."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Annotated

from cryptography.fernet import Fernet, InvalidToken
from fastapi import APIRouter, Depends, HTTPException, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.people import accounts, sessions, sign_on
from helpsage.people.models import Account
from helpsage.people.oidc import Client, Flow, Identity, Purpose, SignOnDenied, SignOnError, SignOnUnavailable
from helpsage.settings import OidcProvider
from helpsage.web import cookies, csrf
from helpsage.web.access import FreshViewer, SignedIn, viewer_or_none
from helpsage.web.accounts import words
from helpsage.web.accounts.forms import Filled, go, local, origin
from helpsage.web.accounts.login import begin, login_page

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)


def provider(key: str) -> OidcProvider:
    """The configured provider of this key.

    Raises:
        HTTPException: 404.
    """
    found = settings.get().oidc.get(key)
    if found is None:
        raise HTTPException(404)
    return found


@lru_cache(maxsize=32)
def _client(key: str, issuer: str, client_id: str) -> Client:
    """One for each provider: it keeps what the provider says about itself."""
    return Client(key, provider(key))


def client(key: str) -> Client:
    """Us, towards this provider.

    Raises:
        HTTPException: 404.
    """
    known = provider(key)
    return _client(key, known.issuer, known.client_id)


def _return_address(key: str) -> str:
    return f"{settings.get().web_url}/login/with/{key}/callback"


@router.get("/login/with/{key}")
def leave(
    request: Request,
    key: str,
    next: str = "",
    purpose: Purpose = "login",
    remember: str = "",
    token: Annotated[str, Query(alias="csrf")] = "",
) -> Response:
    """Off to the provider's page. Connecting begins on a page of ours: another site would connect a login of its own.

    It is no form, because our content security policy lets no form lead elsewhere, not even by a redirect.
    """
    who = viewer_or_none(request)
    if purpose != "login" and who is None:
        return RedirectResponse("/login", status_code=303)
    if purpose == "link" and who is not None and not who.is_fresh:
        return RedirectResponse("/account/confirm?next=/account", status_code=303)
    if purpose == "link":
        csrf.checked(request, token)
    try:
        address, flow = client(key).begin(_return_address(key), purpose, local(next, ""), bool(remember))
    except SignOnError as error:
        return _failed(request, key, error, next)
    if purpose != "login" and who is not None:
        flow = replace(flow, account=str(who.account_id))
    response = RedirectResponse(address, status_code=303)
    cookies.set_sign_on(response, _cipher().encrypt(json.dumps(asdict(flow)).encode()).decode())
    return response


@router.get("/login/with/{key}/callback")
def come_back(request: Request, key: str) -> Response:
    """What the provider says. Whatever comes of it, the attempt is over: it cannot be played again."""
    flow = _remembered(request, key)
    try:
        if flow is None:
            raise SignOnError("no attempt of this browser")
        who = client(key).finish(_return_address(key), flow, request.query_params)
        response = _act(request, key, flow, who)
    except SignOnError as error:
        response = _failed(request, key, error, flow.next if flow is not None else "")
    cookies.clear_sign_on(response)
    return response


def _remembered(request: Request, key: str) -> Flow | None:
    try:
        opened = _cipher().decrypt((cookies.sign_on(request) or "").encode(), ttl=cookies.SIGN_ON_S)
        flow = Flow(**json.loads(opened))
    except (InvalidToken, ValueError, TypeError):
        return None
    return flow if flow.provider == key else None


def _act(request: Request, key: str, flow: Flow, who: Identity) -> Response:
    known = provider(key)
    signed_in = viewer_or_none(request)
    try:
        if flow.purpose == "login":
            with transaction() as session:
                account = sign_on.account_of(session, known, who, origin(request))
                return begin(session, request, account, flow.remember, flow.next, known.second_factor)
        if signed_in is None:
            return RedirectResponse("/login", status_code=303)
        if flow.account != str(signed_in.account_id):
            raise SignOnError("somebody else has logged in meanwhile")
        if flow.purpose == "link":
            return _link(request, known, signed_in, who)
        return _confirm(request, known, signed_in, who, flow.next)
    except sign_on.NotVouchedFor:
        return _refused(request, "unvouched", known.name, 403)
    except sign_on.AccountDisabled:
        return _refused(request, "disabled", known.name, 403)
    except sign_on.IdentityTaken:
        return _refused(request, "taken", known.name, 409)


def _link(request: Request, known: OidcProvider, signed_in: SignedIn, who: Identity) -> Response:
    with transaction() as session:
        sign_on.link(session, known, session.get_one(Account, signed_in.account_id), who, origin(request))
    return go("/account", "linked")


def _confirm(request: Request, known: OidcProvider, signed_in: SignedIn, who: Identity, next: str) -> Response:
    """The same person as the one who is logged in, asked anew by the provider."""
    with transaction() as session:
        account = sign_on.linked_account(session, who)
        if account is None or account.id != signed_in.account_id:
            return _refused(request, "other", known.name, 403)
        current = accounts.find_session(session, cookies.session(request) or "")
        if current is not None:
            sessions.confirm(current, two_factor=known.second_factor)
    return RedirectResponse(local(next, "/account"), status_code=303)


@router.post("/account/ways/{key}/remove", dependencies=[Depends(csrf.checked)])
def remove(request: Request, who: FreshViewer, known: Annotated[OidcProvider, Depends(provider)]) -> Response:
    """Log in that way no more."""
    try:
        with transaction() as session:
            sign_on.unlink(session, known, session.get_one(Account, who.account_id), origin(request))
    except sign_on.LastWayIn:
        return go("/account", "last-way")
    return go("/account", "unlinked")


def _failed(request: Request, key: str, error: SignOnError, next: str) -> Response:
    kind = (
        "denied"
        if isinstance(error, SignOnDenied)
        else "unavailable"
        if isinstance(error, SignOnUnavailable)
        else "failed"
    )
    log.warning("signing on with %s: %s: %s", key, kind, error)
    return _refused(request, kind, provider(key).name, {"denied": 403, "unavailable": 503}.get(kind, 400), next)


def _refused(request: Request, kind: str, name: str, status: int, next: str = "") -> Response:
    filled = Filled({"next": next})
    filled.refuse(words.SIGN_ON[kind].format(name=name), status=status)
    return login_page(request, filled)


def _cipher() -> Fernet:
    return Fernet(base64.urlsafe_b64encode(bytes.fromhex(settings.get().derived("sign on"))))
