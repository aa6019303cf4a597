"""`python -m helpsage.worker [QUEUE]`: runs until SIGTERM or SIGINT, through every restart of PostgreSQL.

Without a queue it does all jobs there are. `./sage up` runs one program a queue.
"""

from __future__ import annotations

import argparse
import os
from functools import partial

from helpsage import program
from helpsage.jobs.programs import duty_of
from helpsage.jobs.queue import QUEUES
from helpsage.worker.program import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m helpsage.worker")
    parser.add_argument("queue", nargs="?", choices=QUEUES)
    duty = duty_of(parser.parse_args().queue)
    if duty.nice:
        os.nice(duty.nice)
    program.run(duty.name, partial(serve, duty=duty))
