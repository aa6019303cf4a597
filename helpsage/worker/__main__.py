"""`python -m helpsage.worker [QUEUE]`: runs until SIGTERM or SIGINT, through every restart of PostgreSQL.

Without a queue it does all jobs there are. `./sage up` runs one program a queue.
"""

from __future__ import annotations

import argparse
import os
from functools import partial

from helpsage import program
from helpsage.jobs.queue import LATER_QUEUE, QUEUES
from helpsage.worker.program import NAMES, serve

#: nice(2): what may wait gets what others leave of the processors.
YIELDING = 10

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m helpsage.worker")
    parser.add_argument("queue", nargs="?", choices=QUEUES)
    queue = parser.parse_args().queue
    if queue == LATER_QUEUE:
        os.nice(YIELDING)
    program.run(NAMES[queue], partial(serve, queue=queue))
