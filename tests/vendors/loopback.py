"""What vendors on loopback share: a real HTTP server in a thread, that writes down what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(errors="replace")))


@dataclass(frozen=True)
class Answer:
    """An answer: JSON, or bytes as they are."""

    status: int = 200
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


class Loopback:
    """A server whose `answer` is the vendor's. `trouble` stands before it: it may give another answer instead."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.asked: list[Asked] = []
        self.trouble: Callable[[Asked], Answer | None] = lambda asked: None
        #: After the work is done, before it is said: whoever asked does not hear of it.
        self.deaf: Callable[[Asked], bool] = lambda asked: False
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server._serve(self)

            do_POST = do_PUT = do_DELETE = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def answer(self, asked: Asked) -> Answer:
        """What the vendor answers. Called by one thread at a time."""
        raise NotImplementedError

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        path = urlsplit(request.path)
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = Asked(request.command, path.path, dict(parse_qsl(path.query)), headers, body)
        instead = self.trouble(asked)
        with self.lock:
            self.asked.append(asked)
            given = instead if instead is not None else self.answer(asked)
        if self.deaf(asked):
            request.close_connection = True
            return
        sent = given.body if isinstance(given.body, bytes) else json.dumps(given.body).encode()
        request.send_response(given.status)
        for name, value in {"Content-Type": "application/json", **dict(given.headers)}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(sent)))
        # Whoever asked may have been killed meanwhile.
        with contextlib.suppress(ConnectionError):
            request.end_headers()
            request.wfile.write(sent)
