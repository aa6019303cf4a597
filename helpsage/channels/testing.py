"""Whether an application lets us in, asked now: what the button on its page does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from helpsage.channels import manifests
from helpsage.channels.documents import is_safe

TIMEOUT_S = (3.0, 8.0)
LONGEST_ANSWER = 200_000

SLACK = "https://slack.com/api"
TELEGRAM = "https://api.telegram.org"
TEAMS_LOGIN = "https://login.microsoftonline.com"
#: Of a bot of many tenants: https://learn.microsoft.com/azure/bot-service/rest-api/bot-framework-rest-connector-authentication
TEAMS_TENANT = "botframework.com"
TEAMS_SCOPE = "https://api.botframework.com/.default"
#: As `assistant/channels/vendors/telegram/updates.py` reads them.
UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]


@dataclass(frozen=True)
class Outcome:
    """How a test went.

    Attributes:
        details: what the application says about us; the assistant uses it.
    """

    works: bool
    words: str
    details: dict[str, Any] = field(default_factory=dict)


class Failed(Exception):
    """The application does not let us in; the message is for administrators."""


def try_out(installation: Mapping[str, Any], secrets: Mapping[str, str], address: str) -> Outcome:
    """Ask the application.

    Parameters:
        secrets: unsealed.
        address: where the application finds us, without the last part.
    """
    try:
        return _KINDS[installation["kind"]](installation["options"], secrets, address)
    except KeyError as error:
        return Outcome(False, f"{error.args[0]} is missing.")
    except Failed as error:
        return Outcome(False, str(error))
    except requests.RequestException as error:
        return Outcome(False, f"It cannot be reached: {type(error).__name__}.")


def _slack(options: Mapping[str, str], secrets: Mapping[str, str], address: str) -> Outcome:
    found, headers = _post(
        f"{(options.get('url') or SLACK).rstrip('/')}/auth.test", {}, {"Authorization": f"Bearer {secrets['token']}"}
    )
    if not found.get("ok"):
        raise Failed(f"Slack says {found.get('error', 'no')}.")
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",") if scope.strip()}
    wanted = manifests.scopes(options.get("assistant") == "yes")
    missing = [scope for scope in wanted if granted and scope not in granted]
    words = f"It works: {found.get('user')} in {found.get('team')}."
    if missing:
        words += f" Not allowed yet: {', '.join(missing)}. Paste the manifest again and reinstall the app."
    details = {name: str(found[name]) for name in ("team_id", "team", "user_id", "user", "url") if found.get(name)}
    return Outcome(True, words, details)


def _teams(options: Mapping[str, str], secrets: Mapping[str, str], address: str) -> Outcome:
    teams_token(options, secrets)
    return Outcome(True, "It works: the bot got a token.", {"app_id": options["app_id"]})


def teams_token(options: Mapping[str, str], secrets: Mapping[str, str]) -> str:
    """A token of the bot's.

    Raises:
        Failed
    """
    login = (options.get("login_url") or TEAMS_LOGIN).rstrip("/")
    tenant = options.get("tenant") or TEAMS_TENANT
    form = {
        "grant_type": "client_credentials",
        "client_id": options["app_id"],
        "client_secret": secrets["app_secret"],
        "scope": TEAMS_SCOPE,
    }
    found, _ = _post(f"{login}/{tenant}/oauth2/v2.0/token", form, {})
    if not found.get("access_token"):
        said = str(found.get("error_description") or found.get("error") or "no").splitlines()[0]
        raise Failed(f"Microsoft says: {said[:300]}")
    return str(found["access_token"])


def _telegram(options: Mapping[str, str], secrets: Mapping[str, str], address: str) -> Outcome:
    base = f"{(options.get('url') or TELEGRAM).rstrip('/')}/bot{secrets['bot_token']}"
    found, _ = _post(f"{base}/getMe", {}, {})
    _refuse(found)
    if options.get("mode") == "polling":
        done, _ = _post(f"{base}/deleteWebhook", {}, {})
    else:
        hook = {"url": f"{address}/updates", "secret_token": secrets["secret_token"], "allowed_updates": UPDATES}
        done, _ = _post(f"{base}/setWebhook", None, {}, hook)
    _refuse(done)
    me = found.get("result") or {}
    return Outcome(True, f"It works: @{me.get('username')}.", {"id": me.get("id"), "username": me.get("username")})


def _refuse(found: Mapping[str, Any]) -> None:
    if not found.get("ok"):
        raise Failed(f"Telegram says: {str(found.get('description') or 'no')[:300]}")


def _post(
    url: str, form: Mapping[str, str] | None, headers: Mapping[str, str], content: Any = None
) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Ask; the answer is small JSON, whatever its status."""
    if not is_safe(url):
        raise Failed("It must be called over https.")
    with requests.post(
        url, data=form, json=content, headers=dict(headers), timeout=TIMEOUT_S, allow_redirects=False, stream=True
    ) as answer:
        body = answer.raw.read(LONGEST_ANSWER + 1, decode_content=True)
        if len(body) > LONGEST_ANSWER:
            raise Failed("It answered too much.")
        try:
            found = json.loads(body)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise Failed(f"It answered {answer.status_code} without JSON.")
        return found, answer.headers


_KINDS: Mapping[str, Callable[[Mapping[str, str], Mapping[str, str], str], Outcome]] = {
    "slack": _slack,
    "teams": _teams,
    "telegram": _telegram,
}
