"""`./sage bench ...`: reproducible measurements, the named peers included."""

from __future__ import annotations

import os
import sys

import typer

from helpsage.setup import steps

#: Name -> module, and whether it runs in Rasa's environment.
BENCHES = {
    "chat": ("bench.chat", False),
    "channels": ("bench.channels", False),
    "nlu": ("bench.nlu", True),
    "shadow": ("bench.shadow", False),
    "languages": ("bench.languages", True),
    "web": ("bench.web", False),
    "intake": ("bench.intake", False),
    "knowledge": ("bench.knowledge", False),
    "learning": ("bench.learning", True),
}


def bench(context: typer.Context) -> None:
    """Measure: one of chat, channels, nlu (--data DIR), languages, shadow, web, intake, knowledge, learning."""
    name, *rest = context.args or [""]
    if name not in BENCHES:
        raise typer.BadParameter(f"choose one of: {', '.join(BENCHES)}")
    module, in_rasa = BENCHES[name]
    if name == "web":
        steps.ensure_assets()
    else:
        steps.ensure_encoder()
    if name in ("chat", "channels", "languages", "shadow"):
        steps.ensure_model()
    python = str(steps.rasa_python()) if in_rasa else sys.executable
    os.chdir(steps.ROOT)
    os.execve(python, [python, "-m", module, *rest], steps.rasa_environment())
