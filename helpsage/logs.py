"""Logs of our programs: one line an event on standard error, for people at a terminal and as JSON for machines."""

from __future__ import annotations

import logging
import sys

import structlog
from structlog.types import Processor

from helpsage import settings

#: Libraries that tell of every single step.
TALKATIVE = ("procrastinate", "psycopg.pool", "httpx", "apscheduler")
#: aiosmtpd's: it tells people's addresses, and as a warning every line that it does not understand.
INDISCREET = ("mail.log",)


def configure(program: str) -> None:
    """Send everything that this process logs to standard error, marked with the program's name."""
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering()],
        )
    )
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(program=program)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in INDISCREET:
        logging.getLogger(name).setLevel(logging.ERROR)


def _rendering() -> list[Processor]:
    chosen = settings.get().log_format
    if chosen == "text" or (chosen == "auto" and sys.stderr.isatty()):
        return [structlog.dev.ConsoleRenderer()]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
