"""A Todoist on loopback: the part of its API v1 that boards use, in the wire format of developer.todoist.com/api/v1.

It keeps projects, sections, tasks and comments, answers with their JSON, and tells by `sync` what changed since
a token. People at the board are played by its methods.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"
AT = "2026-11-20T09:00:00.000000Z"
ME = {"id": "u1", "email": "bot@desk.example", "full_name": "Desk robot"}

Answer = tuple[int, dict[str, str], bytes]


class Todoist:
    """The server. `trouble` stands before every answer: it may give another one instead."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.numbers = itertools.count(1)
        self.projects = {"p1": "Help desk", "p2": "Elsewhere"}
        self.sections: dict[str, dict[str, Any]] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.notes: dict[str, dict[str, Any]] = {}
        self.people = [{"id": "u2", "email": "priya@desk.example", "full_name": "Priya Raman"}]
        self.calls: list[tuple[str, str]] = []
        self.trouble: Callable[[str, str], Answer | None] = lambda method, path: None
        #: After the work is done, before it is said: the other side does not hear of it.
        self.deaf: Callable[[str, str], bool] = lambda method, path: False
        self._sequence = 0
        self._forgotten_before = 0
        self._requests: dict[str, Answer] = {}
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._serve(self)

            do_POST = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A client that went away is part of some tests."""

        self._http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    # --- people at the board

    def task(self, reference: str) -> dict[str, Any]:
        """The task of a ticket."""
        [found] = [task for task in self.tasks.values() if task["content"].startswith(f"{reference}: ")]
        return found

    def section_of(self, task: dict[str, Any]) -> str:
        """The name of the section in which it stands."""
        return str(self.sections[task["section_id"]]["name"])

    def move(self, task: dict[str, Any], section: str) -> None:
        """Into another section, by name."""
        [there] = [each["id"] for each in self.sections.values() if each["name"] == section]
        self._changed(task, section_id=there)

    def check(self, task: dict[str, Any], checked: bool = True) -> None:
        """Completed, or not after all."""
        self._changed(task, checked=checked, completed_at=AT if checked else None)

    def delete(self, task: dict[str, Any]) -> None:
        """Gone."""
        self._changed(task, is_deleted=True)

    def take_away(self, task: dict[str, Any], project: str = "p2") -> None:
        """Into another project."""
        self._changed(task, project_id=project)

    def say(self, task: dict[str, Any], text: str, by: str = "u2") -> dict[str, Any]:
        """A comment."""
        return self._note(task["id"], text, by)

    def comments(self, task: dict[str, Any]) -> list[str]:
        """What stands below a task, in order."""
        return [note["content"] for note in self.notes.values() if note["item_id"] == task["id"]]

    def forget(self) -> None:
        """Tokens given out so far mean nothing any more."""
        self._forgotten_before = self._sequence + 1

    # --- the wire

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = urlsplit(request.path)
        with self.lock:
            self.calls.append((request.command, path.path))
            status, headers, answer = self._answer(request, path.path, parse_qs(path.query), body)
        if self.deaf(request.command, path.path):
            request.close_connection = True
            return
        request.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(answer)))
        request.end_headers()
        request.wfile.write(answer)

    def _answer(self, request: BaseHTTPRequestHandler, path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        instead = self.trouble(request.command, path)
        if instead is not None:
            return instead
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {}, b'{"error": "Unauthorized", "http_code": 401}'
        if path == "/api/v1/sync":
            return _json(self._sync(parse_qs(body.decode())["sync_token"][0]))
        known = request.headers.get("X-Request-Id", "")
        if request.command == "POST" and known in self._requests:
            return self._requests[known]
        parts = path.removeprefix("/api/v1/").split("/")
        answer = self._call(request.command, parts, query, json.loads(body) if body else {})
        if request.command == "POST" and known:
            self._requests[known] = answer
        return answer

    def _call(self, method: str, parts: list[str], query: dict[str, list[str]], sent: dict[str, Any]) -> Answer:
        match method, parts:
            case "GET", ["projects"]:
                return _page([_project(each, name) for each, name in self.projects.items()])
            case "GET", ["sections"]:
                project = query["project_id"][0]
                if project not in self.projects:
                    return _missing()
                return _page([each for each in self.sections.values() if each["project_id"] == project])
            case "POST", ["sections"]:
                return _json(self._section(sent["name"], sent["project_id"]))
            case "GET", ["tasks"]:
                project = query["project_id"][0]
                alive = [task for task in self.tasks.values() if not task["is_deleted"] and not task["checked"]]
                return _page([_task(task) for task in alive if task["project_id"] == project])
            case "POST", ["tasks"]:
                return _json(_task(self._add(sent)))
            case "GET", ["comments"]:
                found = [note for note in self.notes.values() if note["item_id"] == query["task_id"][0]]
                return _page([_comment(note) for note in found])
            case "POST", ["comments"]:
                if sent["task_id"] not in self.tasks or self.tasks[sent["task_id"]]["is_deleted"]:
                    return _missing()
                return _json(_comment(self._note(sent["task_id"], sent["content"], ME["id"])))
            case _, ["tasks", task_id, *what]:
                return self._with_task(method, task_id, what, sent)
        return _missing()

    def _with_task(self, method: str, task_id: str, what: list[str], sent: dict[str, Any]) -> Answer:
        task = self.tasks.get(task_id)
        if task is None or task["is_deleted"]:
            return _missing()
        match method, what:
            case "GET", []:
                pass
            case "POST", []:
                self._changed(task, **{name: value for name, value in sent.items() if name in task})
            case "POST", ["move"]:
                self._changed(task, section_id=sent["section_id"])
            case "POST", ["close"]:
                self.check(task)
            case "POST", ["reopen"]:
                self.check(task, checked=False)
            case _:
                return _missing()
        return _json(_task(task))

    def _sync(self, token: str) -> dict[str, Any]:
        number = int(token) if token.isdecimal() and int(token) >= self._forgotten_before else -1
        whole = number < 0
        tasks = [task for task in self.tasks.values() if task["_changed"] > number]
        if whole:
            tasks = [task for task in tasks if not task["checked"] and not task["is_deleted"]]
        notes = [note for note in self.notes.values() if note["_changed"] > number]
        return {
            "sync_token": str(self._sequence),
            "full_sync": whole,
            "items": [_bare(task) for task in tasks],
            "notes": [_bare(note) for note in notes],
            **({"user": ME, "collaborators": self.people} if whole else {}),
        }

    # --- what is kept

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence

    def _section(self, name: str, project: str) -> dict[str, Any]:
        made = {
            "id": f"s{next(self.numbers)}",
            "name": name,
            "project_id": project,
            "collapsed": False,
            "section_order": len(self.sections),
        }
        self.sections[made["id"]] = made
        return made

    def _add(self, sent: dict[str, Any]) -> dict[str, Any]:
        made = {
            "id": f"t{next(self.numbers)}",
            "content": sent["content"],
            "description": sent.get("description", ""),
            "project_id": sent["project_id"],
            "section_id": sent.get("section_id"),
            "labels": sent.get("labels", []),
            "priority": sent.get("priority", 1),
            "checked": False,
            "completed_at": None,
            "is_deleted": False,
            "_changed": self._next(),
        }
        self.tasks[made["id"]] = made
        return made

    def _note(self, task_id: str, text: str, by: str) -> dict[str, Any]:
        made = {
            "id": f"n{next(self.numbers)}",
            "item_id": task_id,
            "content": text,
            "posted_uid": by,
            "is_deleted": False,
            "_changed": self._next(),
        }
        self.notes[made["id"]] = made
        return made

    def _changed(self, task: dict[str, Any], **fields: Any) -> None:
        with self.lock:
            task.update(fields, _changed=self._next())


def _json(value: object) -> Answer:
    return 200, {}, json.dumps(value).encode()


def _page(found: list[dict[str, Any]]) -> Answer:
    return _json({"results": found, "next_cursor": None})


def _missing() -> Answer:
    return 404, {}, b'{"error": "Not found", "http_code": 404}'


def _bare(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _project(project_id: str, name: str) -> dict[str, Any]:
    return {
        "id": project_id,
        "name": name,
        "description": "",
        "child_order": 1,
        "color": "charcoal",
        "collapsed": False,
        "shared": True,
        "is_favorite": False,
        "is_archived": False,
        "can_assign_tasks": True,
        "view_style": "board",
        "created_at": AT,
        "updated_at": AT,
    }


def _task(task: dict[str, Any]) -> dict[str, Any]:
    return {
        **_bare(task),
        "parent_id": None,
        "due": None,
        "deadline": None,
        "duration": None,
        "collapsed": False,
        "child_order": 1,
        "responsible_uid": None,
        "assigned_by_uid": None,
        "added_by_uid": ME["id"],
        "added_at": AT,
        "updated_at": AT,
    }


def _comment(note: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": note["id"],
        "content": note["content"],
        "posted_uid": note["posted_uid"],
        "posted_at": AT,
        "item_id": note["item_id"],
    }
