"""`./sage test` and `./sage lint`: the project's own checks."""

from __future__ import annotations

import os
import sys

import typer

from helpsage.setup import steps

#: Folders of tests that kill and stop programs and databases.
BY_ITSELF = ("tests/faults", "tests/channels/test_faults.py")


def test(context: typer.Context) -> None:
    """Run all tests; arguments go to pytest (for example tests/unit -k clock)."""
    steps.ensure_encoder()
    steps.ensure_assets()
    steps.ensure_model()
    os.chdir(steps.ROOT)
    if context.args:
        raise typer.Exit(_pytest(*context.args))
    # What breaks its own programs runs by itself, so that time limits mean something and nothing else is disturbed.
    together = _pytest("-n", "2", "--dist", "loadscope", *(f"--ignore={folder}" for folder in BY_ITSELF))
    raise typer.Exit(_pytest(*BY_ITSELF) or together)


def _pytest(*arguments: str) -> int:
    return os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", "pytest", *arguments])


def lint() -> None:
    """Run the linter, the formatter's check and the type checker."""
    os.chdir(steps.ROOT)
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    codes = [os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", *check]) for check in checks]
    raise typer.Exit(max(codes))
