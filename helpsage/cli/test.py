"""`./sage test` and `./sage lint`: the project's own checks."""

from __future__ import annotations

import os
import sys

import typer

from helpsage.setup import steps


def test(context: typer.Context) -> None:
    """Run all tests; arguments go to pytest (for example tests/unit -k clock)."""
    steps.ensure_encoder()
    steps.ensure_assets()
    steps.ensure_model()
    workers = [] if any(argument.startswith("-n") for argument in context.args) else ["-n", "2", "--dist", "loadscope"]
    os.chdir(steps.ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *workers, *context.args])


def lint() -> None:
    """Run the linter, the formatter's check and the type checker."""
    os.chdir(steps.ROOT)
    checks = (["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"])
    codes = [os.spawnv(os.P_WAIT, sys.executable, [sys.executable, "-m", *check]) for check in checks]
    raise typer.Exit(max(codes))
