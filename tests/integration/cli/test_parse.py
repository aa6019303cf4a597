"""`./sage parse` as a script would use it."""

from __future__ import annotations

import json
import subprocess
import sys

from helpsage import settings


def sage(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpsage.cli", *arguments],
        input=given, cwd=settings.ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def test_each_line_of_a_file_becomes_one_json_object() -> None:
    said = ["my fee payment of 450 rupees failed yesterday", "", "how do i connect to eduroam"]
    finished = sage("parse", "--file", "-", "--json", given="\n".join(said))
    assert finished.returncode == 0, finished.stderr
    found = [json.loads(line) for line in finished.stdout.splitlines()]
    assert [one["text"] for one in found] == [said[0], said[2]]
    assert [one["intent"] for one in found] == ["payment_failure", "faq/connect_wifi"]
    assert {"entity": "amount", "value": "450", "start": 18, "end": 21} in found[0]["entities"]
    assert found[0]["ranking"][0]["intent"] == "payment_failure"
    assert 0 < found[0]["confidence"] <= 1


def test_a_file_that_is_not_there_is_named() -> None:
    finished = sage("parse", "--file", "nowhere.txt")
    assert finished.returncode == 2
    assert "no such file: nowhere.txt" in finished.stderr
