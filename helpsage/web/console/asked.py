"""What an agent asks to see, as the queue's address says it: kept in views, sent to colleagues, linked from elsewhere.

Whatever the address says that means nothing is left out, so that an old link still shows something.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from helpsage import clock
from helpsage.tickets import categories, tags
from helpsage.tickets.models import Priority, Status
from helpsage.tickets.queue import Filters, Sort
from helpsage.tickets.tags import InvalidTag
from helpsage.web import zones
from helpsage.web.access import SignedIn

PATH = "/agent"
LONGEST_TEXT = 500
#: What still needs someone.
ACTIVE = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING, Status.ESCALATED)
GROUPS: dict[str, tuple[Status, ...]] = {"active": ACTIVE, "all": tuple(Status), **{s.value: (s,) for s in Status}}
#: Hours until something is due.
DUE: Mapping[str, int] = {"late": 0, "4": 4, "24": 24}
MINE, NOBODY, FOLLOWING, NONE = "mine", "nobody", "following", "none"


@dataclass(frozen=True)
class Asked:
    """The queue's address, read.

    Attributes:
        who: `mine`, `nobody`, `following`, or an account's id.
        team, department: an id, or (team) `none`.
        since, until: days of opening, both included, in the zone of whoever looks: `2026-03-31`.
        due: what is due: `late`, or within hours: `4`, `24`.
        sort: empty for the usual one: the last changed first, or of a search the best.
    """

    status: str = "active"
    priority: str = ""
    category: str = ""
    department: str = ""
    team: str = ""
    who: str = ""
    tag: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    due: str = ""
    sort: str = ""
    q: str = ""

    def href(self, **changed: str) -> str:
        """The address of this with something changed."""
        given = self.query(**changed)
        return f"{PATH}?{urlencode(given)}" if given else PATH

    def query(self, **changed: str) -> dict[str, str]:
        """What the address has to say: everything that is not as usual."""
        said = {**vars(self), **changed}
        return {name: value for name, value in said.items() if value and (name, value) != ("status", "active")}

    def filters(self, who: SignedIn) -> Filters:
        """The same for the queue, as this viewer means it."""
        account_id = who.account_id
        own = {MINE: account_id}
        return Filters(
            statuses=GROUPS[self.status],
            priorities=(self.priority,) if self.priority else (),
            category=self.category or None,
            department_id=_id(self.department),
            team_id=_id(self.team),
            no_team=self.team == NONE,
            assignee_id=own.get(self.who) or _id(self.who),
            unassigned=self.who == NOBODY,
            follower_id=account_id if self.who == FOLLOWING else None,
            tag=self.tag or None,
            channel=self.channel or None,
            opened_from=_midnight(self.since, who),
            opened_before=_midnight(self.until, who, later=1),
            due_before=_due_before(self.due),
            text=self.q,
        )

    @property
    def order(self) -> Sort | None:
        """The sort that was chosen."""
        return Sort(self.sort) if self.sort else None

    @property
    def narrowed(self) -> bool:
        """Whether anything but the status is asked for."""
        return any(value for name, value in vars(self).items() if name not in ("status", "sort"))

    @property
    def narrowed_further(self) -> bool:
        """Whether something is asked for that is not in the first line of the form."""
        return any((self.department, self.tag, self.channel, self.since, self.until, self.due, self.sort))


def read(given: Mapping[str, str]) -> Asked:
    """What of an address (or of a view's query) means something."""
    said = {name: given.get(name, "").replace("\x00", "").strip() for name in (field.name for field in fields(Asked))}
    return Asked(
        status=said["status"] if said["status"] in GROUPS else "active",
        priority=said["priority"] if said["priority"] in list(Priority) else "",
        category=said["category"] if said["category"] in categories.load() else "",
        department=str(_id(said["department"]) or ""),
        team=NONE if said["team"] == NONE else str(_id(said["team"]) or ""),
        who=said["who"] if said["who"] in (MINE, NOBODY, FOLLOWING) else str(_id(said["who"]) or ""),
        tag=_tag(said["tag"]),
        channel=said["channel"][:40],
        since=_day(said["since"]),
        until=_day(said["until"]),
        due=said["due"] if said["due"] in DUE else "",
        sort=said["sort"] if said["sort"] in list(Sort) else "",
        q=said["q"][:LONGEST_TEXT],
    )


def _id(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


def _tag(written: str) -> str:
    try:
        return tags.normal(written)
    except InvalidTag:
        return ""


def _day(written: str) -> str:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError:
        return ""


def _due_before(due: str) -> datetime | None:
    return clock.now() + timedelta(hours=DUE[due]) if due else None


def _midnight(day: str, who: SignedIn, later: int = 0) -> datetime | None:
    return zones.begins(date.fromisoformat(day), who.zone, later) if day else None
