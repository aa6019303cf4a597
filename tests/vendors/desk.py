"""The desk's web program on loopback, for the assistant: it gives out files that agents sent.

Whether the real one takes the same addresses says `tests/integration/attachments/test_shared.py`.
"""

from __future__ import annotations

from uuid import uuid4

import jwt

from tests.vendors.loopback import Answer, Asked, Loopback


class Desk(Loopback):
    """The server."""

    def __init__(self, key: str) -> None:
        """
        Args:
            key: with which addresses are signed.
        """
        super().__init__()
        self._key = key
        self.files: dict[str, bytes] = {}

    def add(self, name: str, content: bytes, content_type: str) -> dict[str, object]:
        """Have a file; returns it as it stands in a message."""
        identified = str(uuid4())
        self.files[identified] = content
        return {"id": identified, "name": name, "content_type": content_type, "size": len(content)}

    def answer(self, asked: Asked) -> Answer:
        """A file, for whoever shows an address of ours."""
        _, chat, files, token, _ = asked.path.split("/")
        if (chat, files) != ("chat", "files"):
            return Answer(404, b"")
        try:
            identified = jwt.decode(token, self._key, algorithms=["HS256"], audience="file")["sub"]
        except jwt.InvalidTokenError:
            return Answer(404, b"")
        content = self.files.get(identified)
        return Answer(404, b"") if content is None else Answer(200, content, (("Content-Type", "text/plain"),))
