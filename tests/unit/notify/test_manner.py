"""When people are told: quiet hours and digests, on their own clock, in every zone and on the days clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from helpsage.notify import manner
from helpsage.notify.models import Manner, Rhythm, Stage

ZONES = ("UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia")
TIMES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
MOMENTS = st.integers(1_577_836_800, 1_893_456_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def made(zone: str = "UTC", quiet: tuple[time, time] | None = None, rhythm: Rhythm = Rhythm.AT_ONCE) -> Manner:
    begins, ends = quiet or (None, None)
    return Manner(
        person_id=uuid4(), rhythm=rhythm.value, digest_at=time(8), time_zone=zone, quiet_from=begins, quiet_to=ends
    )


NIGHT = (time(22), time(7))


@pytest.mark.parametrize(
    ("zone", "now", "expected"),
    [
        ("UTC", "2026-11-20T12:00", None),
        ("UTC", "2026-11-20T22:00", "2026-11-21T07:00"),
        ("UTC", "2026-11-20T06:59", "2026-11-20T07:00"),
        ("UTC", "2026-11-20T07:00", None),
        ("Asia/Kolkata", "2026-11-20T17:00", "2026-11-21T01:30"),
        ("America/New_York", "2026-11-20T17:00", None),
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T05:00"),  # the night in which an hour is missing
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T06:00"),  # and the one that has one more
    ],
)
def test_quiet_hours_end_on_the_persons_clock(zone: str, now: str, expected: str | None) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    stage, at = manner.when(made(zone, NIGHT), moment)
    if expected is None:
        assert (stage, at) == (Stage.WAITING, moment)
    else:
        assert (stage, at) == (Stage.HELD, datetime.fromisoformat(expected).replace(tzinfo=UTC))


def test_an_end_that_is_shown_twice_is_not_waited_for_a_day() -> None:
    """02:30 comes twice in Berlin on 25 October 2026; in the second hour of 02:xx the second one is still ahead."""
    moment = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10, the second time
    _, at = manner.when(made("Europe/Berlin", (time(1), time(2, 30))), moment)
    assert at == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@given(st.sampled_from(ZONES), TIMES, TIMES, MOMENTS)
def test_nothing_ever_comes_in_quiet_hours_and_nothing_waits_longer(
    zone: str, begins: time, ends: time, now: datetime
) -> None:
    assume(begins != ends)
    chosen = made(zone, (begins, ends))
    _, at = manner.when(chosen, now)
    assert at >= now
    assert at - now <= timedelta(hours=25)
    if at > now:
        # Its minute is the end of the quiet hours, or the first one after a gap in which the end lay.
        shown = at.astimezone(ZoneInfo(zone))
        assert shown.time() >= ends or not manner.is_quiet(chosen, at)


@given(st.sampled_from(ZONES), TIMES, MOMENTS)
def test_a_daily_digest_comes_once_within_a_day_at_its_time(zone: str, wanted: time, now: datetime) -> None:
    chosen = made(zone, rhythm=Rhythm.DAILY)
    chosen.digest_at = wanted
    stage, at = manner.when(chosen, now)
    assert stage is Stage.DIGEST
    assert now < at <= now + timedelta(hours=49)  # Apia once left out a day, and clocks move
    _, later = manner.when(chosen, at)
    assert later > at


def test_an_hourly_digest_comes_at_the_full_hour_and_not_at_night() -> None:
    chosen = made("UTC", NIGHT, Rhythm.HOURLY)
    assert manner.when(chosen, datetime(2026, 11, 20, 12, 10, tzinfo=UTC))[1].isoformat() == "2026-11-20T13:00:00+00:00"
    assert manner.when(chosen, datetime(2026, 11, 20, 21, 10, tzinfo=UTC))[1].isoformat() == "2026-11-21T07:00:00+00:00"


def test_places_know_no_digests() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert manner.when(made(rhythm=Rhythm.DAILY), now, digests=False) == (Stage.WAITING, now)
