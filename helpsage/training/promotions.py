"""Which model answers people: put to work, taken back, and the history of both.

The newest line of the history counts. Assistants that run hear of it and change over without dropping a conversation
(`assistant/models.py`); one that starts begins with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.db.session import transaction
from helpsage.setup import steps
from helpsage.training import library, signing
from helpsage.training.models import Kind, ModelPromotion

#: Promotions are made one at a time (advisory lock).
LOCK = "select pg_advisory_xact_lock(hashtext('helpsage.model_promotion'))"
NOTHING_BEFORE = "there is nothing to go back to: no other model was in use before this one"
IN_USE = "{name} is in use already"
ELSEWHERE = "{path} does not lie in {folder}: put it there first"
#: How often the line is looked at while the assistants change over.
LOOK_EVERY_S = 0.2


class NotPossible(RuntimeError):
    """It cannot be promoted or taken back; the message says why."""


@dataclass(frozen=True)
class Who:
    """Somebody who decides.

    Attributes:
        name: as the history shows it.
    """

    name: str
    id: UUID | None = None


def current(session: Session) -> ModelPromotion | None:
    """The newest line; None when nothing was ever chosen."""
    return session.scalar(select(ModelPromotion).order_by(ModelPromotion.id.desc()).limit(1))


def history(session: Session, limit: int = 50) -> Sequence[ModelPromotion]:
    """The newest lines, the newest first."""
    return session.scalars(select(ModelPromotion).order_by(ModelPromotion.id.desc()).limit(limit)).all()


def in_use(session: Session) -> Path | None:
    """The file that answers people now, or would after a start; None when there is none yet."""
    newest = current(session)
    path = steps.MODELS / newest.model if newest is not None else steps.model_path()
    return path if path.is_file() else None


def may_be_promoted(session: Session, path: Path) -> None:
    """Ask what needs no measuring, before minutes are spent on the rest.

    Raises:
        NotGenuine, NotPossible: as `promote`.
    """
    seal, newest = _fitting(path), current(session)
    if newest is not None and (newest.model, newest.sha256) == (seal.name, seal.sha256):
        raise NotPossible(IN_USE.format(name=seal.name))


def assistant_answers() -> bool:
    """Whether an assistant runs that would change over now."""
    try:
        return httpx.get(f"{settings.get().chat_url}/webhooks/webchat/health", timeout=3).status_code == 200
    except httpx.HTTPError:
        return False


def promote(
    session: Session, path: Path, who: Who, gate: dict[str, Any] | None, *, why: str = "", anyway: bool = False
) -> ModelPromotion:
    """Put a model to work. Whether it is good enough has been asked before (`gate`).

    Raises:
        NotGenuine: unsigned or changed.
        NotPossible: trained by other code, not in the library, or in use already.
    """
    session.execute(text(LOCK))
    may_be_promoted(session, path)
    seal = signing.verify(path)
    if current(session) is None:
        _remember_the_first(session, path)
    return _add(session, Kind.PROMOTE, seal, who, gate=gate, why=why, anyway=anyway)


def roll_back(session: Session, who: Who, why: str = "") -> ModelPromotion:
    """Put the model to work that was there before the one in use.

    Raises:
        NotGenuine, NotPossible
    """
    session.execute(text(LOCK))
    before = one_before(session)
    if before is None:
        raise NotPossible(NOTHING_BEFORE)
    seal = _fitting(steps.MODELS / before.model)
    if seal.sha256 != before.sha256:
        raise NotPossible(f"{before.model} is not the file it was then: it was trained anew since")
    return _add(session, Kind.ROLLBACK, seal, who, why=why)


def one_before(session: Session) -> ModelPromotion | None:
    """The line to go back to: going back twice leads to the one before the one before."""
    stack: list[ModelPromotion] = []
    for line in session.scalars(select(ModelPromotion).order_by(ModelPromotion.id)):
        if line.kind == Kind.ROLLBACK.value and len(stack) > 1:
            stack.pop()
        elif not stack or (stack[-1].model, stack[-1].sha256) != (line.model, line.sha256):
            stack.append(line)
    return stack[-2] if len(stack) > 1 else None


def to_start_with() -> Path:
    """The model that programs start with: the one in use, or today's when none fits.

    Raises:
        SetupError: there is none, and none can be trained.
    """
    with transaction() as session:
        newest = current(session)
    trouble = "no model was in use before"
    if newest is not None:
        path = steps.MODELS / newest.model
        trouble = library.trouble(path)
        if not trouble and signing.sha256_of(path) != newest.sha256:
            trouble = f"{newest.model} is another file than the one that was promoted"
        if not trouble:
            if path != steps.model_path():
                steps.tell(f"  {path.name} answers; data/ has changed since (./sage train, then ./sage promote)")
            return path
        steps.tell(f"  {trouble}")
    path = steps.ensure_model()
    with transaction() as session:
        _add(session, Kind.FIRST, signing.verify(path), Who("./sage up"), why=trouble)
    return path


def wait_until_loaded(promotion_id: int, seconds: float) -> ModelPromotion | None:
    """Wait until an assistant has changed over or said why it cannot; None when none did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with transaction() as session:
            line = session.get(ModelPromotion, promotion_id)
        if line is None or line.problem or line.loaded_at is not None:
            return line
        time.sleep(LOOK_EVERY_S)
    return None


def _fitting(path: Path) -> signing.Seal:
    if path.is_file() and path.resolve().parent != steps.MODELS.resolve():
        raise NotPossible(ELSEWHERE.format(path=path, folder=steps.MODELS))
    seal = signing.verify(path)
    if seal.code != steps.code_version():
        raise NotPossible(library.other_code(path.name))
    return seal


def _remember_the_first(session: Session, but: Path) -> None:
    """What answered until now was never written down; it is what going back leads to."""
    path = steps.model_path()
    if path != but and not library.trouble(path):
        _add(session, Kind.FIRST, signing.verify(path), Who("./sage"))


def _add(
    session: Session,
    kind: Kind,
    seal: signing.Seal,
    who: Who,
    *,
    gate: dict[str, Any] | None = None,
    why: str = "",
    anyway: bool = False,
) -> ModelPromotion:
    line = ModelPromotion(
        kind=kind.value,
        model=seal.name,
        sha256=seal.sha256,
        code=seal.code,
        signature=seal.signature,
        by_id=who.id,
        by_name=who.name,
        why=why,
        anyway=anyway,
        gate=gate,
    )
    session.add(line)
    session.flush()
    signing.note_use(steps.MODELS / seal.name)
    return line
