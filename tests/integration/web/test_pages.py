"""What every answer has: safe headers, plain words when something fails, and the pages for everyone."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import Engine
from sqlalchemy import text as sql
from starlette.requests import Request

from helpsage import settings
from helpsage.web import errors, words
from helpsage.web.guard import LARGEST_BODY
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor


@pytest.mark.parametrize(
    "path", ["/", "/chat", "/chat.js", "/login", "/healthz", "/nowhere", "/agent", "/static/leaf.svg"]
)
def test_safe_headers_are_on_everything(visitor: Visitor, path: str) -> None:
    headers = visitor.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert settings.get().chat_url in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-request-id"]


@pytest.mark.parametrize("path", ["/", "/chat", "/login", "/nowhere"])
def test_no_page_needs_an_inline_script_or_style(visitor: Visitor, path: str) -> None:
    html = visitor.get(path).text
    assert " style=" not in html
    assert "<style" not in html
    assert " on" not in "".join(part.split(">")[0] for part in html.split("<script")[1:]), "no handlers in script tags"
    assert all(part.split(">")[1].startswith("</script") for part in html.split("<script")[1:])


def test_personal_pages_are_never_kept(agent: Visitor) -> None:
    assert agent.get("/agent").headers["cache-control"] == "no-store"


def test_the_chat_script_carries_this_desks_address_and_may_be_used_elsewhere(visitor: Visitor) -> None:
    script = visitor.get("/chat.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert script.headers["cross-origin-resource-policy"] == "cross-origin"
    assert json.dumps(settings.get().chat_url) in script.text
    unchanged = visitor.get("/chat.js", headers={"If-None-Match": script.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")


def test_an_unknown_page_has_an_id_to_report(visitor: Visitor) -> None:
    page = visitor.get("/nowhere")
    assert page.status_code == 404
    assert page.headers["x-request-id"] in page.text


def test_a_wrong_method_is_a_page_too(visitor: Visitor) -> None:
    page = visitor.delete("/login")
    assert page.status_code == 405
    assert "<h1>" in page.text


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_cut_off(visitor: Visitor, chunked: bool) -> None:
    body = b"email=" + b"x" * LARGEST_BODY
    content = (body[i : i + 65536] for i in range(0, len(body), 65536)) if chunked else body
    page = visitor.post("/login", content=content, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert page.status_code == 413


def test_a_form_that_lacks_its_fields_is_refused(agent: Visitor, desk: Desk) -> None:
    ticket = desk.ticket()
    form = agent.form(agent.get(f"/agent/tickets/{ticket.reference}"), f"/agent/tickets/{ticket.reference}/reply")
    del form.values["version"]
    assert agent.submit(form, body="words").status_code == 400


def test_a_failure_inside_shows_a_number_and_nothing_else(agent: Visitor, database: Engine) -> None:
    with database.begin() as connection:
        connection.execute(sql("alter table ticket rename to ticket_away"))
    try:
        page = agent.get("/agent")
    finally:
        with database.begin() as connection:
            connection.execute(sql("alter table ticket_away rename to ticket"))
    assert page.status_code == 503
    assert page.headers["x-request-id"] in page.text
    assert "ticket_away" not in page.text
    assert "psycopg" not in page.text
    assert page.headers["content-security-policy"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429])
def test_no_refusal_is_told_as_a_failure_of_ours(status: int) -> None:
    """What a person can do about it differs."""
    ours = words.ERRORS["500"]
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "state": {}})
    request.state.request_id = "0123456789abcdef"
    page = errors.page(request, status)
    assert page.status_code == status
    assert ours[0] not in bytes(page.body).decode()
    assert "0123456789abcdef" in bytes(page.body).decode()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_failure_of_ours_is_not_told_as_the_persons(status: int) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "state": {}})
    request.state.request_id = "0123456789abcdef"
    assert words.ERRORS["400"][0] not in bytes(errors.page(request, status).body).decode()
