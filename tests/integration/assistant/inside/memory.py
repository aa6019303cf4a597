"""What a loaded model leaves to the garbage collector."""

from __future__ import annotations

import gc
import sys
import types
from pathlib import Path

from common import run

from assistant import fast_paths
from assistant.server import load_agent

MODEL = Path(sys.argv[1])
ENDPOINTS = types.SimpleNamespace(nlg=None, tracker_store=None, lock_store=None, action=None)


def nothing_of_the_model_is_gone_through_again() -> None:
    fast_paths.install()
    agent = load_agent(MODEL, ENDPOINTS)
    looked_at = {id(each) for each in gc.get_objects()}
    assert id(agent.processor.__dict__) not in looked_at
    assert id(agent.domain.__dict__) not in looked_at
    assert gc.get_freeze_count() > 100_000, gc.get_freeze_count()
    assert len(looked_at) < gc.get_freeze_count() / 100, len(looked_at)


if __name__ == "__main__":
    run(nothing_of_the_model_is_gone_through_again)
