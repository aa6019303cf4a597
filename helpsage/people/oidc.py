"""Signing on with an identity provider: OpenID Connect Core 1.0, code flow with PKCE (RFC 7636).

`begin` gives the address to send the browser to and what has to be remembered of it meanwhile; `finish` looks at what
the browser brings back. Nothing the browser says is believed: who it is comes from the provider's signed token, fetched
with our own request, made for us (`aud`), for this very attempt (`nonce`), by whom we asked (`iss`).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from helpsage import clock
from helpsage.settings import OidcProvider

TIMEOUT_S = 8.0
#: How long the provider's own description and keys are good for.
METADATA_S = 3600
#: Keys are fetched again for a token with an unknown one, but not more often than this.
KEYS_AGAIN_S = 30
#: Clocks may differ by so much.
LEEWAY_S = 60
#: A confirmation has to be newer than this.
CONFIRMED_WITHIN_S = 120
SCOPE = "openid email profile"
#: Signatures with the provider's private key only: `none` and shared secrets prove nothing here.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
LOOPBACK = ("localhost", "127.0.0.1", "::1")

Purpose = Literal["login", "confirm", "link"]


class SignOnError(Exception):
    """Signing on did not work out; the message says which check failed, for the log."""


class SignOnUnavailable(SignOnError):
    """The provider does not answer."""


class SignOnDenied(SignOnError):
    """The person, or the provider, said no (RFC 6749, section 4.1.2.1)."""


@dataclass(frozen=True)
class Flow:
    """What is remembered of an attempt while the browser is away. It goes into an encrypted cookie."""

    provider: str
    purpose: Purpose
    state: str
    nonce: str
    verifier: str
    next: str = ""
    remember: bool = False
    #: Who was logged in when it began; empty for logging in.
    account: str = ""


@dataclass(frozen=True)
class Identity:
    """Whom the provider vouches for.

    Attributes:
        subject: the provider's own name for the person, stable and never reused.
        email: empty when the provider does not say.
        email_verified: the provider says that it is theirs.
    """

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str


class Client:
    """Us, towards one provider."""

    def __init__(self, key: str, provider: OidcProvider) -> None:
        self._key = key
        self._provider = provider
        self._lock = threading.Lock()
        self._metadata: dict[str, Any] = {}
        self._metadata_at = 0.0
        self._keys: KeySet | None = None
        self._keys_at = 0.0

    def begin(self, redirect_uri: str, purpose: Purpose, next: str = "", remember: bool = False) -> tuple[str, Flow]:
        """The provider's page to send the browser to, and what to remember.

        Raises:
            SignOnUnavailable
        """
        flow = Flow(
            provider=self._key,
            purpose=purpose,
            state=secrets.token_urlsafe(24),
            nonce=secrets.token_urlsafe(24),
            verifier=secrets.token_urlsafe(48),
            next=next,
            remember=remember,
        )
        # A confirmation means nothing when the provider just waves people through.
        anew = {"prompt": "login", "max_age": "0"} if purpose == "confirm" else {}
        address, _ = self._session(redirect_uri).create_authorization_url(
            self._described()["authorization_endpoint"],
            state=flow.state,
            code_verifier=flow.verifier,
            nonce=flow.nonce,
            **anew,
        )
        return str(address), flow

    def finish(self, redirect_uri: str, flow: Flow, returned: Mapping[str, str]) -> Identity:
        """Who the browser belongs to.

        Parameters:
            returned: what stood in the address that the browser came back to.

        Raises:
            SignOnDenied, SignOnUnavailable, SignOnError
        """
        if not secrets.compare_digest(returned.get("state", "").encode(), flow.state.encode()):
            raise SignOnError("state")
        described = self._described()
        # RFC 9207: an answer that another provider gave.
        if returned.get("iss", described["issuer"]) != described["issuer"]:
            raise SignOnError("issuer of the answer")
        if "error" in returned:
            raise SignOnDenied(returned["error"][:60])
        token = self._token(redirect_uri, flow, returned.get("code", ""))
        claims = self._claims(str(token.get("id_token") or ""), flow)
        return self._identity(claims, str(token.get("access_token") or ""))

    def _token(self, redirect_uri: str, flow: Flow, code: str) -> dict[str, Any]:
        if not code:
            raise SignOnError("no code")
        try:
            token: dict[str, Any] = self._session(redirect_uri).fetch_token(
                self._described()["token_endpoint"],
                code=code,
                code_verifier=flow.verifier,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        except AuthlibBaseError as error:
            raise SignOnError(f"code: {error.error}") from error
        except (requests.RequestException, ValueError) as error:
            raise SignOnUnavailable(type(error).__name__) from error
        return token

    def _claims(self, id_token: str, flow: Flow) -> dict[str, Any]:
        """What the signed token says, checked as section 3.1.3.7 demands."""
        now = int(clock.now().timestamp())
        registry = JWTClaimsRegistry(
            now=now,
            leeway=LEEWAY_S,
            iss={"essential": True, "value": self._described()["issuer"]},
            aud={"essential": True, "value": self._provider.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": flow.nonce},
        )
        try:
            claims = jwt.decode(id_token, self._keys_for(id_token), algorithms=list(ALGORITHMS)).claims
            registry.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise SignOnError(f"token: {type(error).__name__}: {getattr(error, 'claim', '')}") from error
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != self._provider.client_id:
            raise SignOnError("token: azp")
        if flow.purpose == "confirm" and not _is_number_after(claims.get("auth_time"), now - CONFIRMED_WITHIN_S):
            raise SignOnError("token: auth_time")
        return claims

    def _keys_for(self, id_token: str) -> KeySet:
        """The provider's keys, fetched again when the token names one that we do not know: keys are changed."""
        kid = jws.extract_compact(id_token.encode()).headers().get("kid")
        known = self._fetched_keys(METADATA_S)
        if kid is not None and all(key.kid != kid for key in known.keys):
            known = self._fetched_keys(KEYS_AGAIN_S)
        return known

    def _fetched_keys(self, at_most_s: float) -> KeySet:
        with self._lock:
            now = clock.now().timestamp()
            if self._keys is None or now - self._keys_at > at_most_s:
                self._keys = KeySet.import_key_set(self._get(self._metadata["jwks_uri"]))  # type: ignore[arg-type]
                self._keys_at = now
            return self._keys

    def _identity(self, claims: dict[str, Any], access_token: str) -> Identity:
        known = {**self._user_info(claims, access_token), **claims}
        return Identity(
            issuer=str(claims["iss"]),
            subject=str(claims["sub"]),
            email=str(known.get("email") or ""),
            email_verified=known.get("email_verified") in (True, "true"),
            name=str(known.get("name") or known.get("preferred_username") or ""),
        )

    def _user_info(self, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
        """Some providers tell address and name only when asked (section 5.3)."""
        endpoint = self._described().get("userinfo_endpoint")
        if "email" in claims or not endpoint or not access_token:
            return {}
        told = self._get(str(endpoint), {"Authorization": f"Bearer {access_token}"})
        # Section 5.3.2: an answer about somebody else must not be used.
        return told if told.get("sub") == claims["sub"] else {}

    def _described(self) -> dict[str, Any]:
        """The provider's description of itself (OpenID Connect Discovery 1.0, section 4)."""
        with self._lock:
            now = clock.now().timestamp()
            if now - self._metadata_at <= METADATA_S and self._metadata:
                return self._metadata
            issuer = self._provider.issuer
            found = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise SignOnError("issuer of the description")
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _require_safe(str(found.get(name, "")))
            self._metadata, self._metadata_at = found, now
            return found

    def _get(self, address: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        _require_safe(address)
        try:
            response = requests.get(address, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
            response.raise_for_status()
            told = response.json()
        except (requests.RequestException, ValueError) as error:
            raise SignOnUnavailable(type(error).__name__) from error
        if not isinstance(told, dict):
            raise SignOnUnavailable("no object")
        return told

    def _session(self, redirect_uri: str) -> OAuth2Session:
        secret = self._provider.client_secret.get_secret_value()
        return OAuth2Session(
            client_id=self._provider.client_id,
            client_secret=secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope=SCOPE,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )


def _is_number_after(value: object, moment: float) -> bool:
    return isinstance(value, int | float) and value >= moment


def _require_safe(address: str) -> None:
    """Only over TLS, or on this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise SignOnError("address without TLS")
