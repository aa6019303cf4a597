"""Words with which somebody on a chat application says who they are: `link asha@example.org`, and then the code.

They are kept as every message and go to the help desk (`helpsage/people/identities.py`) instead of the dialogue: what
proves an address is not for a model to guess at. Six digits are a code only while one is awaited.
"""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

HEARD = "identity.heard"
_LINK = re.compile(
    r"/?(?:link|connect)(?: (?:me|my (?:account|e-?mail|address|tickets)))?(?: (?:to|with))?"
    r"(?:[ :]+<?(?:mailto:)?[^\s@<>]{1,100}@[^\s@<>]{1,200}>?)?[.!]?",
    re.IGNORECASE,
)
_CODE = re.compile(r"\d{3}[ -]?\d{3}")
AWAITED = """
select true from conversation join identity_code on identity_code.identity_id = conversation.identity_id
 where conversation.id = $1 and identity_code.used_at is null and identity_code.expires_at > now() limit 1
"""
HANDLED = "update message set handled_at = now() where id = $1"


async def is_meant(connection: Any, conversation: UUID, text: str) -> bool:
    """Whether these words are about who somebody is."""
    if _LINK.fullmatch(text):
        return True
    return _CODE.fullmatch(text) is not None and bool(await connection.fetchval(AWAITED, conversation))


async def pass_on(connection: Any, message_id: int) -> None:
    """The help desk answers this message, not the dialogue."""
    await connection.execute(HANDLED, message_id)
