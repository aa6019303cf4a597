"""Tokens between the Bot Framework and us: checking the ones that come, getting the ones that go.

Rules: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication (Connector to
Bot, steps 2 to 4; Bot to Connector, step 1). The emulator's tokens are not accepted: they are made with our own secret
and would open a second way in.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import jwt
from jwt.algorithms import RSAAlgorithm

METADATA_URL = "https://login.botframework.com/v1/.well-known/openidconfiguration"
LOGIN_URL = "https://login.microsoftonline.com"
ISSUER = "https://api.botframework.com"
SCOPE = "https://api.botframework.com/.default"
#: The authority of apps that serve many tenants; an app of one tenant asks that tenant.
MANY_TENANTS = "botframework.com"
#: The only algorithm that the metadata names (`id_token_signing_alg_values_supported`).
ALGORITHM = "RS256"
CHANNEL = "msteams"
#: Clocks may differ by that much (step 4, requirement 5).
SKEW_S = 300
#: Keys are fetched anew after a day, and for an unknown key id once in a while: strangers name ids for nothing.
KEYS_LAST_S = 24 * 3600
#: Nobody vouches for keys that could not be fetched anew for so long.
KEYS_END_S = 5 * 24 * 3600
UNKNOWN_KEY_PAUSE_S = 300
#: After a fetch that failed.
FAILED_PAUSE_S = 10
#: Longer ones are no tokens of theirs.
LONGEST_TOKEN = 8_192
MOST_KEYS = 200
#: A token of ours is renewed this long before it ends.
RENEWED_BEFORE_S = 300

Fetch = Callable[[str], Awaitable[Any]]
Post = Callable[[str, dict[str, str]], Awaitable[tuple[int, Any]]]


class Untrusted(Exception):
    """The request does not come from the Bot Framework, or is not for this bot. The message is for the log only."""


class KeysUnavailable(Exception):
    """The signing keys cannot be had: nobody can tell. The sender tries again later."""


class NoToken(Exception):
    """We get no token to speak with: the app's id or secret is wrong, revoked or has run out."""


class LoginUnavailable(Exception):
    """The login service does not answer; later it may."""


@dataclass(frozen=True)
class Key:
    """A signing key and the channels whose activities it may vouch for."""

    public: Any
    endorsements: frozenset[str]


class Keys:
    """The Bot Framework's signing keys, as its OpenID metadata names them."""

    def __init__(self, fetch: Fetch, metadata_url: str = METADATA_URL) -> None:
        """
        Args:
            fetch: Gets a JSON document; raises anything when it cannot.
            metadata_url: The static address of the metadata.
        """
        self._fetch = fetch
        self._metadata_url = metadata_url
        self._keys: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._failed = False
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> Key:
        """The key of this id.

        Raises:
            Untrusted: there is none.
            KeysUnavailable: it is unknown and the list cannot be fetched.
        """
        if self._due(key_id) or self._fetching.locked():
            async with self._fetching:
                if self._due(key_id):
                    await self._renew()
        ended = time.monotonic() - self._fetched_at >= KEYS_END_S
        found = self._keys.get(key_id) if not ended else None
        if found is None:
            if self._failed:
                raise KeysUnavailable("the signing keys cannot be fetched")
            raise Untrusted("unknown signing key")
        return found

    def _due(self, key_id: str) -> bool:
        now = time.monotonic()
        pause = FAILED_PAUSE_S if self._failed else UNKNOWN_KEY_PAUSE_S
        old = now - self._fetched_at >= KEYS_LAST_S
        return (old or key_id not in self._keys) and now - self._tried_at >= pause

    async def _renew(self) -> None:
        self._tried_at = time.monotonic()
        try:
            metadata = await self._fetch(self._metadata_url)
            address = metadata["jwks_uri"]
            _check_place(self._metadata_url, address)
            listed = (await self._fetch(address))["keys"]
            keys = dict(_keys(listed))
        except Exception:
            # Keys that were fetched before stay good: their service being away locks nobody out.
            self._failed = True
            return
        self._keys, self._failed, self._fetched_at = keys, False, time.monotonic()


def _check_place(metadata_url: str, address: str) -> None:
    """Keys come the way the metadata came: never over a plainer connection."""
    if urlsplit(address).scheme != urlsplit(metadata_url).scheme:
        raise ValueError("the keys' address has another scheme than the metadata's")


def _keys(listed: Iterable[Any]) -> Iterable[tuple[str, Key]]:
    for number, one in enumerate(listed):
        if number >= MOST_KEYS:
            return
        if isinstance(one, dict) and one.get("kty") == "RSA" and isinstance(one.get("kid"), str):
            yield one["kid"], Key(RSAAlgorithm.from_jwk(one), frozenset(one.get("endorsements") or ()))


@dataclass(frozen=True)
class App:
    """Whose bot it is.

    Attributes:
        id: the app's id, audience of every token for it.
        tenant: of an app that serves one tenant alone; empty: any tenant may have installed it.
    """

    id: str
    tenant: str = ""


async def check(authorization: str | None, activity: dict[str, Any], app: App, keys: Keys) -> None:
    """Make sure that an activity was sent by the Bot Framework, by Teams, to this app.

    Args:
        authorization: The request's header.
        activity: The request's body, as JSON.
        app: Whose bot it is for.
        keys: The Bot Framework's.

    Raises:
        Untrusted, KeysUnavailable
    """
    token = _bearer(authorization)
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise Untrusted("no token") from error
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
        raise Untrusted("another algorithm, or no key id")
    key = await keys.find(key_id)
    try:
        claims = jwt.decode(
            token,
            key.public,
            algorithms=[ALGORITHM],
            audience=app.id,
            issuer=ISSUER,
            leeway=SKEW_S,
            options={"require": ["exp", "iss", "aud"], "strict_aud": True},
        )
    except jwt.InvalidTokenError as error:
        raise Untrusted(str(error)) from error
    _check_activity(claims, activity, app, key)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme != "Bearer" or not token or " " in token or len(token) > LONGEST_TOKEN:
        raise Untrusted("no bearer token")
    return token


def _check_activity(claims: dict[str, Any], activity: dict[str, Any], app: App, key: Key) -> None:
    channel = activity.get("channelId")
    if channel != CHANNEL:
        raise Untrusted(f"from another channel: {str(channel)[:40]}")
    if channel not in key.endorsements:
        raise Untrusted("the key is not endorsed for this channel")
    claimed = claims.get("serviceurl", claims.get("serviceUrl"))
    # Our answers go there with a token of ours: only the address that was signed may get it.
    if not claimed or claimed != activity.get("serviceUrl"):
        raise Untrusted("signed for another service address")
    if app.tenant and tenant_of(activity).lower() != app.tenant.lower():
        raise Untrusted("from another tenant")


def tenant_of(activity: dict[str, Any]) -> str:
    """The tenant that an activity comes from; empty when it names none, or two."""
    data, conversation = activity.get("channelData"), activity.get("conversation")
    tenant = data.get("tenant") if isinstance(data, dict) else None
    named = {
        str(one)
        for one in (
            tenant.get("id") if isinstance(tenant, dict) else None,
            conversation.get("tenantId") if isinstance(conversation, dict) else None,
        )
        if one
    }
    return named.pop() if len(named) == 1 else ""


class Speaking:
    """Our own token for the connector, kept until shortly before it ends."""

    def __init__(self, post: Post, app: App, secret: str, login_url: str = LOGIN_URL) -> None:
        """
        Args:
            post: Sends a form; returns status and JSON (None for what is no JSON). Raises when nobody answers.
            app: Whose token.
            secret: The app's.
            login_url: The login service.
        """
        self._post = post
        self._app = app
        self._secret = secret
        self._url = f"{login_url.rstrip('/')}/{app.tenant or MANY_TENANTS}/oauth2/v2.0/token"
        self._token = ""
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for some minutes at least.

        Raises:
            NoToken, LoginUnavailable
        """
        async with self._asking:
            if time.monotonic() >= self._until:
                self._token, lasts = await self._new()
                self._until = time.monotonic() + max(0, lasts - RENEWED_BEFORE_S)
            return self._token

    def refused(self) -> None:
        """The connector did not take it: the next one is a new one."""
        self._until = float("-inf")

    async def _new(self) -> tuple[str, float]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._app.id,
            "client_secret": self._secret,
            "scope": SCOPE,
        }
        try:
            status, body = await self._post(self._url, form)
        except Exception as error:
            raise LoginUnavailable(type(error).__name__) from error
        if status in (400, 401, 403) and isinstance(body, dict):
            # https://learn.microsoft.com/entra/identity-platform/reference-error-codes
            raise NoToken(str(body.get("error_description") or body.get("error") or status)[:300])
        if status != 200 or not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            raise LoginUnavailable(f"status {status}")
        return body["access_token"], _seconds(body.get("expires_in"))


def _seconds(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0
