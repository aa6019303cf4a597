"""Which programs do the jobs, and what each does besides. `./sage up` runs one of each."""

from __future__ import annotations

from dataclasses import dataclass

from helpsage.jobs.queue import DEFAULT_QUEUE, LATER_QUEUE, READING_QUEUE


@dataclass(frozen=True)
class Duty:
    """What one program does.

    Attributes:
        name: as it stands in logs and among the signs of life.
        queue: whose jobs it does; None: those of all.
        concurrency: jobs at a time.
        takes_in: whether it turns events into jobs and works off what came in, too.
        nice: of nice(2): how far it lets others go before it.
    """

    name: str
    queue: str | None
    concurrency: int
    takes_in: bool = False
    nice: int = 0


#: Somebody waits for what this one does: no job that takes long or thinks long may be among its own.
WORKER = Duty("worker", DEFAULT_QUEUE, concurrency=6, takes_in=True)
#: Reading takes the processor, and would slow everything down beside it; as many at a time as there are shards of it.
READER = Duty("reader", READING_QUEUE, concurrency=2)
#: What may wait gets what others leave of the processors. Few at a time, since its own half of each job yields, but the
#: database's half does not; one more than there are jobs that take minutes (training, learning, measuring, reading
#: along), so that letters go out meanwhile.
BACKGROUND = Duty("background", LATER_QUEUE, concurrency=5, nice=10)
DUTIES = (WORKER, READER, BACKGROUND)
#: All of it in one program.
EVERYTHING = Duty("worker", None, concurrency=6, takes_in=True)


def duty_of(queue: str | None) -> Duty:
    """What the program of a queue does; of all there is to do without one.

    Raises:
        StopIteration: there is no such queue.
    """
    return EVERYTHING if queue is None else next(duty for duty in DUTIES if duty.queue == queue)
