"""The gate lets through what is as good, and chance; not what is worse."""

from __future__ import annotations

from helpsage.training import gate
from helpsage.training.examples import Line
from helpsage.training.real import Message, meaning_of
from helpsage.training.statistics import Paired
from helpsage.training.understanding import Understood


def paired(gained: int, lost: int, messages: int = 1000) -> Paired:
    return Paired(messages, 900, 900 + gained - lost, gained, lost)


def allowed(held_out: Paired, real: Paired | None = None) -> bool:
    return gate.judge(held_out, real, 0, None).allowed


def test_the_same_or_better_passes() -> None:
    assert allowed(paired(0, 0))
    assert allowed(paired(20, 0))
    assert allowed(paired(8, 8), paired(0, 0, 10))


def test_chance_passes_and_a_loss_does_not() -> None:
    assert allowed(paired(2, 4))
    assert not allowed(paired(2, 14))
    # Five lost and none gained: 1 in 32.
    assert not allowed(paired(0, 5))
    assert allowed(paired(0, 4))


def test_what_people_really_wrote_counts_too() -> None:
    verdict = gate.judge(paired(30, 0), paired(0, 9, 40), 200, 0.9)
    assert not verdict.allowed
    assert "last month" in verdict.reasons[0]
    assert "31 of 40" not in verdict.reasons[0]


def test_the_verdict_is_kept_with_its_numbers() -> None:
    kept = gate.judge(paired(1, 3), None, 12, 0.75).as_json()
    assert kept["held_out"] == {
        "messages": 1000, "right_before": 900, "right": 898, "gained": 1, "lost": 3, "p_worse": 0.3125,
        "p_different": 0.625,
    }  # fmt: skip
    assert (kept["real"], kept["alike"], kept["allowed"]) == (None, 0.75, True)


def test_of_a_question_the_answer_counts() -> None:
    lines = [Line("reset?", "faq/reset_password", "f", 1), Line("hi", "greet", "f", 2)]
    right = [Understood("faq/reset_password", 0.9), Understood("greet", 0.9)]
    other = [Understood("faq/first_login", 0.9), Understood("greet", 0.9)]
    found = gate.on_held_out(lines, right, other)
    assert (found.right_before, found.right, found.lost) == (2, 1, 1)


def test_only_confirmed_messages_are_counted() -> None:
    messages = [
        Message(1, "wifi", "nlu_fallback", 0.3, frozenset({"wifi_problem"})),
        Message(2, "something", "greet", 0.3),
        Message(3, "reset", "faq/reset_password", 0.8, frozenset({"faq/reset_password"})),
    ]
    old = [Understood("greet", 0.3), Understood("greet", 0.3), Understood("faq/reset_password", 0.8)]
    new = [Understood("wifi_problem", 0.6), Understood("thanks", 0.3), Understood("faq/first_login", 0.8)]
    found = gate.on_real(messages, old, new)
    assert found is not None
    assert (found.messages, found.gained, found.lost) == (2, 1, 1)
    assert gate.on_real(messages[1:2], old[1:2], new[1:2]) is None


def test_what_a_pressed_button_says_was_meant() -> None:
    assert meaning_of("/wifi_problem") == "wifi_problem"
    assert meaning_of('/inform{"choice": "faq/reset_password"}') == "faq/reset_password"
    for silent in ("/deny", "/affirm", '/inform{"choice": "laptop"}', '/inform{"choice": 7}', "/inform{", "hello", "/"):
        assert meaning_of(silent) is None
