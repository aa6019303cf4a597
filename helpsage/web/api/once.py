"""Requests that say which one they are: sent again, they get the first answer again.

https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import transaction
from helpsage.tokens import answers
from helpsage.tokens.answers import LONGEST_KEY, Keyed
from helpsage.tokens.models import Answer

REPLAYED = "Idempotency-Replayed"
_CHARACTERS = r"[!#-\[\]-~]"
#: A string of RFC 8941, as the draft has it; the bare key, as most programs send it, means the same.
_KEY = rf'^("{_CHARACTERS}{{1,{LONGEST_KEY}}}"|{_CHARACTERS}{{1,{LONGEST_KEY}}})$'


@dataclass(frozen=True)
class Done:
    """What was done, to be told."""

    model: BaseModel
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    #: The ticket that the answer speaks of.
    ticket_id: UUID | None = None


async def keyed(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            pattern=_KEY,
            description="Names the request: sent again within a day, it is done once and answered alike.",
            examples=["8e03978e-40d5-43dd-bc93-6894a57f9324"],
        ),
    ] = None,
) -> Keyed | None:
    """The request's key, and what the request is."""
    if idempotency_key is None:
        return None
    address = f"{request.method} {request.url.path}?{request.url.query}"
    print_of = answers.fingerprint(address.encode(), await _content(request))
    return Keyed(request.state.caller.token_id, idempotency_key.strip('"'), print_of)


async def _content(request: Request) -> bytes:
    """What makes the body this one. Of a form the values: what stands between them is new with each request."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return await request.body()
    parts = (await request.form()).multi_items()
    return "".join([f"{name}:{await run_in_threadpool(_part, value)};" for name, value in parts]).encode()


def _part(value: UploadFile | str) -> str:
    if isinstance(value, str):
        return answers.fingerprint(value.encode())
    digest = hashlib.file_digest(value.file, "sha256").hexdigest()  # type: ignore[arg-type]  # it can be read
    value.file.seek(0)
    return answers.fingerprint((value.filename or "").encode(), digest.encode())


async def raw(request: Request) -> bytes:
    """The body as it came."""
    return await request.body()


Raw = Annotated[bytes, Depends(raw)]
MaybeKeyed = Annotated[Keyed | None, Depends(keyed)]


def once(request: Keyed | None, work: Callable[[Session], Done]) -> Response:
    """Do it, and keep the answer with it; or give the answer that is kept.

    Raises:
        answers.InProgress, answers.KeyReused, and whatever `work` raises: nothing was done, nothing is kept.
    """
    with transaction() as session:
        kept = answers.claim(session, request) if request is not None else None
        if kept is not None:
            return again(kept)
        return finish(session, request, work(session))


def finish(session: Session, request: Keyed | None, done: Done) -> Response:
    """The answer; kept when the request has a key."""
    body = done.model.model_dump_json(by_alias=True)
    if request is not None:
        answers.keep(session, request, done.status, done.headers, body, done.ticket_id)
    return Response(body, done.status, dict(done.headers), "application/json")


def again(kept: Answer) -> Response:
    """An answer that was given before."""
    return Response(answers.body_of(kept), kept.status, {**kept.headers, REPLAYED: "true"}, "application/json")
