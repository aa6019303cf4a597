"""Which model answers: the one that was promoted last, from the moment on in which it was promoted.

The new model is loaded beside the old one and put in its place in one step. Turns that are under way end with the model
they began with. Conversations' locks are shared by both, what was said is read from the database again: no message is
lost, and none is answered twice. A file that is not what was signed when it was promoted is not loaded, and the old
model stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.database import UNAVAILABLE, Database

log = logging.getLogger(__name__)

CHANNEL = "model"
NEWEST = "select id, model, sha256, code, signature from model_promotion order by id desc limit 1"
LOADED = "update model_promotion set loaded_at = coalesce(loaded_at, now()) where id = $1"
PROBLEM = "update model_promotion set problem = $2 where id = $1"
#: How often the database is asked without having said anything, and how long one waits for it to come back.
SWEEP_S = 30.0
PAUSE_S = 1.0
#: Longer than any turn: after this nobody uses the old model any more, and its memory is given back.
OLD_MODEL_S = 90.0

NOT_SIGNED = "{name} is not signed by this installation"
CHANGED = "{name} is not the file that was promoted: its content has changed"
AWAY = "{name} is not on this machine ({folder})"
BROKEN = "{name} cannot be loaded: {why}"

#: Loads a file, beside another agent when there is one.
Load = Callable[[Path, Any], Any]


class Refused(Exception):
    """A promoted model that is not loaded; the message says why, for people."""


@dataclass(frozen=True)
class Promotion:
    """The newest line of `model_promotion`."""

    id: int
    model: str
    sha256: str
    code: str
    signature: str


class Models:
    """What one process knows of models."""

    def __init__(self, database: Database, folder: Path, key: str, load: Load) -> None:
        """
        Args:
            database: where promotions are written.
            folder: where models lie.
            key: of their signatures.
            load: makes an agent of a file.
        """
        self._database = database
        self._folder = folder
        self._key = key
        self._load = load
        self._seen = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def first(self, otherwise: Path) -> Any:
        """The agent to begin with: of the promoted model, or of the given one when there is none that can be used."""
        try:
            pool = await self._database.quick()
            promotion = await self._newest(pool)
            if promotion is not None:
                self._seen = promotion.id
                agent = await self._taken(pool, promotion, None)
                if agent is not None:
                    return agent
        except UNAVAILABLE as error:
            log.warning("the database is away, so the model is the one given: %s", error or type(error).__name__)
        return self._load(otherwise, None)

    def follow(self, app: Any) -> None:
        """Put every model that is promoted from now on in the place of the one before."""
        self._task = asyncio.get_running_loop().create_task(self._run(app))

    async def close(self) -> None:
        """Follow no longer."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, app: Any) -> None:
        while True:
            try:
                await self._listen(app)
            except UNAVAILABLE as error:
                log.warning("promotions are not heard: %s", error or type(error).__name__)
            except Exception:
                log.exception("promotions are not heard")
            await asyncio.sleep(PAUSE_S)

    async def _listen(self, app: Any) -> None:
        connection = await self._database.connect()
        try:
            connection.add_termination_listener(lambda _: self._wake.set())
            await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
            while not connection.is_closed():
                self._wake.clear()
                await self._look(app, connection)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(SWEEP_S):
                        await self._wake.wait()
        finally:
            connection.terminate()

    async def _look(self, app: Any, connection: Any) -> None:
        promotion = await self._newest(connection)
        if promotion is None or promotion.id == self._seen:
            return
        agent = await self._taken(connection, promotion, app.ctx.agent)
        self._seen = promotion.id
        if agent is None:
            return
        app.ctx.agent = agent  # the next turn begins with it
        log.info("model %s answers from now on", promotion.model)
        asyncio.get_running_loop().call_later(OLD_MODEL_S, _give_back)

    async def _taken(self, connection: Any, promotion: Promotion, beside: Any) -> Any:
        """An agent of the promoted model; None, and a word about it in the database, when it cannot be used."""
        try:
            agent = await asyncio.to_thread(self._opened, promotion, beside)
        except Refused as error:
            log.error("the promoted model is not used: %s", error)
            await connection.execute(PROBLEM, promotion.id, str(error)[:500])
            return None
        await connection.execute(LOADED, promotion.id)
        return agent

    def _opened(self, promotion: Promotion, beside: Any) -> Any:
        path = self._genuine(promotion)
        try:
            return self._load(path, beside)
        except Exception as error:
            log.exception("%s cannot be loaded", promotion.model)
            raise Refused(BROKEN.format(name=promotion.model, why=" ".join(str(error).split())[:300])) from error

    def _genuine(self, promotion: Promotion) -> Path:
        """The file of a promotion.

        Raises:
            Refused: the promotion was not written with the installation's key, or the file is not the one it is about.
        """
        about = f"{promotion.model}\n{promotion.sha256}\n{promotion.code}".encode()
        expected = hmac.new(self._key.encode(), about, hashlib.sha256).hexdigest()
        if not self._key or not hmac.compare_digest(expected, promotion.signature):
            raise Refused(NOT_SIGNED.format(name=promotion.model))
        path = self._folder / Path(promotion.model).name
        if not path.is_file():
            raise Refused(AWAY.format(name=promotion.model, folder=self._folder))
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != promotion.sha256:
                raise Refused(CHANGED.format(name=promotion.model))
        return path

    async def _newest(self, connection: Any) -> Promotion | None:
        row = await connection.fetchrow(NEWEST)
        return Promotion(**dict(row)) if row is not None else None


def _give_back() -> None:
    """What stays until the end is not looked at by the garbage collector (`server.settle_memory`); look once more."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
