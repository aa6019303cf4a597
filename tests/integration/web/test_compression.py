"""Pages are sent small, and tell nobody anything by their size."""

from __future__ import annotations

import threading

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from helpsage.web.compression import Compression
from tests.integration.web.conftest import Desk
from tests.integration.web.visitor import Visitor

OURS = {"Sec-Fetch-Site": "same-origin"}
WORDS = "My fee payment failed. " * 200


def encoding(answer: httpx.Response) -> str:
    return answer.headers.get("content-encoding", "")


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_page_is_sent_compressed_and_not_cached_for_those_who_cannot_read_it(agent: Visitor, site: str) -> None:
    page = agent.get("/agent", headers={"Sec-Fetch-Site": site})
    assert (page.status_code, encoding(page)) == (200, "gzip")
    assert page.headers["vary"] == "Accept-Encoding"
    assert int(page.headers["content-length"]) < len(page.content) / 3
    plain = agent.get("/agent", headers={"Sec-Fetch-Site": site, "Accept-Encoding": "identity"})
    assert (encoding(plain), "</html>" in plain.text) == ("", True)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_makes_a_browser_ask_for_has_its_full_length(agent: Visitor, site: str) -> None:
    """BREACH needs requests of another site's choice, answered compressed."""
    page = agent.get("/agent?q=guess", headers={"Sec-Fetch-Site": site})
    assert (page.status_code, encoding(page)) == (200, "")


@pytest.mark.parametrize("path", ["/chat.js", "/static/leaf.svg"])
def test_files_for_everyone_are_compressed_wherever_they_are_asked_for(visitor: Visitor, path: str) -> None:
    answer = visitor.get(path, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert encoding(answer) == ("gzip" if len(answer.content) >= 1_000 else "")


def test_an_error_page_is_compressed_and_keeps_its_id(visitor: Visitor) -> None:
    page = visitor.get("/nowhere", headers=OURS)
    assert (page.status_code, encoding(page)) == (404, "gzip")
    assert page.headers["x-request-id"] in page.text


@pytest.mark.parametrize(
    ("https", "cookie", "expected"),
    [(True, "helpsage_session=x", ""), (True, "", "gzip"), (False, "helpsage_session=x", "gzip")],
)
def test_a_browser_that_does_not_say_on_whose_behalf_it_asks(https: bool, cookie: str, expected: str) -> None:
    """Over TLS a login is the reason to be careful; without it the network reads every word anyway."""
    with client(https) as browser:
        answer = browser.get("/words", headers={"Cookie": cookie} if cookie else {})
    assert encoding(answer) == expected


def client(https: bool) -> TestClient:
    """A browser before a small program behind the middleware."""

    async def words(request: Request) -> Response:
        return PlainTextResponse(WORDS)

    app = Starlette(routes=[Route("/words", words)])
    app.add_middleware(Compression, https=https)
    return TestClient(app)


def test_live_changes_reach_a_browser_that_reads_gzip(agent: Visitor, desk: Desk) -> None:
    with agent.stream("GET", "/agent/live", headers=OURS) as answer:
        assert encoding(answer) == ""
        lines = answer.iter_lines()
        assert any(line.startswith("event: ready") for line in lines)
        threading.Thread(target=desk.ticket).start()
        assert any(line.startswith("event: changed") for line in lines)


def test_the_token_of_forms_never_looks_the_same_twice_and_every_one_of_them_counts(agent: Visitor) -> None:
    """What stands in every answer could be guessed from how well it compresses."""
    tokens = [agent.form(agent.get("/account"), "/account/name").values["csrf"] for _ in range(3)]
    assert len({token[at : at + 8] for token in tokens for at in range(0, len(token), 8)}) == 3 * len(tokens[0]) / 8
    for token in tokens:
        assert agent.post("/account/name", data={"name": "Priya", "csrf": token}).status_code == 200


@pytest.mark.parametrize("spoilt", ["", "0", "zz" * 64, "00" * 64, "00" * 63, "ü" * 128])
def test_a_token_that_was_tampered_with_is_refused(agent: Visitor, spoilt: str) -> None:
    assert agent.post("/account/name", data={"name": "Priya", "csrf": spoilt}).status_code == 403
