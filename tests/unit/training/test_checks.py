"""Each mistake that a trainer can make is found, with its file and line; what is sound is left alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from helpsage.setup import steps
from helpsage.training import checks
from helpsage.training.checks import Checked, Finding, Severity
from helpsage.training.checks.alike import _same
from helpsage.training.checks.finding import Project
from helpsage.training.examples import normal, written
from tests.unit.training.conftest import DOMAIN, GREETINGS, HOURS, RULES, WIFI, block

HEAD = 'version: "3.1"\nnlu:\n'
SOUND = block("greet", GREETINGS) + block("wifi_problem", WIFI)
PLACES = DOMAIN.replace("responses:\n", "responses:\n  utter_ask_place: [{text: Where}]\n")

Write = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def encoder() -> None:
    """The checks read with the real one."""
    steps.ensure_encoder()


def found(root: Path, rule: str) -> list[Finding]:
    return [finding for finding in checks.run(root).findings if finding.rule == rule]


def test_a_sound_project_has_no_errors(project: Write) -> None:
    checked = checks.run(project(domain=PLACES))
    assert checked.sound
    assert [finding.rule for finding in checked.findings if finding.severity is Severity.WARNING] == [
        "few-examples", "few-examples"
    ]  # fmt: skip


def test_the_same_words_under_two_intents(project: Write) -> None:
    root = project(nlu=HEAD + block("greet", GREETINGS) + block("wifi_problem", [*WIFI, "Good Morning!"]))
    [finding] = found(root, "duplicate")
    assert (finding.severity, finding.place) == (Severity.ERROR, f"{root}/data/nlu/a.yml:19")
    assert "greet" in finding.words


def test_marks_of_entities_and_case_make_no_difference(project: Write) -> None:
    root = project(nlu=HEAD + block("greet", [*GREETINGS, "no WLAN in my [room](place)"]) + block("wifi_problem", WIFI))
    assert len(found(root, "duplicate")) == 1


def test_the_same_words_twice_in_one_intent(project: Write) -> None:
    root = project(nlu=HEAD + block("greet", [*GREETINGS, "hello"]) + block("wifi_problem", WIFI))
    [finding] = found(root, "repeated")
    assert finding.severity is Severity.WARNING


def test_nearly_the_same_words_under_two_intents(project: Write) -> None:
    root = project(nlu=HEAD + block("greet", [*GREETINGS, "the wifi is down"]) + block("wifi_problem", WIFI))
    assert "wifi is down" in found(root, "near-duplicate")[0].words


def test_an_example_among_those_of_another_intent(project: Write) -> None:
    more = [f"the wifi in {place} is down" for place in ("the lab", "the hall", "my room", "the library", "block b")]
    root = project(nlu=HEAD + block("greet", [*GREETINGS, "wifi in the kitchen is down"]) + block("wifi_problem", more))
    assert "wifi in the kitchen" in found(root, "claimed")[0].words


def test_too_few_examples(project: Write) -> None:
    root = project(nlu=HEAD + block("greet", GREETINGS[:1]) + block("wifi_problem", WIFI))
    severities = {finding.about: finding.severity for finding in found(root, "few-examples")}
    assert severities == {"greet": Severity.ERROR, "wifi_problem": Severity.WARNING}


def test_a_question_without_answer_and_an_answer_without_question(project: Write) -> None:
    root = project(domain=PLACES.replace("utter_faq/hours", "utter_faq/prices"))
    assert [finding.about for finding in found(root, "no-answer")] == ["faq/hours"]
    assert [finding.about for finding in found(root, "unasked-answer")] == ["utter_faq/prices"]


def test_a_response_that_nothing_says(project: Write) -> None:
    root = project(domain=PLACES.replace("responses:\n", "responses:\n  utter_forgotten: [{text: Oh}]\n"))
    [finding] = found(root, "unused-response")
    assert (finding.about, finding.place) == ("utter_forgotten", f"{root}/domain.yml:4")


def test_a_rule_for_an_intent_that_does_not_exist(project: Write) -> None:
    root = project(domain=PLACES, rules=RULES.replace("intent: greet", "intent: great"))
    [finding] = found(root, "unreachable-rule")
    assert (finding.severity, finding.place) == (Severity.ERROR, f"{root}/data/rules/c.yml:3")


SHADOW = """\
  - rule: Hello again
    steps:
      - intent: greet
      - action: action_hand_over
"""


def test_a_rule_that_another_stands_before(project: Write) -> None:
    root = project(domain=PLACES, rules=RULES + SHADOW)
    [finding] = found(root, "shadowed-rule")
    assert "'Hello again' begins like 'Hello'" in finding.words


def test_a_rule_under_a_condition_stands_in_nobodys_way(project: Write) -> None:
    conditional = SHADOW.replace("    steps:", "    condition:\n      - active_loop: ticket_form\n    steps:")
    assert found(project(domain=PLACES, rules=RULES + conditional), "shadowed-rule") == []


def test_a_rule_that_only_goes_on_when_more_is_said_is_no_shadow(project: Write) -> None:
    rules = (
        RULES + SHADOW.replace("action_hand_over", "utter_greet") + "      - intent: faq\n      - action: utter_faq\n"
    )
    assert found(project(domain=PLACES, rules=rules), "shadowed-rule") == []


def test_a_form_that_asks_without_words(project: Write) -> None:
    [finding] = found(project(), "question-without-words")
    assert "utter_ask_ticket_form_place" in finding.words
    assert found(project(domain=PLACES), "question-without-words") == []


def test_a_question_of_a_category_without_words(project: Write) -> None:
    root = project(
        domain=PLACES, categories="questions:\n  room: {label: Room, ask: utter_ask_room, help: 'A number.'}\n"
    )
    [finding] = found(root, "question-without-words")
    assert finding.place == f"{root}/config/categories.yml:2"


def test_a_held_out_message_that_is_trained_on_or_of_no_known_intent(project: Write) -> None:
    root = project(domain=PLACES, held_out=HEAD + block("greet", ["Hello!"]) + block("parking", ["where do I park"]))
    assert len(found(root, "trained-on-held-out")) == 1
    assert [finding.about for finding in found(root, "unknown-intent")] == ["parking"]


def test_a_file_that_is_no_yaml_is_told_with_its_line(project: Write) -> None:
    [finding] = checks.run(project(nlu="nlu:\n  - intent: [\n")).findings
    assert (finding.rule, finding.place) == ("unreadable", f"{finding.place.rpartition(':')[0]}:3")


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "domain.yml").write_text("intents: []\n")
    [finding] = checks.run(tmp_path).findings
    assert "no examples" in finding.about


def test_what_was_accepted_is_not_shown_again_but_errors_are(project: Write) -> None:
    root = project()
    accepted = root / "accepted.txt"
    before = checks.run(root, accepted)
    assert checks.accept(before, accepted) == len(before.findings) - 1
    after = checks.run(root, accepted)
    assert [finding.rule for finding in after.findings] == ["question-without-words"]
    assert len(after.accepted) == len(before.findings) - 1


def test_the_projects_own_data_is_clean() -> None:
    checked: Checked = checks.run()
    assert [finding.line for finding in checked.findings if finding.severity is not Severity.HINT] == []


def test_every_example_has_its_own_line() -> None:
    lines = written()
    for line in lines[::97]:
        content = (steps.ROOT / line.file).read_text("utf-8").splitlines()[line.number - 1]
        assert normal(line.text)[:8] in normal(re.sub(r"\[([^\]]+)\](\([^)]*\)|\{[^}]*\})", r"\1", content))
    assert len({line.place for line in lines}) == len(lines)


def test_languages_are_looked_at_apart(project: Write) -> None:
    """A word may stand in several, and vectors of the others tell little."""
    german = block("bye", ["no", "tschüss", "bis bald"]).replace(
        "    examples", "    metadata: {language: de}\n    examples"
    )
    root = project(nlu=HEAD + SOUND + block("deny", ["no", "nope", "not that"]) + german)
    assert [finding for finding in _same(Project.read(root)) if "'no'" in finding.words] == []
    assert {line.language for line in Project.read(root).told_by_meaning.lines} == {"en"}


def test_copies_are_found_however_many(project: Write) -> None:
    root = project(nlu=HEAD + SOUND + block("bye", HOURS))
    assert len([finding for finding in _same(Project.read(root)) if finding.rule == "duplicate"]) == len(HOURS)
