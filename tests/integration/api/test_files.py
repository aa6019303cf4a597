"""Files by programs: the same limits, the same safe serving, seen by the same people as on the pages."""

from __future__ import annotations

import pytest

from helpsage import settings
from helpsage.people.models import Role
from helpsage.tickets.models import Ticket
from tests.integration.api.conftest import Desk, Program

PAGE = ("bill.html", b"<!doctype html><script>alert(1)</script>", "text/html")


def sent(program: Program, name: str = "bill.txt", content: bytes = b"two payments") -> str:
    """An upload."""
    answer = program.post("/uploads", files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["upload"])


@pytest.fixture
def ticket(desk: Desk) -> Ticket:
    return desk.ticket(desk.account("asha@x.example"), "wires")


def test_a_file_goes_with_words_and_comes_back_as_it_was(
    desk: Desk, ada: Program, asha: Program, ticket: Ticket
) -> None:
    here = f"/tickets/{ticket.reference}"
    entry = ada.post(f"{here}/replies", json={"body": "See here.", "attachments": [sent(ada)]}).json()
    (file,) = asha.get(f"{here}/attachments").json()["items"]
    assert (file["entry"], file["name"], file["size"]) == (entry["id"], "bill.txt", 12)
    assert asha.get(f"/attachments/{file['id']}").json() == file
    got = asha.get(f"/attachments/{file['id']}/content", headers={"Accept": "text/plain"})
    assert (got.status_code, got.content) == (200, b"two payments")
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment;")
    assert got.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert got.headers["x-content-type-options"] == "nosniff"


def test_a_ticket_is_opened_with_files(desk: Desk, ada: Program, asha: Program) -> None:
    new = {"description": "The bank shows two payments.", "attachments": [sent(asha, "one.txt"), sent(asha, "two.txt")]}
    opened = asha.post("/tickets", json=new)
    assert opened.status_code == 201
    files = ada.get(f"/tickets/{opened.json()['reference']}/attachments").json()["items"]
    assert [(file["name"], file["entry"]) for file in files] == [("one.txt", None), ("two.txt", None)]


def test_files_of_notes_are_for_staff(desk: Desk, ada: Program, asha: Program, ticket: Ticket) -> None:
    here = f"/tickets/{ticket.reference}"
    ada.post(f"{here}/notes", json={"body": "Among us.", "attachments": [sent(ada)]})
    (file,) = ada.get(f"{here}/attachments").json()["items"]
    assert asha.get(f"{here}/attachments").json()["items"] == []
    elsewhere = desk.of("ravi@desk.example", Role.AGENT, "books")
    for program in (asha, elsewhere):
        assert program.get(f"/attachments/{file['id']}").status_code == 404
        assert program.get(f"/attachments/{file['id']}/content").status_code == 404


def test_what_is_not_taken_on_the_pages_is_not_taken_here(
    ada: Program, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for refused in (PAGE, ("photo.png", b"no picture"), ("empty.txt", b"")):
        answer = ada.post("/uploads", files={"file": refused})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "#/file"), refused
    monkeypatch.setattr(settings.get(), "attachment_max_mb", 1)
    assert ada.post("/uploads", files={"file": ("long.txt", b"x" * 1_000_001)}).status_code == 422
    assert ada.post("/uploads", files={"file": ("longer.txt", b"x" * 2_000_000)}).status_code == 413
    monkeypatch.setattr(settings.get(), "attachment_max_files", 1)
    two = [sent(ada), sent(ada)]
    refused = ada.post(f"/tickets/{ticket.reference}/notes", json={"body": "Two.", "attachments": two})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/attachments/1")
    assert ada.get(f"/tickets/{ticket.reference}/thread").json()["items"] == []


def test_nobody_keeps_files_here_without_a_token(desk: Desk) -> None:
    assert desk.program().post("/uploads", files={"file": ("one.txt", b"one")}).status_code == 401
    large = desk.program().post("/uploads", files={"file": ("one.txt", b"x" * 1_000_000)})
    assert large.status_code in (401, 413)


def test_an_upload_is_one_tokens_own(desk: Desk, ada: Program, asha: Program) -> None:
    refused = asha.post("/tickets", json={"description": "Mine?", "attachments": [sent(ada)]})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "#/attachments/0")


def test_the_same_upload_is_known_by_its_key_and_content(ada: Program) -> None:
    def send(content: bytes) -> object:
        return ada.post("/uploads", files={"file": ("one.txt", content)}, headers={"Idempotency-Key": "u1"}).json()

    first = send(b"one")
    assert send(b"one") == first
    assert send(b"another")["type"].endswith("#key-reused")  # type: ignore[index]
