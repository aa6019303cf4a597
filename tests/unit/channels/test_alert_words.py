"""What somebody's words in a team's thread mean: nothing leaves the house unmarked, and no slip sends anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.alerts import commands
from helpsage.alerts.commands import Command, Meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("I think he broke it", Meant(Command.PLAIN, "I think he broke it")),
        ("reply to him soon", Meant(Command.PLAIN, "reply to him soon")),
        ("see !reply", Meant(Command.PLAIN, "see !reply")),
        ("!reply Restart it.", Meant(Command.REPLY, "Restart it.")),
        ("  !Reply: Restart\nit.", Meant(Command.REPLY, "Restart\nit.")),
        ("/reply Restart it.", Meant(Command.REPLY, "Restart it.")),
        ("!reply", Meant(Command.REPLY, "")),
        ("!replyhim now", Meant(None, "now", "replyhim")),
        ("!rpely now", Meant(None, "now", "rpely")),
        ("!!! urgent", Meant(Command.PLAIN, "!!! urgent")),
        ("! reply now", Meant(Command.PLAIN, "! reply now")),
        ("!1 of 3", Meant(Command.PLAIN, "!1 of 3")),
        ("!take", Meant(Command.TAKE, "")),
        ("!plain x", Meant(None, "x", "plain")),
    ],
)
def test_what_is_meant(written: str, meant: Meant) -> None:
    assert commands.read(written) == meant


@given(st.text())
def test_only_a_mark_at_the_very_beginning_sends(written: str) -> None:
    if not written.strip().lower().startswith(("!reply", "/reply")):
        assert commands.read(written).command is not Command.REPLY
