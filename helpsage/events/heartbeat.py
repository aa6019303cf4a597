"""Signs of life of our programs, in a table that health reads."""

from __future__ import annotations

import os
import socket

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

import helpsage
from helpsage import clock
from helpsage.db.session import transaction
from helpsage.events.models import Heartbeat


def instance() -> str:
    """This process, among all machines."""
    return f"{socket.gethostname()}:{os.getpid()}"


def beat(program: str) -> None:
    """Say that this process lives."""
    row = insert(Heartbeat).values(program=program, instance=instance(), version=helpsage.__version__, at=clock.now())
    with transaction() as session:
        session.execute(
            row.on_conflict_do_update(
                index_elements=[Heartbeat.program, Heartbeat.instance],
                set_={"at": row.excluded.at, "version": row.excluded.version},
            )
        )


def leave(program: str) -> None:
    """Say that it ends."""
    with transaction() as session:
        session.execute(delete(Heartbeat).where(Heartbeat.program == program, Heartbeat.instance == instance()))
