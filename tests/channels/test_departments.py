"""A department's own chat: it begins with its key, on its pages, and its conversations belong to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import socketio

from tests.channels.harness import Assistant

pytestmark = [pytest.mark.rasa, pytest.mark.xdist_group("channels")]

KEY = "student-desk-key"
ITS_PAGE = "https://students.example"

Query = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def department(query: Query) -> str:
    """A department with a chat, and one page that may embed it."""
    query("delete from department where widget_key = %s and archived_at is not null", KEY)
    query(
        """insert into department (id, key, name, brand_name, widget_key, allowed_origins)
           values (%s, 'students', 'Student Office', 'Ask us', %s, %s) on conflict do nothing""",
        str(uuid4()), KEY, [ITS_PAGE],
    )  # fmt: skip
    query("update department set archived_at = null where widget_key = %s", KEY)
    return str(query("select id::text from department where widget_key = %s", KEY)[0]["id"])


def begin(assistant: Assistant, desk: object = None, origin: str | None = None) -> httpx.Response:
    headers = {"Origin": origin} if origin else {}
    body = {"token": None, "page": "x", "desk": desk}
    return httpx.post(f"{assistant.url}/webhooks/webchat/session", json=body, headers=headers)


async def connected(assistant: Assistant, token: str, origin: str) -> bool:
    client = socketio.AsyncClient(reconnection=False)
    try:
        await client.connect(assistant.url, headers={"Origin": origin}, auth={"token": token}, transports=["websocket"])
    except socketio.exceptions.ConnectionError:
        return False
    finally:
        await client.disconnect()
    return True


def belongs_to(query: Query, answer: httpx.Response) -> str | None:
    asked = "select department_id::text from conversation where id = %s"
    found: str | None = query(asked, answer.json()["conversation"])[0]["department_id"]
    return found


def test_a_conversation_belongs_to_the_department_whose_key_it_began_with(
    assistant: Assistant, department: str, query: Query
) -> None:
    answer = begin(assistant, KEY)
    assert answer.json()["desk"] == "Ask us"
    assert belongs_to(query, answer) == department


@pytest.mark.parametrize("desk", [None, "", "unknown", 7, ["x"], "x" * 100, "a\x00b", "' or 1=1 --"])
def test_any_other_key_is_like_none(assistant: Assistant, department: str, query: Query, desk: object) -> None:
    answer = begin(assistant, desk)
    assert (answer.status_code, answer.json()["desk"]) == (200, "Tiny Desk")
    assert belongs_to(query, answer) is None


async def test_its_pages_may_embed_its_chat_and_no_other(assistant: Assistant, department: str) -> None:
    allowed = begin(assistant, KEY, ITS_PAGE)
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == ITS_PAGE
    assert begin(assistant, None, ITS_PAGE).status_code == 403
    assert begin(assistant, KEY, "https://evil.example").status_code == 403
    assert await connected(assistant, allowed.json()["token"], ITS_PAGE)
    assert not await connected(assistant, allowed.json()["token"], "https://evil.example")
    assert not await connected(assistant, begin(assistant).json()["token"], ITS_PAGE)


async def test_an_archived_departments_pages_may_no_more(assistant: Assistant, department: str, query: Query) -> None:
    token = begin(assistant, KEY, ITS_PAGE).json()["token"]
    query("update department set archived_at = now() where id = %s", department)
    assert begin(assistant, KEY, ITS_PAGE).status_code == 403
    assert not await connected(assistant, token, ITS_PAGE)
