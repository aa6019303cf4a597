"""Asking a model behind an OpenAI-compatible endpoint (`POST <url>/chat/completions`), for those who run or rent one.

Whatever goes wrong there ends within the time that was given, as one error; one that fails again and again is left
alone for a while. What comes back is text that nobody may believe: each caller checks what it asked for.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

#: Bytes of an answer that are read; a good one has a few thousand at most.
LONGEST_ANSWER = 64_000
#: After so many failures in a row an endpoint is left alone for so many seconds.
FAILURES, REST_S = 3, 60.0


class CompletionFailed(Exception):
    """The endpoint gave nothing to go by.

    Attributes:
        problem: `slow`, `unreachable`, `refused`, `wrong`, `resting`.
    """

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(problem)


@dataclass(frozen=True)
class Endpoint:
    """Where a model is asked.

    Attributes:
        url: up to `/v1`.
        key: sent as a bearer token; empty: none.
        timeout_s: for the whole answer.
    """

    url: str
    model: str
    key: str = ""
    timeout_s: float = 10.0


@dataclass(frozen=True)
class Completion:
    """What it wrote, and what it calls itself."""

    content: str
    model: str


def schema_of(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The part of a question that holds an endpoint to a JSON schema, in the form that endpoints enforce themselves."""
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": schema}}


class _Health:
    """How often an endpoint failed in a row, for this process."""

    def __init__(self) -> None:
        self.failures = 0
        self.rests_until = 0.0


_lock = threading.Lock()
_healths: dict[str, _Health] = {}


def _health(endpoint: Endpoint) -> _Health:
    with _lock:
        return _healths.setdefault(endpoint.url, _Health())


def forget_failures() -> None:
    """Ask again at once, after an endpoint was changed."""
    with _lock:
        _healths.clear()


def failed(endpoint: Endpoint) -> None:
    """Count a failure that only the caller could see: the answer was of no use."""
    health = _health(endpoint)
    with _lock:
        health.failures += 1
        if health.failures >= FAILURES:
            health.failures, health.rests_until = 0, time.monotonic() + REST_S


def worked(endpoint: Endpoint) -> None:
    """The answer was of use: earlier failures count no more."""
    _health(endpoint).failures = 0


def ask(endpoint: Endpoint, question: dict[str, Any]) -> Completion:
    """The endpoint's answer, whole, within the time it has.

    Parameters:
        question: the request's body without the model's name.

    Raises:
        CompletionFailed
    """
    if time.monotonic() < _health(endpoint).rests_until:
        raise CompletionFailed("resting")
    try:
        return _read(_asked(endpoint, {"model": endpoint.model, **question}), endpoint.model)
    except CompletionFailed:
        failed(endpoint)
        raise


def _read(answer: bytes, model: str) -> Completion:
    try:
        whole = json.loads(answer)
        content = whole["choices"][0]["message"]["content"]
        if not isinstance(content, str):
            raise CompletionFailed("wrong")
        return Completion(content, str(whole.get("model") or model)[:60])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        raise CompletionFailed("wrong") from error


def _asked(endpoint: Endpoint, question: dict[str, Any]) -> bytes:
    ending = _Ending()
    clock = threading.Timer(endpoint.timeout_s, ending.end)
    clock.daemon = True
    clock.start()
    url = f"{endpoint.url.rstrip('/')}/chat/completions"
    try:
        with requests.Session() as session:
            session.mount(url, ending)
            with session.post(
                url,
                json=question,
                headers={"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {},
                timeout=endpoint.timeout_s,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if answer.status_code != requests.codes.ok:
                    raise CompletionFailed("refused")
                found = _whole(answer)
    except requests.Timeout as error:
        raise CompletionFailed("slow") from error
    except (requests.RequestException, OSError, HTTPError) as error:
        raise CompletionFailed("slow" if ending.ran_out else "unreachable") from error
    finally:
        clock.cancel()
    if ending.ran_out:  # what was read is what came before we hung up
        raise CompletionFailed("slow")
    return found


class _Ending(HTTPAdapter):
    """Hangs up when the time is over: a time-out of the library begins anew with each byte, so that one that drips, its
    header or its words, would hold a worker for hours.
    """

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self.ran_out = False
        self._socket: socket.socket | None = None

    def get_connection_with_tls_context(self, *given: Any, **named: Any) -> Any:
        """The library's connections; each one's socket is remembered, as the library lets go of it before its end."""
        pool: Any = super().get_connection_with_tls_context(*given, **named)
        adapter, kind = self, pool.ConnectionCls

        class Remembered(kind):  # type: ignore[valid-type,misc]
            def connect(self) -> None:
                super().connect()
                adapter._socket = self.sock

        pool.ConnectionCls = Remembered
        return pool

    def end(self) -> None:
        """Time is over."""
        self.ran_out = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _whole(answer: requests.Response) -> bytes:
    """Read it bit by bit, up to what a good one could have."""
    read = bytearray()
    for piece in answer.iter_content(1024):
        read += piece
        if len(read) > LONGEST_ANSWER:
            raise CompletionFailed("wrong")
    return bytes(read)
