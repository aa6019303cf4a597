"""`python -m encoder build [--to DIR]` makes the encoder; `python -m encoder check [DIR]` tests the one there is."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from encoder import build
from encoder.model import Encoder, EncoderMissing, default_folder


def main() -> int:
    """Run the command and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m encoder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("build", help="make the encoder, unless the same one is there")
    making.add_argument("--to", type=Path, default=None, metavar="DIR")
    making.add_argument("--source", type=Path, default=None, metavar="DIR", help="weights of one's own")
    checking = commands.add_parser("check", help="compare the encoder with the reference")
    checking.add_argument("folder", type=Path, nargs="?", default=None)
    arguments = parser.parse_args()
    try:
        if arguments.command == "build":
            return _build(arguments.to or default_folder(), arguments.source)
        return _check(arguments.folder or default_folder())
    except (build.BuildFailed, EncoderMissing) as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _build(to: Path, source: Path | None) -> int:
    began = time.monotonic()
    made = build.build(to, source)
    sys.stdout.write(f"encoder made in {time.monotonic() - began:.1f} s\n" if made else "encoder is up to date\n")
    return 0


def _check(folder: Path) -> int:
    least = build.difference(Encoder(folder))
    sys.stdout.write(f"least cosine to the reference: {least:.4f}\n")
    return 0 if least >= build.SMALL_FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
