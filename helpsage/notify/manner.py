"""How a person wants to be told: at once or in digests, and not in their quiet hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.notify.models import Manner, Rhythm, Stage

DAY = timedelta(days=1)


class InvalidManner(ValueError):
    """What was chosen does not fit together.

    Attributes:
        field: what it is about.
    """

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


def of_person(session: Session, person_id: UUID) -> Manner:
    """The person's choice; for who never chose, the usual, which is not kept."""
    found = session.get(Manner, person_id)
    return found or Manner(
        person_id=person_id,
        rhythm=Rhythm.AT_ONCE.value,
        digest_at=time(8),
        time_zone="",
        quiet_from=None,
        quiet_to=None,
    )


def choose(
    session: Session,
    person_id: UUID,
    rhythm: Rhythm,
    digest_at: time,
    time_zone: str,
    quiet_from: time | None,
    quiet_to: time | None,
) -> None:
    """Keep a choice.

    Raises:
        InvalidManner: an unknown zone, or half of the quiet hours.
    """
    if time_zone and time_zone not in zones():
        raise InvalidManner("time_zone")
    if (quiet_from is None) != (quiet_to is None) or (quiet_from is not None and quiet_from == quiet_to):
        raise InvalidManner("quiet")
    values = {
        "rhythm": rhythm.value,
        "digest_at": digest_at,
        "time_zone": time_zone,
        "quiet_from": quiet_from,
        "quiet_to": quiet_to,
    }
    row = insert(Manner).values(person_id=person_id, **values)
    session.execute(row.on_conflict_do_update(index_elements=["person_id"], set_=values))
    session.expire_all()


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Names that can be chosen: those of places, and UTC."""
    return tuple(sorted(name for name in available_timezones() if name == "UTC" or "/" in name))


def zone_of(manner: Manner) -> ZoneInfo:
    """The person's zone, or the desk's."""
    return ZoneInfo(manner.time_zone or settings.get().time_zone)


def when(manner: Manner, now: datetime, *, digests: bool = True) -> tuple[Stage, datetime]:
    """When something that happens now is told, in UTC.

    Parameters:
        digests: whether this way knows digests; otherwise it is told at once, apart from quiet hours.

    Returns:
        `waiting` and now, `held` until quiet hours end, or `digest` and the moment of the next one.
    """
    rhythm = Rhythm(manner.rhythm) if digests else Rhythm.AT_ONCE
    match rhythm:
        case Rhythm.DAILY:
            return Stage.DIGEST, after_quiet(manner, _next(manner.digest_at, now, zone_of(manner)))
        case Rhythm.HOURLY:
            hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
            return Stage.DIGEST, after_quiet(manner, hour)
        case _:
            later = after_quiet(manner, now)
            return (Stage.HELD, later) if later > now else (Stage.WAITING, now)


def after_quiet(manner: Manner, moment: datetime) -> datetime:
    """The moment itself, or the end of the quiet hours that it lies in."""
    if manner.quiet_from is None or manner.quiet_to is None or not is_quiet(manner, moment):
        return moment
    return _next(manner.quiet_to, moment, zone_of(manner))


def is_quiet(manner: Manner, moment: datetime) -> bool:
    """Whether the person's clock shows quiet hours."""
    begins, ends = manner.quiet_from, manner.quiet_to
    if begins is None or ends is None or begins == ends:
        return False
    shown = moment.astimezone(zone_of(manner)).time()
    return begins <= shown < ends if begins < ends else shown >= begins or shown < ends


def _next(wanted: time, after: datetime, zone: ZoneInfo) -> datetime:
    """The next moment at which clocks of the zone show this time. One that is skipped in spring comes an hour later,
    of one that is shown twice in autumn the first that still lies ahead is meant.
    """
    today = after.astimezone(zone).date()
    candidates = (_at(today + DAY * days, wanted, zone, fold) for days in range(3) for fold in (0, 1))
    return min(candidate for candidate in candidates if candidate > after)


def _at(day: date, wanted: time, zone: ZoneInfo, fold: int) -> datetime:
    local = datetime.combine(day, wanted.replace(fold=fold), tzinfo=zone)
    return local.astimezone(UTC)
