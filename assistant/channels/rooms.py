"""The open windows of each conversation, and what has been shown in them.

Messages are shown in the order of their numbers and without gaps: a client drops what is not newer than what it has, so
a message shown early would hide the one before it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Emit = Callable[[str, Any, str, "str | None"], Awaitable[None]]
History = Callable[[UUID, int], Awaitable[list[dict[str, Any]]]]


@dataclass
class Room:
    """One conversation with at least one window open in this process."""

    conversation: UUID
    sockets: set[str] = field(default_factory=set)
    #: Number of the newest message shown.
    shown: int = 0
    order: asyncio.Lock = field(default_factory=asyncio.Lock)


class Rooms:
    """All conversations with an open window in this process."""

    def __init__(self, emit: Emit, history: History) -> None:
        """
        Args:
            emit: Sends (event, data) to the sockets of a room, except one.
            history: What was said in a conversation after a number.
        """
        self._emit = emit
        self._history = history
        self._rooms: dict[UUID, Room] = {}
        self._of_socket: dict[str, Room] = {}

    async def enter(
        self,
        socket: str,
        conversation: UUID,
        last_seq: int,
        admit: Callable[[list[dict[str, Any]]], Awaitable[None]],
    ) -> None:
        """Open a window that has everything up to `last_seq`.

        Args:
            socket: The window.
            conversation: Whose conversation it shows.
            last_seq: The newest message it has.
            admit: Is given what the window misses, to show it there and then let it hear what follows.
        """
        room = self._rooms.get(conversation)
        if room is None:
            room = self._rooms[conversation] = Room(conversation, shown=last_seq)
        room.sockets.add(socket)
        self._of_socket[socket] = room
        try:
            async with room.order:
                missed = await self._history(conversation, last_seq)
                if missed and len(room.sockets) == 1:
                    room.shown = missed[-1]["seq"]
                await admit(missed)
        except BaseException:
            self.leave(socket)
            raise

    def leave(self, socket: str) -> None:
        """Close a window."""
        room = self._of_socket.pop(socket, None)
        if room is not None:
            room.sockets.discard(socket)
            if not room.sockets:
                self._rooms.pop(room.conversation, None)

    def of(self, socket: str) -> UUID | None:
        """The conversation of a window."""
        room = self._of_socket.get(socket)
        return room.conversation if room is not None else None

    def sockets(self, conversation: UUID) -> list[str]:
        """The windows of a conversation that are open in this process."""
        room = self._rooms.get(conversation)
        return list(room.sockets) if room is not None else []

    def open_conversations(self) -> list[UUID]:
        """Every conversation with an open window."""
        return list(self._rooms)

    def room(self, conversation: UUID) -> Room:
        """The open windows of a conversation.

        Raises:
            KeyError: none is open in this process.
        """
        return self._rooms[conversation]

    async def show(self, conversation: UUID, messages: list[dict[str, Any]], but: str | None = None) -> None:
        """Show messages of a conversation in its windows, with what was said before them and not shown yet.

        Args:
            conversation: Whose windows; nothing happens when none is open here.
            messages: In order of their numbers.
            but: A window that has them already.
        """
        room = self._rooms.get(conversation)
        if room is None or not messages:
            return
        async with room.order:
            if messages[-1]["seq"] <= room.shown:
                return
            if messages[0]["seq"] > room.shown + 1:
                messages = await self._history(conversation, room.shown)
                but = None
            fresh = [message for message in messages if message["seq"] > room.shown]
            if fresh:
                room.shown = fresh[-1]["seq"]
                if but is None or len(room.sockets) > 1:
                    await self._emit("messages", fresh, str(conversation), but)

    async def catch_up(self, conversation: UUID) -> None:
        """Show whatever was said and not shown yet."""
        room = self._rooms.get(conversation)
        if room is None:
            return
        async with room.order:
            fresh = await self._history(conversation, room.shown)
            if fresh:
                room.shown = fresh[-1]["seq"]
                await self._emit("messages", fresh, str(conversation), None)

    async def tell(self, conversation: UUID, event: str, data: Any) -> None:
        """Send something that is not a message to a conversation's windows."""
        if conversation in self._rooms:
            await self._emit(event, data, str(conversation), None)
