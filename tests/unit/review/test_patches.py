"""A change adds lines beside those that are there, is one that git applies, and Rasa's reader reads what was meant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpsage.setup import steps
from helpsage.training import blocks, branches, patches, review, taught
from helpsage.training.patches import Addition, Edit, InvalidName, NewAnswer
from helpsage.training.scrub import one_line

NLU = """\
version: "3.1"
# Kept as it is.
nlu:
  - intent: login_error   # the first
    examples: |
      - cannot log in
      - "quoted" words: and 'more'

  - intent: "vpn_problem"
    examples: |-
          - vpn drops

          - no tunnel
  - regex: reference
    examples: |
      - hs-\\d+
"""
FAQ = """\
version: "3.1"
nlu:
  - intent: faq/reset_password
    examples: |
      - how do i reset it

responses:
  utter_faq/reset_password:
    - text: Press the button."""
DOMAIN = "version: '3.1'\n\nintents:\n  # problems\n  - login_error\n  - vpn_problem\n\nentities:\n  - date\n"
FILES = {"data/nlu/a.yml": NLU, "data/faq/b.yml": FAQ, "domain.yml": DOMAIN}


def added(edit: Edit) -> list[str]:
    """Lines that the patch adds; it takes none away but one that gets a line end."""
    lines = patches.unified(edit).splitlines()
    return [line[1:] for line in lines if line.startswith("+") and not line.startswith("+++")]


def taken(edit: Edit) -> list[str]:
    lines = patches.unified(edit).splitlines()
    return [line for line in lines if line.startswith("-") and not line.startswith("---")]


def test_an_example_stands_at_the_end_of_its_intents_block() -> None:
    edit = patches.change(FILES, [Addition("login_error", "kein login"), Addition("vpn_problem", "tunnel is down")])
    assert added(edit) == ["      - kein login", "          - tunnel is down"]
    assert taken(edit) == []
    lines = edit.after["data/nlu/a.yml"].splitlines()
    assert lines[lines.index("      - kein login") - 1] == "      - \"quoted\" words: and 'more'"
    assert lines[lines.index("          - tunnel is down") - 1] == "          - no tunnel"


def test_what_is_there_already_is_not_written_again() -> None:
    edit = patches.change(
        FILES,
        [
            Addition("login_error", "Cannot log in!"),
            Addition("vpn_problem", "cannot log in"),
            Addition("vpn_problem", "how do i reset it?"),
            Addition("vpn_problem", "[tunnel](device) gone"),
            Addition("vpn_problem", "tunnel gone"),
        ],
    )
    assert added(edit) == ["          - [tunnel](device) gone"]


def test_a_new_intent_gets_a_file_and_a_line_in_the_domain() -> None:
    edit = patches.change(FILES, [Addition("drone_lost", "my drone flew off"), Addition("drone_lost", "drone gone")])
    assert sorted(edit.changed) == ["data/nlu/reviewed.yml", "domain.yml"]
    assert edit.after["domain.yml"].splitlines()[5] == "  - vpn_problem"
    assert edit.after["domain.yml"].splitlines()[6].startswith("  - drone_lost  # new:")
    assert [each.text for each in blocks.written(edit.changed)] == ["my drone flew off", "drone gone"]
    again = patches.change({**FILES, **edit.after}, [Addition("drone_lost", "where is my drone")])
    assert sorted(again.changed) == ["data/nlu/reviewed.yml"]


@pytest.mark.parametrize("name", ["", "Login", "a b", "faq/", "other/x", "../x", "faq/a/b", "x" * 80, "-x", "nlu:"])
def test_a_name_that_no_intent_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidName):
        review.check(name)


def test_a_new_answer_has_examples_and_a_response() -> None:
    answer = NewAnswer("lost_card", ("i lost my card", "card gone"), "Go to the **desk**.\n\n- bring {id}\n- pay")
    edit = patches.change(FILES, [], [answer])
    import yaml

    content = yaml.safe_load(edit.after["data/faq/reviewed.yml"])
    assert content["nlu"] == [{"intent": "faq/lost_card", "examples": "- i lost my card\n- card gone\n"}]
    assert content["responses"] == {"utter_faq/lost_card": [{"text": "Go to the **desk**.\n\n- bring (id)\n- pay"}]}
    more = patches.change({**FILES, **edit.after}, [], [answer, NewAnswer("lost_key", ("key gone",), "Ask.")])
    assert set(yaml.safe_load(more.after["data/faq/reviewed.yml"])["responses"]) == {
        "utter_faq/lost_card", "utter_faq/lost_key",
    }  # fmt: skip


def _git(folder: Path, *arguments: str, words: str | None = None) -> str:
    who = {"GIT_AUTHOR_NAME": "T", "GIT_AUTHOR_EMAIL": "t@x.example", "GIT_COMMITTER_NAME": "T"}
    environment = {**os.environ, **who, "GIT_COMMITTER_EMAIL": "t@x.example", "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, input=words, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with the files committed; the project lies in a folder of it."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "T")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@x.example")
    root = tmp_path / "desk"
    for path, text in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")
    _git(tmp_path, "init", "-q", "-b", "main")
    _git(tmp_path, "add", ".")
    _git(tmp_path, "commit", "-q", "-m", "All")
    return root


CHANGE = (
    [
        Addition("login_error", "kein login 🙂"),
        Addition("faq/reset_password", "reset?"),
        Addition("drone", "drone gone"),
    ],
    [NewAnswer("lost_card", ("i lost my card",), "Go there.")],
)


def test_git_applies_it(repository: Path) -> None:
    edit = patches.change(FILES, *CHANGE)
    _git(repository, "apply", "--directory=desk", "-", words=patches.unified(edit))
    for path, text in edit.after.items():
        assert (repository / path).read_text("utf-8") == text


def test_a_branch_holds_it_and_the_work_tree_stays(repository: Path) -> None:
    (repository / "data/nlu/a.yml").write_text("half written", "utf-8")
    files = branches.files_at_head(repository)
    assert files == FILES
    before = _git(repository, "status", "--porcelain")
    edit = patches.change(files, *CHANGE)
    commit = branches.commit(repository, "learned", edit, "Teach")
    assert _git(repository, "status", "--porcelain") == before
    assert _git(repository, "rev-parse", "learned^").strip() == _git(repository, "rev-parse", "main").strip()
    assert _git(repository, "rev-parse", "learned").strip() == commit
    changed = _git(repository.parent, "diff", "--name-only", "main", "learned").split()
    assert changed == [f"desk/{path}" for path in sorted(edit.changed)]
    assert _git(repository, "show", "learned:./data/nlu/a.yml") == edit.after["data/nlu/a.yml"]
    with pytest.raises(branches.GitFailed):
        branches.commit(repository, "learned", edit, "Again")
    with pytest.raises(branches.GitFailed):
        branches.commit(repository, "a..b", edit, "Bad name")


def test_outside_of_a_repository_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(branches.GitFailed, match="git"):
        branches.files_at_head(tmp_path)


def test_the_projects_own_files_are_read_whole() -> None:
    """Every example that YAML sees is seen, and each intent can be added to without touching another line."""
    from helpsage.triage import examples

    files = taught.files()
    assert {(each.intent, each.text) for each in blocks.written(files)} == set(examples._all())
    intents = sorted({each.intent for each in blocks.written(files)})
    edit = patches.change(files, [Addition(intent, f"zzz {intent}") for intent in intents])
    assert sorted(added(edit)) == sorted(f"      - zzz {intent}" for intent in intents)
    assert taken(edit) == []


# --- YAML that means to hurt, through Rasa's own reader

HOSTILE = [
    "it's \"quoted\": yes", "- - leading dashes", "| pipe", "> fold", "# hash", "key: value", "{a: b}", "%TAG", "@at",
    "`x`", "& anchor *alias", "!tag", "? question", "emoji 🙂👩‍👩‍👧", "مرحبا \u202eabc\u202c \u200f", "tab\there",
    "null", "${HOME} $x", "a\\nb \\u0041", "text]", "[bracket](entity)", "100% 'sure", "---", "...", "0x1F", "\x85next",
    "line\u2028sep", "\ufeffbom", "end with colon:", "…", "--", "/greet{\"a\": 1}", "[x]{\"entity\": \"y\"}", "'", "\"",
    "\\", "  spaces  ", "日本語：テスト", "<!-- x -->", "*", "1.", "~", "=", "<<: *a",
]  # fmt: skip

_READER = """
import json, logging, sys, warnings
warnings.simplefilter("ignore")
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
files = json.load(sys.stdin)
def read(text):
    data = RasaYAMLReader().reads(text)
    return [[each.get("intent"), each.get("text"), each.get("entities") or []] for each in data.training_examples]
print("ANSWER" + json.dumps([read(text) for text in files]))
"""


def read_by_rasa(files: list[str]) -> list[list[tuple[str, str, list[dict[str, object]]]]]:
    done = subprocess.run(
        [str(steps.rasa_python()), "-c", _READER],
        input=json.dumps(files),
        env=steps.rasa_environment(),
        cwd=steps.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=170,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.rpartition("ANSWER")[2])
    return [[(intent, text, entities) for intent, text, entities in each] for each in found]


@pytest.mark.rasa
def test_rasas_own_reader_reads_every_text_as_it_was_accepted() -> None:
    """Hypothesis makes the texts, and one process of Rasa reads them all: starting it takes seconds."""
    kept: dict[str, None] = dict.fromkeys(line for each in HOSTILE if any(map(str.isalnum, line := one_line(each))))

    @settings(max_examples=400, database=None, deadline=None, derandomize=True)
    @given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=60))
    def gather(text: str) -> None:
        line = one_line(text)
        if any(map(str.isalnum, line)):
            kept[line] = None

    gather()
    lines = list({blocks.same(line): line for line in kept}.values())
    assert len(lines) > 200
    edit = patches.change(FILES, [Addition("login_error", line) for line in lines])
    assert sorted(each.text for each in blocks.written(edit.changed) if each.intent == "login_error") == sorted(
        ["cannot log in", "\"quoted\" words: and 'more'", *lines]
    )
    fresh = patches.change({}, [Addition("brand_new", line) for line in lines])
    for path, found in zip(
        ("a.yml", "reviewed.yml"),
        read_by_rasa([edit.after["data/nlu/a.yml"], fresh.after["data/nlu/reviewed.yml"]]),
        strict=True,
    ):
        texts = [text for intent, text, entities in found if intent in ("login_error", "brand_new") and not entities]
        missing = [line for line in lines if line not in texts]
        assert missing == [], path


@given(st.text(max_size=80))
@example("\ufeff\x00\x85\u2028x")
def test_a_line_stays_a_line(text: str) -> None:
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line
    assert "[" not in line
    assert not line.startswith("/")


def test_the_module_knows_no_yaml_writer() -> None:
    """Whoever writes through a YAML library reformats the whole file."""
    assert "yaml" not in {name.partition(".")[0] for name in vars(sys.modules[patches.__name__])}


def test_an_example_goes_to_those_of_its_language() -> None:
    head = 'version: "3.1"\nnlu:\n  - intent: wifi\n'
    files = {
        "data/nlu/de.yml": head + "    metadata: {language: de}\n    examples: |\n      - kein WLAN\n",
        "data/nlu/network.yml": head + "    examples: |\n      - no wifi\n",
    }
    said = [Addition("wifi", "ich komme seit gestern nicht mehr in das WLAN"), Addition("wifi", "the wifi is down")]
    changed = patches.change(files, said).changed
    assert changed["data/nlu/de.yml"].endswith("- kein WLAN\n      - ich komme seit gestern nicht mehr in das WLAN\n")
    assert changed["data/nlu/network.yml"].endswith("- no wifi\n      - the wifi is down\n")
