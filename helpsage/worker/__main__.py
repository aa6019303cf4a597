"""`python -m helpsage.worker`: runs until SIGTERM or SIGINT, through every restart of PostgreSQL."""

from __future__ import annotations

from helpsage import program
from helpsage.worker.program import serve

if __name__ == "__main__":
    program.run("worker", serve)
