"""`python -m helpsage.mailroom`: runs until SIGTERM or SIGINT, through every restart of PostgreSQL and mail servers."""

from __future__ import annotations

from helpsage import program
from helpsage.mailroom.program import serve

if __name__ == "__main__":
    program.run("mailroom", serve)
