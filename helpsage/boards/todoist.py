"""Todoist (API v1, developer.todoist.com/api/v1), by Doist's own client; changes come by its Sync endpoint, which that
client does not have: one request tells of everything since a token, however long ago that was.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid4, uuid5

import httpx
from dataclass_wizard.errors import JSONWizardError
from todoist_api_python.api import TodoistAPI

from helpsage.boards.board import AccessLost, BoardAway, Card, CardGone, News, Placed, Remark, SeenCard, Someone

#: Where the client believes the server to be.
_ADDRESS = "https://api.todoist.com"
_SYNC = f"{_ADDRESS}/api/v1/sync"
#: A token for everything there is.
_FROM_THE_BEGINNING = "*"
_RESOURCES = ["items", "notes", "user", "collaborators"]
TIMEOUT = httpx.Timeout(10.0)
#: The board's own scale ends at 4, "very urgent".
PRIORITIES = {"low": 1, "normal": 2, "high": 3, "urgent": 4}
LONGEST_TITLE = 500
LONGEST_TEXT = 15_000


class _Elsewhere(httpx.HTTPTransport):
    """Takes requests to another server of the same kind, with time-outs of ours."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._place = urlsplit(address)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(
            scheme=self._place.scheme, host=self._place.hostname or "", port=self._place.port
        )
        request.headers["Host"] = self._place.netloc
        request.extensions["timeout"] = TIMEOUT.as_dict()
        return super().handle_request(request)


class Todoist:
    """One project."""

    def __init__(
        self, token: str, project_id: str = "", sections: Mapping[str, str] | None = None, address: str = _ADDRESS
    ):
        """
        Args:
            sections: ids by status, as `prepare` returned them.
            address: of the server.
        """
        self._token = token
        self._client = httpx.Client(transport=_Elsewhere(address))
        self._api = TodoistAPI(token, request_id_fn=self._request_id, client=self._client)
        self._project_id = project_id
        self._sections = dict(sections or {})
        self._key = ""

    def projects(self) -> Mapping[str, str]:
        """See `Board`."""
        with _told():
            return {project.id: project.name for page in self._api.get_projects() for project in page}

    def prepare(self, names: Mapping[str, str]) -> Mapping[str, str]:
        """See `Board`."""
        try:
            with _told():
                there = {
                    section.name: section.id
                    for page in self._api.get_sections(project_id=self._project_id)
                    for section in page
                }
                for status, name in names.items():
                    if name not in there:
                        there[name] = self._api.add_section(name, project_id=self._project_id).id
                    self._sections[status] = there[name]
        except CardGone as error:
            raise AccessLost("the project is not there any more") from error
        return dict(self._sections)

    def add(self, card: Card, key: str) -> Placed:
        """See `Board`."""
        with _told(), self._once(key):
            made = self._api.add_task(
                card.title[:LONGEST_TITLE],
                description=card.text[:LONGEST_TEXT],
                project_id=self._project_id,
                section_id=self._sections[card.section],
                labels=list(card.labels),
                priority=PRIORITIES[card.priority],
            )
            return Placed(made.id, made.url)

    def find(self, title_start: str) -> Placed | None:
        """See `Board`."""
        with _told():
            for page in self._api.get_tasks(project_id=self._project_id):
                for task in page:
                    if task.content.startswith(title_start):
                        return Placed(task.id, task.url)
        return None

    def change(self, card_id: str, card: Card) -> None:
        """See `Board`."""
        with _told():
            self._api.update_task(
                card_id,
                content=card.title[:LONGEST_TITLE],
                description=card.text[:LONGEST_TEXT],
                labels=list(card.labels),
                priority=PRIORITIES[card.priority],
            )

    def move(self, card_id: str, section: str) -> None:
        """See `Board`."""
        with _told():
            self._api.move_task(card_id, section_id=self._sections[section])

    def finish(self, card_id: str) -> None:
        """See `Board`."""
        with _told():
            self._api.complete_task(card_id)

    def reopen(self, card_id: str) -> None:
        """See `Board`."""
        with _told():
            self._api.uncomplete_task(card_id)

    def remark(self, card_id: str, text: str, key: str) -> str:
        """See `Board`."""
        with _told(), self._once(key):
            return self._api.add_comment(text[:LONGEST_TEXT], task_id=card_id).id

    def remarks(self, card_id: str) -> list[Remark]:
        """See `Board`."""
        with _told():
            found = [comment for page in self._api.get_comments(task_id=card_id) for comment in page]
        return [Remark(each.id, card_id, each.poster_id, each.content) for each in found]

    def look(self, card_id: str) -> SeenCard:
        """See `Board`."""
        with _told():
            task = self._api.get_task(card_id)
        return self._card(task.id, task.project_id, task.section_id, task.is_completed, gone=False)

    def news(self, cursor: str) -> News:
        """See `Board`."""
        asked = {"sync_token": cursor or _FROM_THE_BEGINNING, "resource_types": json.dumps(_RESOURCES)}
        with _told():
            answer = self._client.post(_SYNC, data=asked, headers={"Authorization": f"Bearer {self._token}"})
            answer.raise_for_status()
            told = answer.json()
            return News(
                cursor=str(told["sync_token"]),
                whole=bool(told["full_sync"]),
                cards=tuple(self._seen(item) for item in told.get("items", [])),
                remarks=tuple(_remark(note) for note in told.get("notes", []) if not note.get("is_deleted")),
                people=_people(told),
            )

    def _seen(self, item: Mapping[str, Any]) -> SeenCard:
        return self._card(
            str(item["id"]),
            item.get("project_id"),
            item.get("section_id"),
            bool(item.get("checked")),
            gone=bool(item.get("is_deleted")),
        )

    def _card(self, card_id: str, project: str | None, section: str | None, finished: bool, gone: bool) -> SeenCard:
        status = next((status for status, its in self._sections.items() if its == section), None)
        return SeenCard(card_id, status, finished, gone or project != self._project_id)

    def _request_id(self) -> str:
        # The client asks once a request; whoever wants to be known again has set a key.
        return str(uuid5(NAMESPACE_URL, self._key) if self._key else uuid4())

    @contextmanager
    def _once(self, key: str) -> Iterator[None]:
        self._key = key
        try:
            yield
        finally:
            self._key = ""


def _remark(note: Mapping[str, Any]) -> Remark:
    text = str(note.get("content") or "")
    attached = note.get("file_attachment") or {}
    if attached.get("file_name"):
        text = f"{text}\n[{attached['file_name']}]".strip()
    return Remark(str(note["id"]), str(note["item_id"]), str(note.get("posted_uid") or ""), text)


def _people(told: Mapping[str, Any]) -> dict[str, Someone]:
    rows = [*told.get("collaborators", []), *([told["user"]] if told.get("user") else [])]
    return {str(row["id"]): Someone(str(row.get("full_name") or ""), str(row.get("email") or "")) for row in rows}


@contextmanager
def _told() -> Iterator[None]:
    """What the server says, in our words."""
    try:
        yield
    except httpx.HTTPStatusError as error:
        raise _meaning(error.response) from error
    except httpx.HTTPError as error:
        raise BoardAway(type(error).__name__) from error
    except (ValueError, TypeError, KeyError, AttributeError, JSONWizardError) as error:
        raise BoardAway("an answer that is none") from error


def _meaning(answer: httpx.Response) -> Exception:
    if answer.status_code in (401, 403):
        return AccessLost(f"the token is not accepted ({answer.status_code})")
    if answer.status_code in (404, 410):
        return CardGone()
    asked = answer.headers.get("Retry-After", "")
    return BoardAway(str(answer.status_code), int(asked) if asked.isdecimal() else None)
