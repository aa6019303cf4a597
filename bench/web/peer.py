"""The peer: django-helpdesk from PyPI, in an environment of its own under `var/bench`, on the same PostgreSQL."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import psycopg2

from bench.web.data import PLACES, THINGS, TROUBLES

PACKAGES = ("django-helpdesk==2.6.1", "psycopg2-binary==2.9.13", "gunicorn==27.0.1")
HERE = Path(__file__).parent
USER, PASSWORD = "bench", "correct horse battery staple"
QUEUES = 12

#: The same words, dates and shares as `data.TICKETS`, in the peer's own columns.
TICKETS = """
insert into helpdesk_ticket (id, title, created, modified, submitter_email, status, on_hold, description, resolution,
                             priority, queue_id, assigned_to_id, secret_key)
select n, thing || ' ' || trouble || ' in the ' || place, opened, opened + interval '1 hour',
       'person' || n %% 50000 || '@bench.example', case when done then 4 else 1 end, false,
       'The ' || thing || ' in the ' || place || ' ' || trouble || ' since this morning. Code ERR' || n ||
         '. I tried it twice, and my colleague in the ' || place || ' sees the same.',
       '', 1 + (random() * 5)::int %% 5, 1 + (random() * %(queues)s)::int %% %(queues)s, 1, md5(n::text)
from (
  select n, now() - make_interval(secs => (%(total)s - n)::double precision / %(total)s * 364 * 86400) as opened,
         random() < case when n > %(total)s * 0.97 then 0.2 else 0.995 end as done,
         (%(things)s::text[])[1 + (random() * 29.99)::int %% 30] as thing,
         (%(troubles)s::text[])[1 + (random() * 19.99)::int %% 20] as trouble,
         (%(places)s::text[])[1 + (random() * 11.99)::int %% 12] as place
  from generate_series(1, %(total)s) n
) made
"""
FOLLOW_UPS = """
insert into helpdesk_followup (date, title, comment, public, ticket_id, user_id, message_id)
select created, 'Comment', body, true, id, 1, ''
from helpdesk_ticket, (values ('Thank you, I am looking into it and will be back soon.'),
                              ('It happened again after the restart, the same message as before.')) said(body)
"""
PREPARE = """
import django; django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
call_command("migrate", verbosity=0)
User.objects.create_superuser({user!r}, "bench@bench.example", {password!r})
from helpdesk.models import Queue
for n in range({queues}):
    Queue.objects.create(title=f"Queue {{n}}", slug=f"queue{{n}}", allow_public_submission=True)
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


def fill(python: Path, url: str, tickets: int) -> None:
    """Its tables by its own migrations, and as many tickets and follow-ups as ours."""
    code = PREPARE.format(user=USER, password=PASSWORD, queues=QUEUES)
    subprocess.run([str(python), "-c", code], env=variables(url), check=True)
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("select setseed(0.42)")
        known = {"total": tickets, "queues": QUEUES, "things": THINGS, "troubles": TROUBLES, "places": PLACES}
        cursor.execute(TICKETS, known)
        cursor.execute("select setval(pg_get_serial_sequence('helpdesk_ticket', 'id'), %s)", (tickets,))
        cursor.execute(FOLLOW_UPS, {})
    connection.close()


def command(python: Path, port: int) -> list[str]:
    """One process with threads, as the web program is one."""
    return [
        str(python), "-m", "gunicorn", "django.core.wsgi:get_wsgi_application()", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "--threads", "16", "--timeout", "180", "--log-level", "warning",
    ]  # fmt: skip


class Peer:
    """A logged-in member of its staff."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=180, trust_env=False, follow_redirects=True)

    def log_in(self) -> None:
        """Through its login page."""
        self._send("/login/", username=USER, password=PASSWORD)
        self._good(self._client.get("/tickets/"))

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def open(self, what: str) -> None:
        """One of `pages.PEER_PAGES`. A list is the page and the rows that its script then fetches."""
        kind, _, value = what.partition(":")
        if kind == "ticket":
            self._good(self._client.get(f"/tickets/{value}/"))
            return
        query: dict[str, object] = {
            "filtering": {"status__in": [1, 2]}, "filtering_null": {}, "sorting": "created", "search_string": "",
            "sortreverse": True,
        }  # fmt: skip
        if kind == "filter":
            query["filtering"] = {"priority__in": [int(value)], "queue__id__in": [1]}
        elif kind == "search":
            query |= {"search_string": value, "filtering": {}}
        coded = base64.b64encode(json.dumps(query).encode()).decode()
        self._good(self._client.get("/tickets/"))
        rows = self._good(
            self._client.get(f"/datatables_ticket_list/{coded}", params={"draw": 1, "length": 25, "start": 0})
        )
        if "data" not in rows.json():
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
