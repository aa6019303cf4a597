"""What the assistant is told by environment variables, read in one place.

The assistant runs in Rasa's environment and cannot import the help desk's settings; `./sage up` hands them over.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True)
class Environment:
    """The settings of one assistant process."""

    #: PostgreSQL, as libpq writes it.
    database_url: str
    host: str = "127.0.0.1"
    port: int = 5005
    #: Processes that share the work, on this machine or others; more than one makes them tell each other what was said.
    processes: int = 1
    #: Those of them that this one starts.
    workers: int = 1
    #: Full address of the action server's webhook.
    actions_url: str = "http://127.0.0.1:5055/webhook"
    #: Sent to the action server with every call.
    actions_secret: str = ""
    #: Signs conversation tokens.
    webchat_secret: str = ""
    #: Opens the secrets of chat applications (hex); empty: none is set up.
    channels_key: str = ""
    #: Checks that a promoted model is the one that was trained (hex); empty: none is taken.
    models_key: str = ""
    #: The web program's address: its pages may always embed the chat.
    public_url: str = ""
    #: The same as this process reaches it, for files that agents send.
    web_url: str = ""
    #: Other pages that may (scheme://host[:port]); `*` allows every page.
    allowed_origins: tuple[str, ...] = ()
    #: Speak the public `rasa-webchat` widget's protocol too.
    rasa_webchat: bool = False
    desk_name: str = "Help Sage"
    version: str = ""
    #: Messages one conversation may send a minute once its burst is used up.
    messages_per_minute: int = 60
    message_burst: int = 60
    #: New conversations one address may begin a minute.
    sessions_per_minute: int = 120
    #: Proxies in front of us whose X-Forwarded-For is believed.
    proxies: int = 0


def read(variables: Mapping[str, str]) -> Environment:
    """Read the settings from environment variables.

    Raises:
        RuntimeError: a variable that must be there is missing.
    """
    missing = [name for name in ("DATABASE_URL", "HELPSAGE_WEBCHAT_SECRET") if not variables.get(name)]
    if missing:
        raise RuntimeError(f"{' and '.join(missing)} must be set; `./sage up` does that")
    public_url = variables.get("HELPSAGE_PUBLIC_URL", "").rstrip("/")
    processes = int(variables.get("HELPSAGE_ASSISTANT_PROCESSES") or 1)
    return Environment(
        database_url=variables["DATABASE_URL"],
        host=variables.get("HELPSAGE_HOST") or "127.0.0.1",
        port=int(variables.get("HELPSAGE_ASSISTANT_PORT") or 5005),
        processes=processes,
        workers=int(variables.get("SANIC_WORKERS") or processes),
        actions_url=variables.get("HELPSAGE_ACTIONS_URL") or "http://127.0.0.1:5055/webhook",
        actions_secret=variables.get("HELPSAGE_ACTIONS_SECRET", ""),
        webchat_secret=variables["HELPSAGE_WEBCHAT_SECRET"],
        channels_key=variables.get("HELPSAGE_CHANNELS_KEY", ""),
        models_key=variables.get("HELPSAGE_MODELS_KEY", ""),
        public_url=public_url,
        web_url=variables.get("HELPSAGE_WEB_URL", "").rstrip("/") or public_url,
        allowed_origins=_list(variables.get("HELPSAGE_ALLOWED_ORIGINS", "")),
        rasa_webchat=variables.get("HELPSAGE_RASA_WEBCHAT", "").lower() in ("1", "true", "yes"),
        desk_name=variables.get("HELPSAGE_DESK_NAME") or "Help Sage",
        version=variables.get("HELPSAGE_VERSION", ""),
        messages_per_minute=int(variables.get("HELPSAGE_MESSAGES_PER_MINUTE") or 60),
        message_burst=int(variables.get("HELPSAGE_MESSAGE_BURST") or 60),
        sessions_per_minute=int(variables.get("HELPSAGE_SESSIONS_PER_MINUTE") or 120),
        proxies=int(variables.get("HELPSAGE_PROXIES") or 0),
    )


@lru_cache(maxsize=1)
def current() -> Environment:
    """The settings of this process, read once."""
    return read(os.environ)


def _list(words: str) -> tuple[str, ...]:
    return tuple(word.strip().rstrip("/") for word in words.split(",") if word.strip())
