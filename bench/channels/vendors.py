"""Slack, Teams and Telegram on loopback, in a process of their own: they bring messages and note when they are called.

Speaks JSON, one line an answer: `plan` (signed requests for the generator of load), `calls` (what arrived since it was
asked last). Times are of CLOCK_MONOTONIC, which all processes of a machine share.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from helpsage.settings import ROOT
from tests.vendors import slack, teams, telegram
from tests.vendors.loopback import Asked, Loopback

KINDS = ("slack", "teams", "telegram")
JSON = "application/json"


@dataclass(frozen=True)
class Call:
    """Somebody was told something.

    Attributes:
        at: seconds, when the request was read.
        where: the conversation, as the vendor calls it.
    """

    at: float
    kind: str
    where: str
    text: str


@dataclass(frozen=True)
class Message:
    """A request of a vendor's, ready to be sent.

    Attributes:
        where: the conversation in which it is to be answered.
    """

    kind: str
    where: str
    url: str
    headers: dict[str, str]
    body: str


class Vendors:
    """The three servers, and what the people in their conversations say."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self.slack = slack.Slack()
        self.teams = teams.Teams(teams.TENANT)
        self.telegram = telegram.Telegram()
        for server in (self.slack, self.teams, self.telegram):
            server.trouble = self._note
            self._shorten(server)

    def _shorten(self, server: Loopback) -> None:
        """Nobody looks at what was asked afterwards."""
        server.asked = _Nothing()

    def _note(self, asked: Asked) -> None:
        at = time.monotonic()
        found = _called(asked)
        if found is not None:
            self._calls.append(Call(at, *found))

    def addresses(self) -> dict[str, dict[str, str]]:
        """What installations have to know."""
        return {
            "slack": {"url": f"{self.slack.url}/api"},
            "teams": {
                "app_id": teams.APP,
                "tenant": teams.TENANT,
                "login_url": self.teams.url,
                "metadata_url": self.teams.metadata_url,
            },
            "telegram": {"url": self.telegram.url, "mode": "webhook"},
        }

    def plan(self, kind: str, url: str, said: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
        """What each of these people (a number, and their words) sends to `url`."""
        make: Callable[[str, int, str], Message] = getattr(self, f"_from_{kind}")
        return [asdict(make(url, person, text)) for person, text in said]

    def calls(self) -> list[dict[str, Any]]:
        """What arrived since this was asked last."""
        found, self._calls = self._calls, []
        return [asdict(each) for each in found]

    def _from_slack(self, url: str, person: int, text: str) -> Message:
        user, channel = f"U0P{person}", f"D0P{person}"
        self.slack.channels.setdefault(channel, [])
        workspace = slack.Workspace(url)
        event = workspace.written(text, user, channel, channel_type="im")
        body = json.dumps(workspace.envelope(event, f"Ev{person}-{time.monotonic_ns()}"))
        return Message("slack", channel, url, workspace.signed(body.encode(), JSON), body)

    def _from_teams(self, url: str, person: int, text: str) -> Message:
        conversation = {"conversationType": "personal", "id": f"a:p{person}", "tenantId": teams.TENANT}
        activity = self.teams.message(text, conversation=conversation)
        activity["from"] = {"id": f"29:p{person}", "name": f"Person {person}", "aadObjectId": f"{person:08x}-aaaa"}
        headers = {"Content-Type": JSON, "Authorization": self._teams_token()}
        return Message("teams", f"a:p{person}", url, headers, json.dumps(activity))

    def _teams_token(self) -> str:
        """The connector uses one for many requests, as long as it is good."""
        if not hasattr(self, "_token"):
            self._token = self.teams.authorization()
        return self._token

    def _from_telegram(self, url: str, person: int, text: str) -> Message:
        who = {"id": 100_000 + person, "is_bot": False, "first_name": f"Person {person}", "language_code": "en"}
        headers = {"Content-Type": JSON, "X-Telegram-Bot-Api-Secret-Token": telegram.SECRET}
        return Message("telegram", str(who["id"]), url, headers, json.dumps(self.telegram.message(text, by=who)))


class _Nothing(list[Asked]):
    """Keeps nothing."""

    def append(self, _: Asked) -> None:
        """Forget it."""


def _called(asked: Asked) -> tuple[str, str, str] | None:
    """Kind, conversation and words of a call that says something; None for any other."""
    parts = asked.path.strip("/").split("/")
    if parts[-1] == "chat.postMessage":
        given = asked.json or asked.form
        return "slack", str(given["channel"]), str(given.get("text", ""))
    if parts[-1] == "sendMessage":
        return "telegram", str(asked.json["chat_id"]), str(asked.json["text"])
    if parts[0] == "amer" and asked.method == "POST" and asked.json.get("type") == "message":
        return "teams", parts[3].replace("%3A", ":"), str(asked.json.get("text", ""))
    return None


class Remote:
    """The vendors, from another process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.addresses: dict[str, dict[str, str]] = self._answer()

    def plan(self, kind: str, url: str, said: Sequence[tuple[int, str]]) -> list[dict[str, Any]]:
        """See `Vendors.plan`."""
        return self._ask("plan", kind=kind, url=url, said=said)

    def calls(self) -> list[Call]:
        """See `Vendors.calls`."""
        return [Call(**each) for each in self._ask("calls")]

    def _ask(self, what: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([what, arguments]) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the vendors' process has ended")
        return json.loads(line)


@contextmanager
def running() -> Iterator[Remote]:
    """The vendors, in a process of their own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.channels.vendors"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield Remote(process)
    finally:
        process.terminate()
        process.wait(10)


def main() -> None:
    """Answer what is asked, line by line, until nobody asks any more."""
    vendors = Vendors()
    _say(vendors.addresses())
    for line in sys.stdin:
        what, arguments = json.loads(line)
        _say(getattr(vendors, what)(**arguments))


def _say(answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
