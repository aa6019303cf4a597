"""The Bot Framework on loopback: its signing keys, its login service and its connector for Teams.

It checks what the real ones check: the app's secret and tenant, the token of each call, the size of an activity, and
whether the bot is in the conversation. Formats: learn.microsoft.com/azure/bot-service/rest-api.
"""

from __future__ import annotations

import base64
import hmac
import itertools
import json
import secrets
import time
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.vendors.loopback import Answer, Asked, Loopback

APP, SECRET = "11111111-aaaa-bbbb-cccc-000000000001", "the app's secret"
TENANT = "22222222-aaaa-bbbb-cccc-000000000002"
BOT = f"28:{APP}"
LARGEST = 100 * 1024
PERSON = "33333333-aaaa-bbbb-cccc-000000000003"


@lru_cache(maxsize=4)
def key(name: str) -> rsa.RSAPrivateKey:
    """A signing key; making one takes a while."""
    return rsa.generate_private_key(65537, 2048)


def jwk(name: str, endorsements: tuple[str, ...]) -> dict[str, Any]:
    """Its public half as the Bot Framework publishes it."""
    numbers = key(name).public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "kid": name,
        "x5t": name,
        "n": _base64(numbers.n),
        "e": _base64(numbers.e),
        "endorsements": list(endorsements),
    }


def _base64(number: int) -> str:
    return _encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _part(content: dict[str, Any]) -> str:
    return _encoded(json.dumps(content).encode())


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


class Teams(Loopback):
    """The server."""

    def __init__(self, tenant: str = "") -> None:
        super().__init__()
        #: Of the app; empty: it serves many.
        self.tenant = tenant
        self.secret = SECRET
        self.keys = {"key-1": ("msteams", "webchat")}
        self.tokens: set[str] = set()
        self.conversations: set[str] = set()
        #: Activities by conversation, as they stand now.
        self.shown: dict[str, dict[str, dict[str, Any]]] = {}
        self.typing: list[str] = []
        self.members: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        #: What was put into somebody's OneDrive, by the last part of the address; which addresses there are.
        self.uploaded: dict[str, bytes] = {}
        self.upload_sessions: set[str] = set()
        self._numbers = itertools.count(1_700_000_000_000)

    @property
    def metadata_url(self) -> str:
        """Of the signing keys."""
        return f"{self.url}/v1/.well-known/openidconfiguration"

    @property
    def service_url(self) -> str:
        """Of the connector."""
        return f"{self.url}/amer/"

    # --- what it sends

    def message(self, text: str, **more: Any) -> dict[str, Any]:
        """An activity as Teams sends it when a person writes to the bot."""
        conversation = more.pop("conversation", {"conversationType": "personal", "id": "a:1pers", "tenantId": TENANT})
        self.conversations.add(conversation["id"])
        return {
            "type": "message",
            "id": str(next(self._numbers)),
            "timestamp": "2026-11-20T09:00:00.000Z",
            "serviceUrl": self.service_url,
            "channelId": "msteams",
            "from": {"id": "29:1abc", "name": "Asha Rao", "aadObjectId": PERSON},
            "conversation": conversation,
            "recipient": {"id": BOT, "name": "Help Sage"},
            "textFormat": "plain",
            "text": text,
            "locale": "en-US",
            "entities": [{"type": "clientInfo", "locale": "en-US", "country": "US", "platform": "Web"}],
            "channelData": {"tenant": {"id": TENANT}},
            **more,
        }

    def answered(self, asked: dict[str, Any], accepted: bool, **more: Any) -> dict[str, Any]:
        """An activity as Teams sends it when a person answers the question whether a file may come."""
        (attachment,) = asked["attachments"]
        session = secrets.token_urlsafe(8)
        self.upload_sessions.add(session)
        value: dict[str, Any] = {
            "type": "fileUpload",
            "action": "accept" if accepted else "decline",
            "context": attachment["content"]["acceptContext" if accepted else "declineContext"],
        }
        if accepted:
            value["uploadInfo"] = {
                "contentUrl": f"https://contoso.sharepoint.com/personal/asha/Documents/{attachment['name']}",
                "name": attachment["name"],
                "uploadUrl": f"{self.url}/upload/{session}",
                "uniqueId": "1150D938-8870-4044-9F2C-5BBDEBA70C8C",
                "fileType": attachment["name"].rpartition(".")[2],
            }
        return self.message("", type="invoke", name="fileConsent/invoke", value=value, **more)

    def authorization(self, signed_by: str = "key-1", algorithm: str = "RS256", **claims: Any) -> str:
        """The header that the connector sends. A claim that is None is left out."""
        now = int(time.time())
        all_claims = {
            "iss": "https://api.botframework.com",
            "aud": APP,
            "nbf": now - 60,
            "exp": now + 3600,
            "serviceurl": self.service_url,
            **claims,
        }
        kept = {name: value for name, value in all_claims.items() if value is not None}
        headers = {"kid": signed_by, "x5t": signed_by}
        if algorithm == "none":
            return f"Bearer {jwt.encode(kept, None, algorithm='none', headers=headers)}"
        if algorithm.startswith("HS"):
            # The attack of RFC 8725, 2.1: the public key taken for a shared secret.
            secret = json.dumps(jwk(signed_by, ())).encode()
            signed = f"{_part({'typ': 'JWT', 'alg': algorithm, **headers})}.{_part(kept)}"
            return f"Bearer {signed}.{_encoded(hmac.digest(secret, signed.encode(), 'sha256'))}"
        return f"Bearer {jwt.encode(kept, key(signed_by), algorithm=algorithm, headers=headers)}"

    # --- what it answers

    def answer(self, asked: Asked) -> Answer:
        match asked.method, asked.path.strip("/").split("/"):
            case "GET", ["v1", ".well-known", "openidconfiguration"]:
                return Answer(body=self._metadata())
            case "GET", ["v1", ".well-known", "keys"]:
                return Answer(body={"keys": [jwk(name, endorsed) for name, endorsed in self.keys.items()]})
            case "POST", [authority, "oauth2", "v2.0", "token"]:
                return self._login(authority, asked.form)
            case "GET", ["files", name]:
                return Answer(body=self.files[name]) if name in self.files else Answer(404, {})
            case "PUT", ["upload", session]:
                return self._put(asked, session)
            case _, ["amer", "v3", *rest]:
                return self._connector(asked, [unquote(part) for part in rest])
        return Answer(404, {"error": {"code": "NotFound", "message": asked.path}})

    def _put(self, asked: Asked, session: str) -> Answer:
        """A piece of an upload session; the whole file at once ends it."""
        size = len(asked.body)
        if session not in self.upload_sessions:
            return _error(404, "itemNotFound", "The upload session was not found")
        if "authorization" in asked.headers or asked.headers.get("content-range") != f"bytes 0-{size - 1}/{size}":
            return _error(400, "invalidRange", "")
        self.upload_sessions.discard(session)
        self.uploaded[session] = asked.body
        return Answer(201, {"id": session, "size": size})

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": "https://api.botframework.com",
            "authorization_endpoint": "https://invalid.botframework.com",
            "jwks_uri": f"{self.url}/v1/.well-known/keys",
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        }

    def _login(self, authority: str, form: dict[str, str]) -> Answer:
        if authority != (self.tenant or "botframework.com"):
            described = "AADSTS700016: Application with identifier was not found in the directory."
            return Answer(400, {"error": "unauthorized_client", "error_description": described})
        if form.get("client_id") != APP or form.get("client_secret") != self.secret:
            described = "AADSTS7000215: Invalid client secret provided."
            return Answer(401, {"error": "invalid_client", "error_description": described})
        if (
            form.get("grant_type") != "client_credentials"
            or form.get("scope") != "https://api.botframework.com/.default"
        ):
            return Answer(400, {"error": "invalid_scope", "error_description": "AADSTS70011"})
        token = secrets.token_urlsafe(16)
        self.tokens.add(token)
        return Answer(body={"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token})

    def _connector(self, asked: Asked, parts: list[str]) -> Answer:
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return _error(401, "Unauthorized", "Authorization has been denied for this request.")
        if parts[0] == "attachments":
            return Answer(body=self.files[parts[1]]) if parts[1] in self.files else _error(404, "NotFound", "")
        if asked.method == "POST" and parts == ["conversations"]:
            return self._begin(asked)
        if parts[0] != "conversations" or len(parts) < 3:
            return _error(404, "NotFound", asked.path)
        conversation = parts[1]
        if conversation not in self.conversations:
            return _error(404, "ConversationNotFound", "Conversation not found.")
        if parts[2] == "members":
            found = self.members.get(parts[3]) if len(parts) > 3 else None
            return Answer(body=found) if found else _error(404, "MemberNotFoundInConversation", "")
        return self._activity(asked, conversation, parts[3:])

    def _begin(self, asked: Asked) -> Answer:
        """A thread in a channel that the app is in, or a personal chat with a member."""
        given = asked.json
        if given.get("bot", {}).get("id") != BOT:
            return _error(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.")
        if given.get("isGroup"):
            channel = given["channelData"]["channel"]["id"]
            if channel not in self.conversations:
                return _error(404, "ConversationNotFound", "Conversation not found.")
            identified = str(next(self._numbers))
            thread = f"{channel};messageid={identified}"
            self.conversations.add(thread)
            self.shown.setdefault(thread, {})[identified] = given["activity"]
            return Answer(201, {"id": thread, "activityId": identified})
        (member,) = given["members"]
        chat = f"a:with-{member['id']}"
        self.conversations.add(chat)
        return Answer(201, {"id": chat})

    def _activity(self, asked: Asked, conversation: str, rest: list[str]) -> Answer:
        sent = asked.json
        if len(asked.body) > LARGEST:
            return _error(413, "MessageSizeTooBig", "Message size too large.")
        if not isinstance(sent, dict) or not sent.get("type"):
            return _error(400, "BadSyntax", "Activity must have a type.")
        if sent["type"] == "typing":
            self.typing.append(conversation)
            return Answer(201, {"id": ""})
        if not sent.get("text") and not sent.get("attachments"):
            return _error(400, "BadSyntax", "Activity must have text or attachments.")
        kinds = [each.get("contentType", "") for each in sent.get("attachments") or []]
        if any(".file." in kind for kind in kinds) and conversation.startswith("19:"):
            return _error(400, "BadArgument", "File cards are for personal chats.")
        shown = self.shown.setdefault(conversation, {})
        if asked.method == "PUT":
            if rest[0] not in shown:
                return _error(404, "ActivityNotFoundInConversation", "")
            shown[rest[0]] = sent
            return Answer(body={"id": rest[0]})
        identified = str(next(self._numbers))
        shown[identified] = sent
        return Answer(201, {"id": identified})


def _error(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
