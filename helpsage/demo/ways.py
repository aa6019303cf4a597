"""What came in by e-mail and by form in the last weeks, as it came."""

from __future__ import annotations

import json
import random
import zlib
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from helpsage.demo import pools
from helpsage.demo.people import DOMAIN
from helpsage.demo.rows import Sheet
from helpsage.demo.tickets import Life
from helpsage.intake.models import Lane, Progress
from helpsage.intake.service import SHARDS

DAYS = 35
DESK = f"help@{DOMAIN}"
COLUMNS = (
    "lane", "key", "raw", "content_type", "meta", "sender", "subject", "shard", "state", "reason", "attempts",
    "ticket_id", "person_id", "received_at", "next_try_at", "worked_at",
)  # fmt: skip
VERDICT = {"spf": "pass", "dkim": "pass", "dmarc": "pass"}


class Ways:
    """Tells what came in into rows."""

    def __init__(self, chance: random.Random, now: datetime) -> None:
        self._chance = chance
        self._now = now
        self._since = now - timedelta(days=DAYS)
        self.records = Sheet("inbound", COLUMNS)

    def of_ticket(self, life: Life) -> None:
        """The letter or the form that became this ticket."""
        if life.created_at < self._since or life.channel not in (Lane.EMAIL, Lane.FORM):
            return
        came: dict[str, Any] = {"ticket_id": life.id, "person_id": life.requester.person_id}
        if life.channel == Lane.EMAIL:
            letter = self._letter(life.requester.name, life.requester.email, life.subject, life.description)
            self._letter_row(letter, life.requester.email, life.created_at, Progress.DONE, "", came)
            return
        key = f"help-desk:{self._chance.getrandbits(64):x}"
        typed = {
            "name": life.requester.name,
            "email": life.requester.email,
            "subject": life.subject,
            "message": life.description,
            "page": self._chance.choice(pools.load()["form_pages"]),
        }
        raw = json.dumps(typed, ensure_ascii=False).encode()
        meta = {"department": "help-desk", "page": typed["page"]}
        self._row(Lane.FORM, key, raw, "application/json", meta, life.requester.email, life.subject, life.created_at,
                  Progress.DONE, "", came)  # fmt: skip

    def others(self) -> None:
        """Letters of which nothing was made: absences, newsletters, letters that came back."""
        for given in pools.load()["letters_ignored"]:
            for _ in range(given["times"]):
                at = self._since + (self._now - self._since) * self._chance.random()
                letter = self._letter(given["name"], given["sender"], given["subject"], given["text"])
                for name, value in given["headers"].items():
                    letter[name] = value
                self._letter_row(letter, given["sender"], at, Progress.IGNORED, given["reason"], {})
        # Numbers of records tell the order in which they came.
        self.records.rows.sort(key=lambda row: row[COLUMNS.index("received_at")])

    def _letter(self, name: str, sender: str, subject: str, text: str) -> EmailMessage:
        letter = EmailMessage(policy=SMTP)
        letter["From"] = f'"{name}" <{sender}>'
        letter["To"] = DESK
        letter["Subject"] = subject
        letter["Message-ID"] = f"<{self._chance.getrandbits(64):x}@{sender.partition('@')[2]}>"
        letter.set_content(text)
        return letter

    def _letter_row(
        self, letter: EmailMessage, sender: str, at: datetime, state: Progress, why: str, came: dict[str, Any]
    ) -> None:
        letter["Date"] = at
        raw = letter.as_bytes()
        meta = {"to": [DESK], "from": sender, "size": len(raw), "verdict": VERDICT}
        key = str(letter["Message-ID"])
        self._row(Lane.EMAIL, key, raw, "message/rfc822", meta, sender, str(letter["Subject"]), at, state, why, came)

    def _row(
        self, lane: Lane, key: str, raw: bytes, content_type: str, meta: dict[str, Any], sender: str, subject: str,
        at: datetime, state: Progress, why: str, came: dict[str, Any],
    ) -> None:  # fmt: skip
        self.records.add(
            lane=lane.value,
            key=key,
            raw=f"\\x{raw.hex()}",
            content_type=content_type,
            meta=meta,
            sender=sender,
            subject=subject,
            shard=zlib.crc32(sender.encode()) % SHARDS,
            state=state.value,
            reason=why,
            attempts=1,
            received_at=at,
            next_try_at=at,
            worked_at=at + timedelta(seconds=1),
            **came,
        )
