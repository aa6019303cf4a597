"""The people of the demonstration: who works there and who asks."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from helpsage.demo import pools
from helpsage.demo.rows import Sheet
from helpsage.people.models import Role

DOMAIN = "demo.example"
#: Of ten people who ask, so many have an account.
WITH_ACCOUNT = 0.35


@dataclass(frozen=True)
class Someone:
    """A person, with an account or without."""

    person_id: UUID
    name: str
    email: str
    account_id: UUID | None = None

    @property
    def first(self) -> str:
        """What they are called in a letter."""
        return self.name.split()[0]


class Population:
    """Everyone, and their rows."""

    def __init__(self, chance: random.Random, password_hash: str, began_at: datetime) -> None:
        self._chance = chance
        self._hash = password_hash
        self._began_at = began_at
        self._taken: set[str] = set()
        self._there: dict[str, tuple[UUID, UUID]] = {}
        self.persons = Sheet("person", ("id", "name", "email", "contact_email", "locale", "created_at"))
        self.accounts = Sheet(
            "account", ("id", "person_id", "email", "password_hash", "role", "verified_at", "created_at")
        )
        self.members = Sheet("team_member", ("team_id", "account_id"))

    def take(self, addresses: Iterable[str], accounts: Mapping[str, tuple[UUID, UUID]]) -> None:
        """Addresses that somebody has already, and those with an account: the staff of an earlier time stays."""
        self._taken |= {address.partition("@")[0] for address in addresses if address.endswith(f"@{DOMAIN}")}
        self._there.update(accounts)

    def staff(self, teams: Mapping[str, UUID], departments: Mapping[str, Sequence[UUID]]) -> dict[str, list[Someone]]:
        """Agents, leads and administrators; returns who works in each team, by its key."""
        words = pools.load()
        known: dict[str, Someone] = {}
        by_team: dict[str, list[Someone]] = {}
        for key, names in words["staff"].items():
            for name in names:
                if name not in known:
                    known[name] = self._employed(name, Role.AGENT)
                agent = known[name]
                self._join(teams[key], agent)
                by_team.setdefault(key, []).append(agent)
        for department, name in words["leads"].items():
            lead = self._employed(name, Role.LEAD)
            for team in departments[department]:
                self._join(team, lead)
        for name in words["administrators"]:
            self._employed(name, Role.ADMINISTRATOR)
        return by_team

    def _employed(self, name: str, role: Role) -> Someone:
        there = self._there.get(f"{_local(name)}@{DOMAIN}")
        if there is not None:
            return Someone(there[0], name, f"{_local(name)}@{DOMAIN}", there[1])
        return self._add(name, role, self._began_at)

    def _join(self, team_id: UUID, who: Someone) -> None:
        if who.email not in self._there:
            self.members.add(team_id=team_id, account_id=who.account_id)

    def requesters(self, count: int) -> list[Someone]:
        """People who ask."""
        words = pools.load()
        found = []
        for _ in range(count):
            name = f"{self._chance.choice(words['first_names'])} {self._chance.choice(words['last_names'])}"
            joined = self._began_at + timedelta(days=self._chance.random() * 20 - 20)
            role = Role.REQUESTER if self._chance.random() < WITH_ACCOUNT else None
            found.append(self._add(name, role, joined))
        return found

    def _add(self, name: str, role: Role | None, at: datetime) -> Someone:
        email = self._address(name)
        made = Someone(new_id(self._chance), name, email, new_id(self._chance) if role is not None else None)
        self.persons.add(
            id=made.person_id,
            name=name,
            email=email if role is not None else None,
            contact_email=None if role is not None else email,
            locale="en",
            created_at=at,
        )
        if role is not None:
            self.accounts.add(
                id=made.account_id,
                person_id=made.person_id,
                email=email,
                password_hash=self._hash,
                role=role.value,
                verified_at=at,
                created_at=at,
            )
        return made

    def _address(self, name: str) -> str:
        base = _local(name)
        local, number = base, 2
        while local in self._taken:
            local, number = f"{base}{number}", number + 1
        self._taken.add(local)
        return f"{local}@{DOMAIN}"


def _local(name: str) -> str:
    """What stands before the @ of a name: `Siobhán Byrne` becomes `siobhan.byrne`."""
    plain = unicodedata.normalize("NFKD", name.replace("ı", "i").replace("ø", "o").replace("ł", "l"))
    return re.sub(r"[^a-z]+", ".", plain.encode("ascii", "ignore").decode().lower()).strip(".") or "someone"


def new_id(chance: random.Random) -> UUID:
    """An id that the seed decides."""
    return UUID(int=chance.getrandbits(128), version=4)
