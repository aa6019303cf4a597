"""The arithmetic of comparing models, held to laws and to numbers worked out elsewhere."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.training import statistics

counts = st.integers(0, 60)
truths = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80)
labels = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1, max_size=80)


def test_mcnemar_is_the_textbooks() -> None:
    # 6 against 1: 2 * (C(7,6) + C(7,7)) / 2^7
    assert statistics.mcnemar(6, 1) == pytest.approx(0.125)
    assert statistics.mcnemar(10, 0) == pytest.approx(2 / 1024)
    assert statistics.mcnemar(0, 0) == 1.0


@given(counts, counts)
def test_mcnemar_takes_no_side(gained: int, lost: int) -> None:
    assert statistics.mcnemar(gained, lost) == statistics.mcnemar(lost, gained)
    assert 0 < statistics.mcnemar(gained, lost) <= 1


@given(counts, counts)
def test_losing_more_is_never_more_likely_by_chance(gained: int, lost: int) -> None:
    now = statistics.Paired(200, 100, 100 + gained - lost, gained, lost)
    more = statistics.Paired(200, 100, 99 + gained - lost, gained, lost + 1)
    assert more.p_worse <= now.p_worse + 1e-12
    assert (now.p_worse < 0.5) <= (lost > gained)


@given(counts, st.integers(0, 60))
def test_a_coin_shows_at_least_so_many_heads_or_fewer(count: int, tosses: int) -> None:
    fewer = sum(math.comb(tosses, heads) for heads in range(min(count, tosses + 1))) / 2**tosses
    assert statistics.at_least(count, tosses) + fewer == pytest.approx(1)


@given(truths)
def test_pairs_add_up(both: list[tuple[bool, bool]]) -> None:
    found = statistics.paired([old for old, _ in both], [new for _, new in both])
    assert found.right - found.right_before == found.gained - found.lost
    assert found.gained + found.lost <= found.messages == len(both)


@given(st.integers(1, 500), st.floats(0, 1))
def test_an_interval_holds_its_share(messages: int, share: float) -> None:
    right = round(share * messages)
    low, high = statistics.wilson(right, messages)
    assert 0 <= low <= right / messages + 1e-12
    assert right / messages - 1e-12 <= high <= 1
    wider_low, wider_high = statistics.wilson(right, messages) if messages < 2 else statistics.wilson(1, 2)
    assert wider_high - wider_low >= 0


def test_the_interval_is_wilsons() -> None:
    assert statistics.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-3)
    assert statistics.wilson(0, 0) == (0.0, 1.0)


@given(labels)
def test_classes_and_confusions_add_up(pairs: list[tuple[str, str]]) -> None:
    meant, said = [truth for truth, _ in pairs], [claim for _, claim in pairs]
    classes = statistics.by_class(meant, said)
    hits = sum(round(each.recall * each.messages) for each in classes)
    wrong = sum(count for _, _, count in statistics.confusions(meant, said))
    assert hits + wrong == len(pairs)
    assert all(0 <= each.f1 <= 1 for each in classes)
    assert (statistics.macro_f1(classes) == pytest.approx(1)) == (meant == said)


def test_macro_f1_counts_rare_intents_as_much() -> None:
    meant = ["a"] * 9 + ["b"]
    assert statistics.macro_f1(statistics.by_class(meant, ["a"] * 10)) == pytest.approx(18 / 19 / 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=60))
def test_bins_hold_every_message_once(given_: list[tuple[float, bool]]) -> None:
    found = statistics.bins([value for value, _ in given_], [right for _, right in given_])
    assert sum(each.messages for each in found) == len(given_)
    assert sum(each.right for each in found) == sum(right for _, right in given_)
    assert 0 <= statistics.calibration_error(found) <= 1


def test_an_honest_model_has_no_calibration_error() -> None:
    honest = statistics.bins([0.75] * 4, [True, True, True, False])
    assert statistics.calibration_error(honest) == pytest.approx(0)
    boasting = statistics.bins([0.95] * 4, [True, False, False, False])
    assert statistics.calibration_error(boasting) == pytest.approx(0.7)


def test_agreement() -> None:
    assert statistics.agreement(["a", "b"], ["a", "c"]) == 0.5
    assert statistics.agreement([], []) == 1.0
