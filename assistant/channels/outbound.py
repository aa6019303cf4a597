"""Posts what was said to chat applications: in order for each conversation, again when it failed, never dropped.

One loop for each installation. It is woken by PostgreSQL when something is to be posted and looks by itself now and
then. A crash between a vendor's call and our commit leaves a post that is tried again with `Outgoing.again`: a vendor
that can be asked whether it has it is asked (vendors/slack.py); the others may show it twice (said in their modules).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from assistant.channels import alerts, deliveries, posts, sent_files, words
from assistant.channels.connector import (
    Connector,
    FileDeclined,
    FileGone,
    FileNotTaken,
    Impossible,
    InstallationBroken,
    Later,
    NotPosted,
    Outgoing,
    OutgoingFile,
    PlaceBroken,
    Posted,
)
from assistant.channels.posts import Claimed
from assistant.channels.sent_files import Desk, SentFile
from assistant.database import UNAVAILABLE, Database
from languages import catalogues

log = logging.getLogger(__name__)

#: Conversations of one installation that are posted to at the same time.
AT_ONCE = 16
#: Looked for anew after this time, woken or not, in seconds.
LOOK_AGAIN_S = 10.0
LONGEST_PAUSE_S = 600.0
#: A vendor that asks for more patience than this is asked again all the same, in seconds.
LONGEST_OBEYED_S = 3_600.0
#: From this attempt on a failure is shown to administrators; before it is everyday life.
TOLD_FROM = 3
#: Files of one installation that are on their way at the same time; others wait so many seconds for their turn.
FILES_AT_ONCE = 3
FILE_TURN_S = 30.0
#: What is shown with the words of a message; one with neither is its files alone.
SHOWN = ("buttons", "ticket", "tickets", "image")


class Sender:
    """The posts of one installation in this process."""

    def __init__(self, database: Database, connector: Connector, desk: Desk) -> None:
        self._database = database
        self._desk = desk
        self._connector = connector
        self._key = connector.installation.key
        self._wake = asyncio.Event()
        self._busy: dict[UUID, asyncio.Task[None]] = {}
        #: What each of them is about.
        self._claimed: dict[UUID, Claimed] = {}
        self._task: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        #: It gave up until an administrator does something.
        self.is_broken = False
        #: Files are held in memory on their way.
        self._files = asyncio.Semaphore(FILES_AT_ONCE)
        #: Monotonic time until which the vendor asked to be left alone.
        self._rest_until = 0.0

    def start(self) -> None:
        """Begin to post."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def wake(self) -> None:
        """There is something to post."""
        self._wake.set()

    async def close(self) -> None:
        """Stop; what is under way is tried again by whoever starts next, without waiting for our time to be over."""
        tasks = [task for task in (self._task, self._telling, *self._busy.values()) if task is not None]
        claimed = dict(self._claimed)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(*UNAVAILABLE):
            for post in claimed.values():
                await posts.let_go(await self._database.quick(), post)

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            pause = LOOK_AGAIN_S
            try:
                pause = await self._begin_due()
            except UNAVAILABLE as error:
                log.warning("posting waits for the database: %s", error or type(error).__name__)
                pause = 1.0
            except Exception:
                log.exception("posting stopped")
            # Not `wait_for`: in Python 3.11 it swallows a cancellation that comes together with the event.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def _begin_due(self) -> float:
        """Begin to post wherever something is due; returns the seconds until it is worth looking again."""
        resting = self._rest_until - time.monotonic()
        if resting > 0:
            return resting
        pause = LOOK_AGAIN_S
        if self._telling is None or self._telling.done():
            self._telling = asyncio.get_running_loop().create_task(self._tell_asides())
        waiting = await posts.due(await self._database.quick(), self._key)
        for conversation, in_s in sorted(waiting.items(), key=lambda one: one[1]):
            if in_s > 0:
                pause = min(pause, in_s)
            elif conversation not in self._busy and len(self._busy) < AT_ONCE:
                task = asyncio.get_running_loop().create_task(self._post_all(conversation))
                self._busy[conversation] = task
        return max(pause, 0.01)

    async def _tell_asides(self) -> None:
        """Tell people alone what waits for them; nothing of it holds up the posts."""
        try:
            await alerts.tell_asides(await self._database.quick(), self._connector)
        except UNAVAILABLE as error:
            log.warning("telling waits for the database: %s", error or type(error).__name__)
        except Exception:
            log.exception("telling somebody alone failed")

    async def _post_all(self, conversation: UUID) -> None:
        """Post what waits in one conversation, until nothing does or something hinders."""
        try:
            while time.monotonic() >= self._rest_until:
                post = await posts.claim(await self._database.quick(), conversation)
                if post is None:
                    break
                self._claimed[conversation] = post
                if not await self._post(post):
                    break
        except UNAVAILABLE as error:
            log.warning("posting waits for the database: %s", error or type(error).__name__)
        except Exception:
            log.exception("a post failed")
        finally:
            del self._busy[conversation]
            self._claimed.pop(conversation, None)
            self._wake.set()

    async def _post(self, post: Claimed) -> bool:
        """Post one; returns whether the next one of its conversation may follow."""
        pool = await self._database.quick()
        try:
            posted = await self._send(pool, post)
        except NotPosted as error:
            return await self._hindered(pool, post, error)
        except Exception as error:
            log.exception("a post failed")
            return await self._hindered(pool, post, Later(f"{type(error).__name__}, see the assistant's log"))
        await posts.done(pool, post, posted.vendor_id, posted.address)
        shown = post.data if post.changed is None else {**post.data, **post.changed}
        card = shown.get("ticket") or shown.get("state")
        if post.changed is None and isinstance(card, dict) and card.get("reference") and card.get("status"):
            await posts.renew_cards(pool, post, card)
        return True

    async def _send(self, pool: Any, post: Claimed) -> Posted:
        """Post a part of a message, or show differently what was posted: first its words, then its files."""
        files = sent_files.of_message(post.data)
        parts = self._connector.split(post.text)
        if not parts and (not files or any(post.data.get(name) for name in SHOWN)):
            parts = [""]
        if post.part == 0 and post.vendor_id is None and (files or len(parts) > 1):
            await posts.add_parts(pool, post.message_id, len(parts) + len(files) - 1, len(parts))
        # The text may have been removed since (a person was erased): what is left is shown.
        text = parts[post.part] if post.part < len(parts) else ""
        last = post.part >= len(parts) - 1
        message = Outgoing(
            message_id=post.message_id,
            part=post.part,
            author=post.author,
            author_name=post.author_name,
            text=text,
            data={**post.data, **(post.changed or {})} if last else {},
            address=post.address,
            again=post.attempts > 1,
            language=post.language,
        )
        if len(parts) <= post.part < len(parts) + len(files):
            return await self._send_file(pool, post, replace(message, data={}), files[post.part - len(parts)])
        if post.vendor_id is None:
            return await self._connector.post(message)
        await self._connector.change(message, post.vendor_id)
        return Posted(post.vendor_id)

    async def _send_file(self, pool: Any, post: Claimed, message: Outgoing, file: SentFile) -> Posted:
        """Send a file; where that is impossible, say so and where it is."""
        outgoing = OutgoingFile(
            name=file.name,
            content_type=file.content_type,
            size=file.size,
            link=self._desk.page(file),
            content=partial(self._desk.content, file),
            kept=post.upload,
            keep=partial(posts.keep_upload, pool, post),
        )
        try:
            if file.size <= self._connector.largest_file:
                return await self._bring(post, message, outgoing)
            said = words.FILE_TOO_LARGE
        except FileGone:
            said, outgoing = words.FILE_GONE, replace(outgoing, link=self._desk.ticket(post.data.get("reply_to")))
        except FileDeclined:
            said = words.FILE_DECLINED
        except FileNotTaken:
            said = words.FILE_LINKED
        except Impossible as error:
            log.error("file %s of %s is not sent: %s", file.id, self._key, error)
            await deliveries.remember_error(pool, self._key, str(error), post.conversation)
            said = words.FILE_NOT_TAKEN
        told = sent_files.sentence(catalogues.said(said, post.language), file, outgoing.link)
        (text, *_) = self._connector.split(told)
        return await self._say_instead(post, replace(message, text=text))

    async def _bring(self, post: Claimed, message: Outgoing, file: OutgoingFile) -> Posted:
        try:
            async with asyncio.timeout(FILE_TURN_S):
                await self._files.acquire()
        except TimeoutError:
            raise Later("other files are on their way", arrived=False) from None
        try:
            if post.vendor_id is None:
                return await self._connector.post_file(message, file)
            answer = (post.changed or {}).get("answer") or {}
            await self._connector.change_file(message, file, post.vendor_id, answer)
            return Posted(post.vendor_id)
        finally:
            self._files.release()

    async def _say_instead(self, post: Claimed, message: Outgoing) -> Posted:
        if post.vendor_id is None:
            return await self._connector.post(message)
        await self._connector.change(message, post.vendor_id)
        return Posted(post.vendor_id)

    async def _hindered(self, pool: Any, post: Claimed, error: NotPosted) -> bool:
        reason = str(error)
        if isinstance(error, InstallationBroken):
            await posts.put_back(pool, post, reason)
            await self._break(pool, reason)
            return False
        if isinstance(error, PlaceBroken):
            await posts.put_back(pool, post, reason)
            await posts.break_place(pool, post.conversation, reason)
            await deliveries.remember_error(pool, self._key, reason, post.conversation)
            return False
        if isinstance(error, Impossible):
            log.error("message %s of %s never arrives: %s", post.message_id, self._key, reason)
            await posts.give_up(pool, post, reason)
            await deliveries.remember_error(pool, self._key, reason, post.conversation)
            return True
        after_s = error.after_s if isinstance(error, Later) else None
        if after_s is not None:
            after_s = min(max(after_s, 0.1), LONGEST_OBEYED_S)
            self._rest_until = max(self._rest_until, time.monotonic() + after_s)
            await posts.rest(pool, self._key, after_s)
        pause = after_s if after_s is not None else min(LONGEST_PAUSE_S, 0.5 * 2.0 ** min(post.attempts, 12))
        await posts.postpone(pool, post, pause, reason)
        if post.attempts == TOLD_FROM:
            await deliveries.remember_error(pool, self._key, reason, post.conversation)
        return False

    async def broken(self, reason: str) -> None:
        """Something else found out that nothing comes or arrives until an administrator does something."""
        await self._break(await self._database.quick(), reason)

    async def _break(self, pool: Any, reason: str) -> None:
        self.is_broken = True
        self._rest_until = time.monotonic() + LONGEST_OBEYED_S
        async with deliveries.transaction(pool) as connection:
            if await posts.break_installation(connection, self._key, reason):
                await deliveries.remember_error(connection, self._key, reason)
                told = {"installation": self._key, "name": self._connector.installation.name, "reason": reason[:500]}
                await deliveries.tell_desk(connection, "channel.broken", uuid5(NAMESPACE_URL, self._key), told)
                await posts.announce(connection)
