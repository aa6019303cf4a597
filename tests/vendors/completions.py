"""An OpenAI-compatible endpoint on loopback (`POST /v1/chat/completions`)."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Endpoint:
    """A server that answers as it is told.

    Attributes:
        asked: bodies of the requests, and headers their Authorization.
    """

    def __init__(self, answer: object) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[str] = []
        self.answer: Callable[[BaseHTTPRequestHandler], None] = lambda handler: say(handler, answer)
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                owner.asked.append(json.loads(self.rfile.read(length)))
                owner.headers.append(self.headers.get("Authorization", ""))
                owner.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        """As the settings name it."""
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def stop(self) -> None:
        """End it."""
        self.server.shutdown()
        self.server.server_close()


def say(handler: BaseHTTPRequestHandler, answer: object, status: int = 200) -> None:
    """An answer in the endpoint's form; a text is sent as it is."""
    raw(handler, whole(answer), status)


def whole(answer: object) -> bytes:
    """The body of an answer."""
    content = answer if isinstance(answer, str) else json.dumps(answer)
    return json.dumps({"model": "m-1", "choices": [{"message": {"content": content}}]}).encode()


def raw(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200) -> None:
    """A body, whatever it is."""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
