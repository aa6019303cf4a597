"""The peer: django-helpdesk from PyPI, in an environment of its own under `var/bench`, on the same PostgreSQL."""

from __future__ import annotations

import base64
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg2

from bench.web.data import AGENTS, categories_and_teams
from bench.web.pages import Page, draw

PACKAGES = ("django-helpdesk==2.6.1", "psycopg2-binary==2.9.13", "gunicorn==27.0.1")
HERE = Path(__file__).parent
USER, PASSWORD = "bench", "correct horse battery staple"

#: Our tickets in the peer's columns: a queue for each category, its four states and its five priorities.
TICKETS = """
select number - 1000, array_position(%(categories)s::text[], category), subject, t.created_at, t.updated_at,
       p.email, case status when 'resolved' then 3 when 'closed' then 4 else 1 end, status = 'waiting', description, '',
       case priority when 'urgent' then 1 when 'high' then 2 when 'normal' then 3 else 4 end,
       a.n, md5(number::text)
from ticket t join person p on p.id = t.requester_id
left join (select id, 1 + row_number() over (order by email) as n from account) a on a.id = t.assignee_id
where number <= 1000 + %(total)s
"""
TICKET_COLUMNS = (
    "id, queue_id, title, created, modified, submitter_email, status, on_hold, description, resolution, priority, "
    "assigned_to_id, secret_key"
)
ENTRIES = """
select t.number - 1000, e.created_at, 'Comment', e.body, visibility = 'public',
       case author_kind when 'agent' then a.n end
from ticket_entry e join ticket t on t.id = e.ticket_id
left join (select id, 1 + row_number() over (order by email) as n from account) a on a.id = t.assignee_id
where number <= 1000 + %(total)s
"""
ENTRY_COLUMNS = "ticket_id, date, title, comment, public, user_id"
#: Its tables by its own migrations, its staff as many as ours.
PREPARE = """
import django; django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
call_command("migrate", verbosity=0)
User.objects.create_superuser({user!r}, "bench@bench.example", {password!r})
User.objects.bulk_create(
    User(username=f"agent{{n}}", email=f"agent{{n}}@bench.example", is_staff=True) for n in range({agents})
)
call_command("create_usersettings")
from helpdesk.models import Queue
for title in {categories!r}:
    Queue.objects.create(title=title, slug=title.replace("_", "-"), allow_public_submission=True)
"""


def environment(folder: Path, say: Callable[[str], None]) -> Path:
    """Its Python, with what it needs installed by pip."""
    python = folder / "peer" / "bin" / "python"
    marker = folder / "peer" / "installed"
    if not marker.exists() or marker.read_text() != "\n".join(PACKAGES):
        say("installing the peer")
        subprocess.run([sys.executable, "-m", "venv", str(folder / "peer")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        marker.write_text("\n".join(PACKAGES))
    return python


def variables(url: str) -> dict[str, str]:
    """What `peer_settings` reads."""
    parts = urlsplit(url)
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("HELPSAGE")},
        "PYTHONPATH": str(HERE),
        "DJANGO_SETTINGS_MODULE": "peer_settings",
        "PEER_HOST": parse_qs(parts.query)["host"][0],
        "PEER_DATABASE": parts.path.lstrip("/"),
    }


def fill(python: Path, ours: str, url: str, tickets: int) -> None:
    """Its tables by its own migrations, and our tickets with their threads, copied.

    Parameters:
        ours: address of our database, from which they come.
    """
    titles = list(categories_and_teams())
    code = PREPARE.format(user=USER, password=PASSWORD, agents=AGENTS, categories=titles)
    subprocess.run([str(python), "-c", code], env=variables(url), check=True)
    source, target = psycopg2.connect(ours), psycopg2.connect(url)
    with source, target, source.cursor() as asked, target.cursor() as given:
        known = {"categories": titles, "total": tickets}
        _copy(asked, given, asked.mogrify(TICKETS, known).decode(), f"helpdesk_ticket ({TICKET_COLUMNS})")
        _copy(asked, given, asked.mogrify(ENTRIES, known).decode(), f"helpdesk_followup ({ENTRY_COLUMNS})")
        given.execute("select setval(pg_get_serial_sequence('helpdesk_ticket', 'id'), %s)", (tickets,))
    source.close()
    target.close()


def _copy(source: Any, target: Any, rows: str, table: str) -> None:
    """What a query finds, into a table of another database."""
    with tempfile.TemporaryFile() as between:
        source.copy_expert(f"copy ({rows}) to stdout", between)
        between.seek(0)
        target.copy_expert(f"copy {table} from stdin", between)


def command(python: Path, port: int) -> list[str]:
    """One process with threads, as the web program is one."""
    return [
        str(python), "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()", "--bind", f"127.0.0.1:{port}",
        "--workers", "1", "--threads", "16", "--timeout", "180", "--log-level", "warning",
    ]  # fmt: skip


class Peer:
    """A logged-in member of its staff, who may see everything.

    Parameters:
        numbers: of our tickets, which have the same in the peer but for a thousand.
    """

    def __init__(self, address: str, numbers: Sequence[int]) -> None:
        self._client = httpx.Client(base_url=address, timeout=180, trust_env=False, follow_redirects=True)
        self._numbers = numbers

    def log_in(self) -> None:
        """Through its login page."""
        self._send("/login/", username=USER, password=PASSWORD)
        self._good(self._client.get("/tickets/"))

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def open(self, page: Page, number: int) -> None:
        """The same as a page of ours. A list is the page and the rows that its script then fetches.

        Raises:
            RuntimeError: it sent something else.
        """
        kind, _, value = page.peer.format(**draw(random.Random(number), self._numbers)).partition(":")
        if kind == "ticket":
            if f"ERR{value}." not in self._good(self._client.get(f"/tickets/{value}/")).text:
                raise RuntimeError("the peer sent another page than the ticket's")
            return
        query: dict[str, object] = {
            "filtering": {"status__in": [1, 2]}, "filtering_null": {}, "sorting": "created", "search_string": "",
            "sortreverse": True,
        }  # fmt: skip
        if kind == "filter":
            queue, priority = value.split(",")
            query["filtering"] = {"queue__id__in": [int(queue)], "priority__in": [int(priority)]}
        elif kind == "search":
            query |= {"search_string": value, "filtering": {}}
        coded = base64.b64encode(json.dumps(query).encode()).decode()
        self._good(self._client.get("/tickets/"))
        rows = self._good(
            self._client.get(f"/datatables_ticket_list/{coded}", params={"draw": 1, "length": 25, "start": 0})
        )
        if not rows.json()["data"] and kind != "search":  # among few tickets nothing may have two words
            raise RuntimeError("the peer sent no rows")

    def create(self, number: int) -> None:
        """A ticket, through its form."""
        answer = self._send(
            "/tickets/submit/", queue="1", title=f"New ticket {number}", body="It does not work", priority="3",
            submitter_email="someone@bench.example",
        )  # fmt: skip
        if "/submit" in answer.url.path:
            raise RuntimeError("the peer refused a new ticket")

    def _send(self, path: str, **values: str) -> httpx.Response:
        page = self._client.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        headers = {"Referer": str(page.url)}
        data = {**values, "csrfmiddlewaretoken": token[1] if token else ""}
        return self._good(self._client.post(path, data=data, headers=headers))

    def _good(self, answer: httpx.Response) -> httpx.Response:
        answer.raise_for_status()
        return answer
