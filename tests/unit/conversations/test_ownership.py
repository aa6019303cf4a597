"""The map of who answers: nothing is left out, and nobody is left without an owner who answers."""

from __future__ import annotations

import pytest

from helpsage.conversations.models import Owner
from helpsage.conversations.ownership import TRANSITIONS, Step, allowed


def test_every_step_is_on_the_map() -> None:
    assert {step for _, step in TRANSITIONS} == set(Step)


@pytest.mark.parametrize("owner", list(Owner))
def test_every_owner_can_be_left(owner: Owner) -> None:
    assert any(TRANSITIONS[owner, step] is not owner for step in allowed(owner))


@pytest.mark.parametrize("owner", [Owner.QUEUED, Owner.HUMAN])
def test_the_assistant_answers_again_in_one_step(owner: Owner) -> None:
    assert Owner.BOT in {TRANSITIONS[owner, step] for step in allowed(owner)}


def test_a_human_comes_only_by_taking_or_beginning() -> None:
    ways = {(before, step) for (before, step), after in TRANSITIONS.items() if after is Owner.HUMAN}
    assert ways == {(Owner.QUEUED, Step.ACCEPTED), (Owner.BOT, Step.STARTED)}


def test_the_assistant_itself_can_only_ask_for_a_human() -> None:
    assert allowed(Owner.BOT) == {Step.ASKED, Step.STARTED}
