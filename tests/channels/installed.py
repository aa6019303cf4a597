"""Chat applications of the tests, installed as the settings page does it."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

import psycopg2.errors
from cryptography.fernet import Fernet

from tests.channels.harness import CHANNELS_KEY

TABLES = "conversation, identity, person, channel_delivery, channel_error, channel_installation, outbox_event, tracker"
Query = Callable[..., list[dict[str, Any]]]


def sealed(text: str) -> str:
    """As helpsage/sealed.py does it with the key that the assistant was given."""
    return Fernet(base64.urlsafe_b64encode(bytes.fromhex(CHANNELS_KEY))).encrypt(text.encode()).decode()


def forget_all(query: Query) -> None:
    """Nothing was said or brought yet. The assistant goes on asking meanwhile, and may be in the way."""
    for _ in range(5):
        with contextlib.suppress(psycopg2.errors.DeadlockDetected):
            query(f"truncate {TABLES} cascade")
            return
    raise AssertionError("the tables could not be emptied")


def install(
    query: Query, kind: str, key: str, options: Mapping[str, str], secrets: Mapping[str, str], department: str = ""
) -> None:
    """Make this the only installation; running assistants hear of it."""
    installation = {
        "key": key,
        "kind": kind,
        "name": f"{kind} of the tests",
        "department": department,
        "enabled": True,
        "options": dict(options),
        "secrets": {name: sealed(secret) for name, secret in secrets.items()},
    }
    query(
        "insert into configuration (name, content) values ('channels', %s)"
        " on conflict (name) do update set content = excluded.content, version = configuration.version + 1",
        json.dumps({"installations": [installation]}),
    )


def mend(query: Query) -> None:
    """Let assistants look at the installations again, as the settings page does after a change of their state."""
    query("select pg_notify('configuration', '')")


def state_of(query: Query, key: str) -> str:
    """How an installation is."""
    found = query("select state from channel_installation where key = %s", key)
    return str(found[0]["state"]) if found else "working"


def speak(query: Query, sender_id: str, author: str, text: str, data: Mapping[str, Any], name: str = "") -> None:
    """Say something in a conversation, as the worker does."""
    query(
        "with numbered as (update conversation set last_seq = last_seq + 1 where sender_id = %s returning id, last_seq)"
        " insert into message (conversation_id, seq, author, author_name, text, data)"
        " select id, last_seq, %s, %s, %s, %s::jsonb from numbered",
        sender_id,
        author,
        name,
        text,
        json.dumps(data),
    )
