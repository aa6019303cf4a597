"""Files that people sent in a chat application, fetched with the installation's own secrets.

Slack: `url_private_download` with the bot's token, https://docs.slack.dev/reference/objects/file-object/. It is sent to
Slack's own hosts and nowhere else, whatever address a delivery names.

Telegram: `getFile` names a path that opens with the bot's token, up to 20 MB: https://core.telegram.org/bots/api#getfile.

Teams: a file in a personal chat lies at an address of SharePoint that opens by itself; a picture in a message lies at
the connector and opens with the bot's token: https://learn.microsoft.com/microsoftteams/platform/bots/how-to/bots-filesv4.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO
from urllib.parse import quote, urlencode, urlsplit

import requests

from helpsage import settings
from helpsage.attachments.storage import MEGABYTE
from helpsage.channels import testing
from helpsage.channels.documents import is_safe

TIMEOUT_S = (3.0, 20.0)
_BLOCK = 65_536
#: Hosts of OneDrive and SharePoint, and of the connector's attachments.
_SHAREPOINT = (".sharepoint.com", ".sharepoint.us", ".sharepoint-mil.us")
_CONNECTOR = (".botframework.com", ".teams.microsoft.com")
#: The one of them below a domain in which anybody may have a host.
_CONNECTOR_HOST = "smba.trafficmanager.net"
#: What shows that a file is not there any more.
_GONE = (400, 401, 403, 404, 410)


class FileGone(Exception):
    """It cannot be fetched, now or later."""


class FileAway(Exception):
    """It may be fetched later."""


def fetch(installation: Mapping[str, Any], secrets: Mapping[str, str], file: Mapping[str, Any]) -> BinaryIO:
    """A file's content.

    Parameters:
        file: as it stands in a message's data: id, name, content_type, size, url.

    Raises:
        FileGone, FileAway
    """
    how = _KINDS.get(installation["kind"])
    if how is None:
        raise FileGone(f"files of {installation['kind']} cannot be fetched")
    return how(installation, secrets, file)


def _slack(installation: Mapping[str, Any], secrets: Mapping[str, str], file: Mapping[str, Any]) -> BinaryIO:
    url = str(file.get("url") or "")
    if not _is_slacks(url, installation["options"].get("url", "")):
        raise FileGone("its address is not Slack's")
    return _get(url, {"Authorization": f"Bearer {secrets['token']}"})


def _is_slacks(url: str, own: str) -> bool:
    """Whether the token may go there: Slack's hosts over https, or where the installation says that Slack is."""
    found = urlsplit(url)
    host = found.hostname or ""
    if own and (found.scheme, found.netloc) == (urlsplit(own).scheme, urlsplit(own).netloc):
        return is_safe(url)
    return found.scheme == "https" and (host == "slack.com" or host.endswith(".slack.com"))


def _get(url: str, headers: Mapping[str, str]) -> BinaryIO:
    longest = settings.get().attachment_max_mb * MEGABYTE
    try:
        with requests.get(url, headers=dict(headers), timeout=TIMEOUT_S, allow_redirects=False, stream=True) as answer:
            if answer.status_code in _GONE or answer.is_redirect:
                raise FileGone(f"it answered {answer.status_code}")
            if answer.status_code != 200:
                raise FileAway(f"it answered {answer.status_code}")
            content = io.BytesIO()
            for block in answer.iter_content(_BLOCK):
                content.write(block)
                if content.tell() > longest:
                    break  # one byte too many is enough to refuse it, with words
    except requests.RequestException as error:
        raise FileAway(type(error).__name__) from error
    content.seek(0)
    return content


def _telegram(installation: Mapping[str, Any], secrets: Mapping[str, str], file: Mapping[str, Any]) -> BinaryIO:
    base = (installation["options"].get("url") or testing.TELEGRAM).rstrip("/")
    token = secrets["bot_token"]
    asked = _get(f"{base}/bot{token}/getFile?{urlencode({'file_id': str(file.get('id') or '')})}", {})
    try:
        path = json.load(asked)["result"]["file_path"]
    except (ValueError, KeyError, TypeError) as error:
        raise FileGone("Telegram names no path") from error
    return _get(f"{base}/file/bot{token}/{quote(str(path))}", {})


def _teams(installation: Mapping[str, Any], secrets: Mapping[str, str], file: Mapping[str, Any]) -> BinaryIO:
    url, own = str(file.get("url") or ""), str(installation["options"].get("login_url") or "")
    found = urlsplit(url)
    host = found.hostname or ""
    ours = bool(own) and found.netloc == urlsplit(own).netloc
    if not is_safe(url) or not (ours or host == _CONNECTOR_HOST or host.endswith(_SHAREPOINT + _CONNECTOR)):
        raise FileGone("its address is not Microsoft's")
    if host.endswith(_SHAREPOINT) or (ours and found.path.startswith("/files/")):
        return _get(url, {})
    try:
        token = testing.teams_token(installation["options"], secrets)
    except (testing.Failed, requests.RequestException) as error:
        raise FileAway(type(error).__name__) from error
    return _get(url, {"Authorization": f"Bearer {token}"})


_KINDS: Mapping[str, Callable[[Mapping[str, Any], Mapping[str, str], Mapping[str, Any]], BinaryIO]] = {
    "slack": _slack,
    "teams": _teams,
    "telegram": _telegram,
}
