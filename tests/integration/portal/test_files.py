"""Attached files over HTTP: only for those who may, never run, never drawn as they came."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from PIL import Image

from helpsage.people.models import Role
from helpsage.tickets.models import Ticket
from tests.integration.attachments.conftest import picture
from tests.integration.portal.conftest import Browser, Desk, without_numbers

PAYLOAD = b"<script>alert(document.domain)</script>"


def attach(asha: Browser, ticket: Ticket, name: str, content: bytes) -> tuple[str, httpx.Response]:
    """The address of a file that was just sent, and the page that shows it."""
    page = asha.send_files(asha.ticket_form(ticket, "reply"), [(name, content)], body="Look.")
    assert page.status_code == 200, page.text
    return re.findall(r'class="file-name" href="([^"]*)" download', page.text)[-1], page


def test_a_file_is_downloaded_and_can_do_nothing(asha: Browser, desk: Desk) -> None:
    address, _ = attach(asha, desk.ticket(asha), "page.txt", PAYLOAD)
    answer = asha.get(address)
    assert answer.content == PAYLOAD
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["content-disposition"].startswith('attachment; filename="page.txt"')
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cache-control"].startswith("private")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_picture_is_shown_as_our_own_drawing(asha: Browser, desk: Desk) -> None:
    content = picture("PNG", (2000, 1000)) + PAYLOAD
    address, page = attach(asha, desk.ticket(asha), "photo.png", content)
    assert f'src="{address}?show=thumbnail"' in page.text
    for show, side in (("thumbnail", 320), ("preview", 1600)):
        answer = asha.get(address, params={"show": show})
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["content-disposition"].startswith("inline;")
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert PAYLOAD not in answer.content
        assert max(Image.open(io.BytesIO(answer.content)).size) == side
    original = asha.get(address)
    assert original.content == content
    assert original.headers["content-disposition"].startswith("attachment;")


def test_what_is_no_picture_has_no_drawing(asha: Browser, desk: Desk) -> None:
    address, _ = attach(asha, desk.ticket(asha), "page.txt", PAYLOAD)
    answer = asha.get(address, params={"show": "preview"})
    assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../../etc/passwd.txt", "passwd.txt"),
        ("CON.txt", "_CON.txt"),
        ("photo\u202etxt.exe.txt", "phototxt.exe.txt"),
        ("<img src=x onerror=alert(1)>.txt", "_img src=x onerror=alert(1)_.txt"),
        ("résumé नमस्ते #1?.txt", "résumé नमस्ते #1_.txt"),
        ("x" * 296 + ".txt", "x" * 116 + ".txt"),
    ],
)
def test_hostile_names_are_harmless_in_page_address_and_header(
    asha: Browser, desk: Desk, name: str, shown: str
) -> None:
    address, page = attach(asha, desk.ticket(asha), name, b"words")
    assert f"<bdi>{shown}</bdi>" in page.text
    assert "<img src=x" not in page.text
    answer = asha.get(address)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].count('"') == 2
    assert answer.headers["content-disposition"].isascii()


def test_others_cannot_tell_whether_it_is_there(
    asha: Browser, mallory: Browser, desk: Desk, enter: Callable[..., Browser]
) -> None:
    address, _ = attach(asha, desk.ticket(asha), "page.txt", PAYLOAD)
    unknown = f"/attachments/{uuid4()}/page.txt"
    for wrong in (unknown, "/attachments/nonsense/page.txt", "/attachments/%00/page.txt"):
        assert mallory.get(wrong).status_code == 404
    theirs = mallory.get(address)
    assert theirs.status_code == 404
    assert without_numbers(theirs) == without_numbers(mallory.get(unknown))
    assert enter("root@uni.example", "Root", Role.ADMINISTRATOR).get(address).content == PAYLOAD
    asha.cookies.clear()
    assert asha.get(address, follow_redirects=False).status_code == 303


def test_a_body_of_files_is_limited_and_needs_a_login(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    form = asha.ticket_form(ticket, "reply")
    page = asha.send_files(form, [("big.txt", b"a" * 10_000_001)], body="Look.")
    assert page.status_code == 422
    assert "larger than 10 MB" in page.text
    assert "Look." in page.text
    asha.cookies.clear()
    assert asha.send_files(form, [("big.txt", b"a" * 1_000_000)], body="Look.").status_code == 413
    assert desk.words(ticket) == []


def test_more_files_than_a_message_has_are_said_by_name(asha: Browser, desk: Desk) -> None:
    ticket = desk.ticket(asha)
    sent = [(f"{number}.txt", b"words %d" % number) for number in range(12)]
    page = asha.send_files(asha.ticket_form(ticket, "reply"), sent, body="Look.")
    assert page.status_code == 422
    assert "“10.txt” is one file too many" in page.text
