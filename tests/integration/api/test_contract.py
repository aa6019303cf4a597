"""The interface is what its description says: asked by a tester of its own making, and by a client made of it."""

from __future__ import annotations

import importlib
import io
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from helpsage import settings
from helpsage.people.models import Role
from tests.integration.api.conftest import Desk

#: What cannot be said in a schema (there is no such team, it has changed meanwhile) is refused, too.
CONFIGURATION = """
[parameters]
"path.reference" = {references}
"path.other" = {references}
"path.attachment_id" = ["{attachment}"]
"path.submission_id" = 1
"path.key" = ["double_charge", "no_such_category"]

[checks]
positive_data_acceptance.expected-statuses = ["2xx", "304", "401", "403", "404", "409", "412", "422"]
missing_required_header.expected-statuses = ["400", "401", "403", "422", "428"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "415", "422", "428"]
"""


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of hosts that the tester makes up are not looked up."""
    known = socket.getaddrinfo

    def looked_up(host: Any, *more: Any, **named: Any) -> Any:
        if host in ("127.0.0.1", "localhost", None):
            return known(host, *more, **named)
        raise socket.gaierror(socket.EAI_NONAME, "nothing goes by this name")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)


@pytest.mark.timeout(400)  # half a minute on a machine that does nothing else
@pytest.mark.usefixtures("nowhere")
def test_schemathesis_finds_nothing(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings.get(), "api_requests_a_minute", 1_000_000)
    token = desk.token(desk.account("ada@desk.example", Role.ADMINISTRATOR))
    references = [desk.ticket().reference for _ in range(3)]
    configuration = tmp_path / "schemathesis.toml"
    ada = desk.program(token)
    upload = ada.post("/uploads", files={"file": ("one.txt", b"one")}).json()["upload"]
    ada.post(f"/tickets/{references[0]}/notes", json={"body": "See here.", "attachments": [upload]})
    (attached,) = ada.get(f"/tickets/{references[0]}/attachments").json()["items"]
    found = {"references": [*references, "HS-999999"], "attachment": attached["id"]}
    configuration.write_text(CONFIGURATION.format(**found))
    asked = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(configuration), "run",
        f"{desk.url}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}", "--seed", "20260",
        "--max-examples", "2", "--phases", "examples,coverage,fuzzing,stateful", "--no-shrink", "--warnings", "off",
    ]  # fmt: skip
    ran = subprocess.run(asked, capture_output=True, text=True, timeout=360, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout[-8_000:] + ran.stderr[-2_000:]


@pytest.fixture
def client(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A typed client, generated from the running program's own description."""
    document = tmp_path / "openapi.json"
    document.write_text(desk.program().get("/openapi.json").text)
    # The formatter that the generator would run over its output is none of our business.
    (tmp_path / "config.yml").write_text("package_name_override: desk_client\npost_hooks: []\n")
    generate = [
        sys.executable, "-m", "openapi_python_client", "generate", "--path", str(document), "--config",
        str(tmp_path / "config.yml"), "--output-path", str(tmp_path / "made"), "--meta", "none", "--fail-on-warning",
    ]  # fmt: skip
    made = subprocess.run(generate, capture_output=True, text=True, timeout=120)
    assert made.returncode == 0, made.stdout + made.stderr
    (tmp_path / "made").rename(tmp_path / "desk_client")
    monkeypatch.syspath_prepend(str(tmp_path))
    return importlib.import_module("desk_client")


def test_every_operation_has_examples_and_names_its_scope(desk: Desk) -> None:
    paths = desk.program().get("/openapi.json").json()["paths"]
    for path, operations in paths.items():
        for method, given in operations.items():
            here = f"{method} {path}"
            assert "Scope: `" in given["description"] or path == "/api/v1/me", here
            sent = given.get("requestBody", {}).get("content", {}).get("application/json")
            answered = [
                one["content"]["application/json"]
                for status, one in given["responses"].items()
                if status < "300" and "application/json" in one.get("content", {})
            ]
            assert all(content["example"] for content in answered), here
            assert sent is None or sent["example"] is not None, here
            keyed = [one for one in given.get("parameters", []) if one["name"] == "Idempotency-Key"]
            assert bool(keyed) == (method == "post"), here
            if method == "patch":
                assert [one["required"] for one in given["parameters"] if one["name"] == "If-Match"] == [True], here


def test_a_generated_client_works_a_ticket_from_the_beginning_to_the_end(desk: Desk, client: ModuleType) -> None:
    api = {
        name: importlib.import_module(f"desk_client.api.{name}")
        for name in (
            "tickets.open_ticket", "tickets.get_ticket", "tickets.change_ticket", "tickets.list_tickets",
            "thread.reply", "thread.list_entries", "attachments.upload_file", "attachments.list_attachments",
            "attachments.download_attachment", "merging.merge_ticket",
        )
    }  # fmt: skip
    models, files = (importlib.import_module(f"desk_client.{name}") for name in ("models", "types"))
    token = desk.token(desk.account("ada@desk.example", Role.ADMINISTRATOR))
    with client.AuthenticatedClient(desk.url, token, timeout=20) as connected:
        asker = models.Requester(name="Asha Patel", email="asha@x.example")
        new = models.NewTicket(description="The bank shows two payments.", requester=asker, tags=["fees"])
        opened = api["tickets.open_ticket"].sync_detailed(client=connected, body=new, idempotency_key="from-the-client")
        assert opened.status_code == 201
        reference = opened.parsed.reference
        file = models.BodyUploadFile(file=files.File(io.BytesIO(b"returned"), "returned.txt", "text/plain"))
        upload = api["attachments.upload_file"].sync(client=connected, body=file).upload
        words = models.Reply("We have returned one of them.", models.Status.RESOLVED, attachments=[upload])
        api["thread.reply"].sync(reference, client=connected, body=words)
        read = api["tickets.get_ticket"].sync_detailed(reference, client=connected)
        assert (read.parsed.status, read.parsed.requester.name) == ("resolved", "Asha Patel")
        changed = api["tickets.change_ticket"].sync(
            reference,
            client=connected,
            body=models.TicketChange(status=models.Status.CLOSED),
            if_match=read.headers["etag"],
        )
        assert (changed.status, changed.version) == ("closed", read.parsed.version + 1)
        thread = api["thread.list_entries"].sync(reference, client=connected)
        assert [entry.body for entry in thread.items] == ["We have returned one of them."]
        (attached,) = api["attachments.list_attachments"].sync(reference, client=connected).items
        got = api["attachments.download_attachment"].sync(attached.id, client=connected)
        assert (attached.name, got.payload.read()) == ("returned.txt", b"returned")
        page = api["tickets.list_tickets"].sync(client=connected, status=[models.Status.CLOSED])
        assert [one.reference for one in page.items] == [reference]
        again = api["tickets.open_ticket"].sync(client=connected, body=new, idempotency_key="once-more").reference
        merge = models.Merge(into=reference)
        assert api["merging.merge_ticket"].sync(again, client=connected, body=merge).reference == reference
