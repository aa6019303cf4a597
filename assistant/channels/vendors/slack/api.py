"""Calls of the Web API, and what their failures mean: https://docs.slack.dev/apis/web-api/ and the methods' pages."""

from __future__ import annotations

import json
from typing import Any

from assistant.channels.connector import (
    Answered,
    Http,
    Impossible,
    InstallationBroken,
    Later,
    NotPosted,
    PlaceBroken,
)

BASE = "https://slack.com/api"
#: What Slack asks to wait when it does not say how long.
USUAL_WAIT_S = 30.0

TOKEN = (
    "account_inactive", "app_missing_action_url", "ekm_access_denied", "invalid_auth", "missing_scope", "no_permission",
    "not_allowed_token_type", "not_authed", "org_login_required", "team_access_not_granted", "team_not_found",
    "token_expired", "token_revoked", "two_factor_setup_required", "messages_tab_disabled",
)  # fmt: skip
PLACE = (
    "cannot_dm_bot", "cannot_reply_to_message", "channel_not_found", "is_archived", "is_inactive", "not_in_channel",
    "restricted_action", "restricted_action_non_threadable_channel", "restricted_action_read_only_channel",
    "restricted_action_thread_locked", "restricted_action_thread_only_channel", "user_disabled", "user_not_found",
    "user_not_visible", "thread_not_found",
)  # fmt: skip
NEVER = (
    "cant_update_message", "edit_window_closed", "invalid_arguments", "invalid_blocks", "invalid_blocks_format",
    "message_not_found", "msg_blocks_too_long", "msg_too_long", "no_text", "not_reply", "too_many_attachments",
)  # fmt: skip
#: Of files: this one never arrives, and messages do. A scope that an older installation lacks is one of them.
FILE_NEVER = (
    "access_denied", "blocked_file_type", "file_not_found", "file_type_not_allowed", "file_upload_size_restricted",
    "file_uploads_disabled", "file_uploads_except_images_disabled", "invalid_arguments", "malware_detected",
    "missing_scope", "not_allowed_token_type", "slack_connect_blocked_file_type",
    "slack_connect_file_upload_sharing_blocked", "storage_limit_reached", "unknown_method",
)  # fmt: skip


class SlackApi:
    """The Web API with one bot's token."""

    def __init__(self, http: Http, token: str, base: str = BASE) -> None:
        """
        Args:
            base: where the methods are; Slack's own unless a test says otherwise.
        """
        self._http = http
        self._token = token
        self._base = base.rstrip("/")

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call a method; returns its answer.

        Raises:
            NotPosted: the kind says what to do about it.
        """
        answered = await self._http.send(
            "POST",
            f"{self._base}/{method}",
            data=json.dumps(arguments).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json; charset=utf-8"},
        )
        return _read(method, answered)

    async def ask(self, method: str, **arguments: str) -> dict[str, Any]:
        """The same for methods that take no JSON.

        Raises:
            NotPosted
        """
        answered = await self._http.send(
            "POST", f"{self._base}/{method}", data=arguments, headers={"Authorization": f"Bearer {self._token}"}
        )
        return _read(method, answered)


def _read(method: str, answered: Answered) -> dict[str, Any]:
    if answered.status == 429:
        raise Later(f"{method}: Slack asks to wait", _seconds(answered.headers.get("Retry-After")), arrived=False)
    if answered.status >= 500:
        raise Later(f"{method}: Slack answered {answered.status}")
    try:
        found = json.loads(answered.body)
    except ValueError:
        raise Later(f"{method}: Slack answered {answered.status} without JSON") from None
    if not isinstance(found, dict):
        raise Later(f"{method}: Slack answered something else than an object")
    if found.get("ok") is not True:
        raise _failure(method, str(found.get("error", "")), found)
    return found


def _failure(method: str, error: str, found: dict[str, Any]) -> NotPosted:
    words = f"{method}: {error or 'refused'}"
    if error == "missing_scope":
        words += f" ({found.get('needed', '')})"
    if method.startswith("files.") and error in FILE_NEVER:
        return Impossible(words)
    if error in TOKEN:
        return InstallationBroken(words)
    if error in PLACE:
        return PlaceBroken(words)
    if error in NEVER:
        return Impossible(words)
    if error in ("ratelimited", "rate_limited"):
        return Later(words, USUAL_WAIT_S, arrived=False)
    return Later(words)


def _seconds(written: str | None) -> float:
    return float(written) if written is not None and written.isascii() and written.isdigit() else USUAL_WAIT_S
