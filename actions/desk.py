"""The way from a conversation to the help desk: off the event loop, with a time-out, honest when it does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from actions import words
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.db.session import transaction
from helpsage.tickets.categories import catalogue
from helpsage.tickets.models import Ticket
from helpsage.tickets.service import Actor

#: Seconds after which a person is told that the records do not answer.
TIMEOUT_S = 5.0
REQUESTER = Actor("requester")

#: As many as the database pool has connections: more would only wait for one.
_threads = ThreadPoolExecutor(max_workers=16, thread_name_prefix="desk")

Found = TypeVar("Found")

log = logging.getLogger(__name__)


class DeskUnavailable(Exception):
    """The records cannot be reached. What was asked may or may not have happened: every write has a key of its own."""


async def ask(sender_id: str, work: Callable[[Session, Conversation], Found]) -> Found:
    """Do `work` in one transaction, in a thread, for the conversation of this sender.

    Raises:
        DeskUnavailable: no answer in time, or no database.
    """
    try:
        done = asyncio.get_running_loop().run_in_executor(_threads, _in_transaction, sender_id, work)
        return await asyncio.wait_for(done, TIMEOUT_S)
    except (TimeoutError, OperationalError, InterfaceError, PoolTimeout) as error:
        log.warning("the database does not answer: %s", type(error).__name__)
        raise DeskUnavailable from error


def _in_transaction(sender_id: str, work: Callable[[Session, Conversation], Found]) -> Found:
    with transaction() as session:
        found = conversations.of_sender(session, sender_id)
        return work(session, found or conversations.ensure(session, sender_id, channel_of(sender_id)))


def channel_of(sender_id: str) -> str:
    """The channel in a sender id's namespace; senders without one are developers at a console."""
    namespace, separator, _ = sender_id.partition(":")
    return namespace if separator else "console"


def card(ticket: Ticket) -> Mapping[str, Any]:
    """A ticket as the chat shows it: docs/webchat-protocol.md."""
    category = catalogue().categories.get(ticket.category)
    return {
        "reference": ticket.reference,
        "subject": ticket.subject,
        "status": ticket.status,
        "status_label": words.STATUS.get(ticket.status, ticket.status),
        "priority": ticket.priority,
        "category": category.title if category is not None else ticket.category,
        "opened_at": ticket.created_at.isoformat(),
    }
