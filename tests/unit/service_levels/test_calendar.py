"""Working time against a computation that walks minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpsage.service_levels.calendar import Calendar, NeverOpen, Shift, add, between

MINUTE = timedelta(minutes=1)
#: Walking takes its time.
walking = settings(deadline=None, max_examples=50)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = {day: (Shift(540, 720), Shift(780, 1020)) for day in range(5)}
NIGHTS = {day: (Shift(1320, 1800),) for day in range(7)}
ALWAYS = {day: (Shift(0, 1440),) for day in range(7)}
#: Clocks that change by an hour, by half an hour, at midnight, by a whole day, and never.
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Pacific/Apia", "Asia/Kolkata"]
#: Around changes of those clocks, and one quiet day.
DAYS = [
    date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4),
    date(2011, 12, 30), date(2026, 6, 17),
]  # fmt: skip


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def berlin(*parts: int, fold: int = 0) -> datetime:
    return datetime(*parts, tzinfo=BERLIN, fold=fold).astimezone(UTC)  # type: ignore[arg-type, misc]


# --- the slow way


def midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def worked(calendar: Calendar, first: datetime, minutes: int) -> Iterator[bool]:
    """For each minute from `first` on whether it is worked: shifts begin and end as a clock that is watched says."""
    watched = first - timedelta(days=4)
    starts: dict[tuple[date, Shift], bool] = {}
    for day in (watched.date() + timedelta(days=n) for n in range(-1, minutes // 1440 + 9)):
        usual = calendar.shifts.get(day.weekday(), ()) if day not in calendar.days_off else ()
        own = calendar.single_days.get(day)
        for shift in usual if own is None else own:
            starts[day, shift] = False
    waiting, running = set(starts), set[tuple[date, Shift]]()
    for n in range(minutes + 4 * 1440):
        moment = watched + n * MINUTE
        wall = moment.astimezone(calendar.zone).replace(tzinfo=None)
        for day, shift in sorted(waiting):
            if wall >= midnight(day) + shift.begin * MINUTE:
                waiting.discard((day, shift))
                running.add((day, shift))
        for day, shift in sorted(running):
            if wall >= midnight(day) + shift.end * MINUTE:
                running.discard((day, shift))
        if moment >= first:
            yield bool(running)


# --- any calendar

shifts = st.builds(lambda begin, length: Shift(begin, begin + length), st.integers(0, 1439), st.integers(1, 1440))
calendars = st.builds(
    Calendar,
    st.sampled_from(ZONES).map(ZoneInfo),
    st.dictionaries(st.integers(0, 6), st.lists(shifts, max_size=3).map(tuple), max_size=7),
    st.frozensets(st.sampled_from(DAYS), max_size=3),
    st.dictionaries(st.sampled_from(DAYS), st.lists(shifts, max_size=2).map(tuple), max_size=3),
)
moments = st.builds(
    lambda day, minutes: datetime(day.year, day.month, day.day, tzinfo=UTC) + minutes * MINUTE,
    st.sampled_from(DAYS),
    st.integers(-1440, 2 * 1440),
)


@walking
@given(calendars, moments, st.integers(0, 2 * 1440))
@example(Calendar(BERLIN, NIGHTS), utc(2026, 3, 28, 12), 1440)
@example(Calendar(BERLIN, NIGHTS), utc(2026, 10, 24, 12), 1440)
@example(Calendar(BERLIN, ALWAYS), utc(2026, 10, 24, 12), 1440)
@example(Calendar(BERLIN, {}), utc(2026, 10, 24, 12), 1440)
@example(Calendar(ZoneInfo("Pacific/Apia"), ALWAYS), utc(2011, 12, 29, 12), 2880)
def test_working_time_is_what_walking_minute_by_minute_finds(calendar: Calendar, a: datetime, minutes: int) -> None:
    naive = sum(worked(calendar, a, minutes)) * MINUTE
    assert between(calendar, a, a + minutes * MINUTE) == naive


@walking
@given(calendars, moments, st.integers(1, 600))
@example(Calendar(BERLIN, NIGHTS), utc(2026, 3, 28, 22), 480)
@example(Calendar(BERLIN, ALWAYS), utc(2026, 10, 24, 22), 600)
def test_the_moment_is_the_one_that_walking_arrives_at(calendar: Calendar, start: datetime, minutes: int) -> None:
    passed = 0
    for n, is_worked in enumerate(worked(calendar, start, 2 * 1440)):
        passed += is_worked
        if passed == minutes:
            assert add(calendar, start, minutes * MINUTE) == start + (n + 1) * MINUTE
            return
    try:
        assert add(calendar, start, minutes * MINUTE) > start + 2 * 1440 * MINUTE
    except NeverOpen:
        assert not any(between(calendar, start, start + timedelta(days=n)) >= minutes * MINUTE for n in (30, 3600))


@settings(deadline=None)
@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(hours=90)))
def test_adding_and_measuring_agree(calendar: Calendar, start: datetime, working: timedelta) -> None:
    try:
        end = add(calendar, start, working)
    except NeverOpen:
        return
    assert end >= start
    assert between(calendar, start, end) == working
    assert end == start or between(calendar, start, end - timedelta(microseconds=1)) < working


@settings(deadline=None)
@given(calendars, moments, st.lists(st.integers(0, 4000), min_size=2, max_size=2))
def test_parts_make_the_whole(calendar: Calendar, a: datetime, steps: list[int]) -> None:
    b = a + steps[0] * MINUTE
    c = b + steps[1] * MINUTE
    assert between(calendar, a, b) + between(calendar, b, c) == between(calendar, a, c)


# --- particular days


def test_a_split_day_leaves_its_lunch_out() -> None:
    office = Calendar(BERLIN, OFFICE)
    assert add(office, berlin(2026, 6, 17, 11, 30), timedelta(hours=1)) == berlin(2026, 6, 17, 13, 30)


def test_what_comes_in_at_night_begins_in_the_morning() -> None:
    office = Calendar(BERLIN, OFFICE)
    # Friday evening; Monday is the next day of work.
    assert add(office, berlin(2026, 6, 19, 20), timedelta(hours=2)) == berlin(2026, 6, 22, 11)


def test_exactly_to_the_end_of_a_shift_is_due_then_and_not_the_next_morning() -> None:
    office = Calendar(BERLIN, OFFICE)
    assert add(office, berlin(2026, 6, 17, 16), timedelta(hours=1)) == berlin(2026, 6, 17, 17)


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        (berlin(2026, 6, 17, 22), berlin(2026, 6, 18, 6), 8),
        (berlin(2026, 3, 28, 22), berlin(2026, 3, 29, 6), 7),
        (berlin(2026, 10, 24, 22), berlin(2026, 10, 25, 6), 9),
    ],
    ids=["usual", "clocks go forward", "clocks go back"],
)
def test_a_night_is_as_long_as_it_is(begin: datetime, end: datetime, hours: int) -> None:
    nights = Calendar(BERLIN, NIGHTS)
    assert between(nights, begin - timedelta(hours=9), end + timedelta(hours=9)) == timedelta(hours=hours)
    assert add(nights, begin, timedelta(hours=hours)) == end


def test_a_shift_that_begins_in_an_hour_that_is_left_out_begins_when_the_clocks_change() -> None:
    calendar = Calendar(BERLIN, {6: (Shift(150, 360),)})  # half past two to six, Sundays
    assert between(calendar, utc(2026, 3, 28, 12), utc(2026, 3, 29, 12)) == timedelta(hours=3)
    assert add(calendar, utc(2026, 3, 28, 12), timedelta(hours=1)) == berlin(2026, 3, 29, 4)


def test_a_shift_that_begins_in_an_hour_that_comes_twice_begins_the_first_time() -> None:
    calendar = Calendar(BERLIN, {6: (Shift(150, 360),)})
    assert between(calendar, utc(2026, 10, 24, 12), utc(2026, 10, 25, 12)) == timedelta(hours=4.5)


def test_a_day_off_takes_the_night_that_begins_on_it_and_leaves_the_one_before() -> None:
    nights = Calendar(BERLIN, NIGHTS, frozenset({date(2026, 12, 25)}))
    assert between(nights, berlin(2026, 12, 24, 12), berlin(2026, 12, 25, 12)) == timedelta(hours=8)
    assert between(nights, berlin(2026, 12, 25, 12), berlin(2026, 12, 26, 12)) == timedelta(0)


def test_hours_of_a_single_day_take_the_place_of_the_usual_ones_and_of_a_day_off() -> None:
    eve, christmas = date(2026, 12, 24), date(2026, 12, 25)
    short = Calendar(BERLIN, OFFICE, frozenset({christmas}), {eve: (Shift(540, 660),), christmas: (Shift(600, 660),)})
    assert between(short, berlin(2026, 12, 24), berlin(2026, 12, 25)) == timedelta(hours=2)
    assert add(short, berlin(2026, 12, 24, 10), timedelta(hours=2)) == berlin(2026, 12, 25, 11)


def test_a_single_day_can_be_closed_by_hours_of_none() -> None:
    closed = Calendar(BERLIN, OFFICE, single_days={date(2026, 6, 17): ()})
    assert between(closed, berlin(2026, 6, 17), berlin(2026, 6, 18)) == timedelta(0)


def test_shifts_that_overlap_count_once() -> None:
    calendar = Calendar(BERLIN, {0: (Shift(1320, 1800),), 1: (Shift(300, 720), Shift(600, 660))})
    monday = berlin(2026, 6, 15, 12)
    assert between(calendar, monday, monday + timedelta(days=1)) == timedelta(hours=14)


@pytest.mark.parametrize("shifts", [{}, {0: ()}], ids=["no day", "a day without a shift"])
def test_nothing_is_ever_due_by_a_calendar_that_is_never_open(shifts: dict[int, tuple[Shift, ...]]) -> None:
    with pytest.raises(NeverOpen):
        add(Calendar(BERLIN, shifts), utc(2026, 6, 17), MINUTE)


def test_no_time_at_all_is_due_at_once() -> None:
    assert add(Calendar(BERLIN, {}), utc(2026, 6, 17), timedelta(0)) == utc(2026, 6, 17)


@pytest.mark.parametrize(("begin", "end"), [(540, 540), (540, 500), (1440, 1500), (-1, 60), (0, 1441)])
def test_what_is_no_shift_is_refused(begin: int, end: int) -> None:
    with pytest.raises(ValueError, match="no shift"):
        Shift(begin, end)
