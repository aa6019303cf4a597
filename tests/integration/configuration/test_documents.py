"""Documents are checked, logged, taken back, and reach every program."""

from __future__ import annotations

import copy
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from helpsage.configuration import canned_replies, live, service
from helpsage.configuration.documents import CANNED_REPLIES, CATEGORIES, PRIORITIES, STORED
from helpsage.configuration.service import InvalidContent, StaleContent, Who
from helpsage.settings import ROOT
from helpsage.tickets import categories, priority

ADA = Who(name="Ada")


def titled(content: dict[str, Any], title: str) -> dict[str, Any]:
    changed = copy.deepcopy(content)
    changed["categories"]["wifi_problem"]["title"] = title
    return changed


@pytest.mark.parametrize("document", STORED.values(), ids=list(STORED))
def test_what_is_shipped_passes_the_same_check(session: Session, document: Any) -> None:
    document.check(document.read(session))


def test_a_change_is_logged_with_before_and_after(session: Session) -> None:
    before = CATEGORIES.read(session)
    after = titled(before, "Wireless")
    change = service.save(session, CATEGORIES, after, ADA, "Renamed Wi-Fi", service.digest(before))
    assert change is not None
    assert (change.actor_name, change.summary, change.before, change.after) == ("Ada", "Renamed Wi-Fi", before, after)
    assert CATEGORIES.read(session) == after
    assert service.differences(before, after) == [
        service.Difference(("categories", "wifi_problem", "title"), "Wi-Fi problem", "Wireless")
    ]


def test_the_order_of_the_menu_survives(session: Session) -> None:
    before = CATEGORIES.read(session)
    groups = {"zoo": {"title": "Zoo", "acknowledge": "Oh", "otherwise": "general_issue"}, **before["groups"]}
    service.save(session, CATEGORIES, {**before, "groups": groups}, ADA, "")
    assert list(CATEGORIES.read(session)["groups"]) == list(groups)


def test_saving_the_same_is_no_change(session: Session) -> None:
    assert service.save(session, CATEGORIES, CATEGORIES.read(session), ADA, "") is None
    assert service.history(session, "categories") == []


def test_a_stale_writer_is_refused_and_told_who_was_faster(session: Session) -> None:
    seen = CATEGORIES.read(session)
    service.save(session, CATEGORIES, titled(seen, "First"), ADA, "First")
    with pytest.raises(StaleContent) as refused:
        service.save(session, CATEGORIES, titled(seen, "Second"), Who(name="Bo"), "Second", service.digest(seen))
    assert refused.value.latest is not None
    assert refused.value.latest.actor_name == "Ada"
    assert CATEGORIES.read(session)["categories"]["wifi_problem"]["title"] == "First"


def test_going_back_and_undoing(session: Session) -> None:
    original = CATEGORIES.read(session)
    first = service.save(session, CATEGORIES, titled(original, "First"), ADA, "First")
    second = service.save(session, CATEGORIES, titled(original, "Second"), ADA, "Second")
    assert first is not None
    assert second is not None
    back = service.go_back(session, CATEGORIES, first.id, ADA, "Back")
    assert back is not None
    assert back.restores_id == first.id
    assert CATEGORIES.read(session) == titled(original, "First")
    service.go_back(session, CATEGORIES, first.id, ADA, "Undo", to_before=True)
    assert CATEGORIES.read(session) == original
    assert [change.summary for change in service.history(session, "categories")] == ["Undo", "Back", "Second", "First"]


def test_a_change_of_another_document_is_nothing_to_go_back_to(session: Session) -> None:
    change = service.save(session, CATEGORIES, titled(CATEGORIES.read(session), "X"), ADA, "")
    assert change is not None
    with pytest.raises(service.ChangeNotFound):
        service.go_back(session, PRIORITIES, change.id, ADA, "")


def _without(*path: str) -> Callable[[dict[str, Any]], None]:
    def take(content: dict[str, Any]) -> None:
        for part in path[:-1]:
            content = content[part]
        del content[path[-1]]

    return take


def _with(value: object, *path: str) -> Callable[[dict[str, Any]], None]:
    def put(content: dict[str, Any]) -> None:
        for part in path[:-1]:
            content = content[part]
        content[path[-1]] = value

    return put


WIFI = ("categories", "wifi_problem")


@pytest.mark.parametrize(
    "spoil",
    [
        _without("categories", "general_issue"),
        _without("categories", "person_request"),
        _without("groups"),
        _without("groups", "network"),
        _without("questions", "place"),
        _without(*WIFI, "title"),
        _with("", *WIFI, "title"),
        _with("x" * 61, *WIFI, "title"),
        _with("two\nlines", *WIFI, "title"),
        _with(7, *WIFI, "title"),
        _with("nowhere", *WIFI, "group"),
        _with("soon", *WIFI, "priority"),
        _with(["place", "place"], *WIFI, "questions"),
        _with(["no_such_question"], *WIFI, "questions"),
        _with(["vpn_problem"], *WIFI, "intents"),
        _with(["connect_wifi", "vpn_setup"], *WIFI, "faqs"),
        _with(["<script>"], *WIFI, "intents"),
        _with(
            {"title": "T", "group": "network", "team": "x", "priority": "low", "questions": []}, "categories", "No Name"
        ),
        _with("utter_no_such_response", "questions", "place", "ask"),
        _with("", "questions", "place", "help"),
        _with("riddle", "questions", "place", "kind"),
        _with("choice", "questions", "place", "kind"),
        _with("yes", "questions", "place", "required"),
        _with([], "questions", "scope", "choices"),
        _with([{"value": "a", "title": "A"}, {"value": "a", "title": "B"}], "questions", "scope", "choices"),
        _with("no_such_category", "groups", "network", "otherwise"),
        _with("utter_no_such_response", "groups", "network", "acknowledge"),
        _with({"order": "sideways"}, "dates"),
        _with("nonsense", "categories"),
        _with(None, "questions"),
    ],
)
def test_an_invalid_catalogue_is_never_kept(session: Session, spoil: Callable[[dict[str, Any]], None]) -> None:
    before = CATEGORIES.read(session)
    content = copy.deepcopy(before)
    spoil(content)
    with pytest.raises(InvalidContent):
        service.save(session, CATEGORIES, content, ADA, "")
    assert CATEGORIES.read(session) == before
    assert service.history(session, "categories") == []


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("urgent", ["*"]),
        ("urgent", ["  "]),
        ("urgent", ["a*"]),
        ("high", ["!!"]),
        ("high", ["x" * 81]),
        ("high", ["two\nlines"]),
        ("calm", "no hurry"),
        ("calm", [7]),
        ("keep_when_calm", ["not among the others"]),
    ],
)
def test_words_that_cannot_be_used_are_refused(session: Session, name: str, phrases: object) -> None:
    content = copy.deepcopy(PRIORITIES.read(session))
    content["languages"]["en"][name] = phrases
    with pytest.raises(InvalidContent):
        service.save(session, PRIORITIES, content, ADA, "")


def test_an_emptied_list_of_words_finds_nothing(session: Session) -> None:
    content = copy.deepcopy(PRIORITIES.read(session))
    content["languages"]["en"]["calm"] = []
    rules = priority.build(content)
    assert priority.decide("no hurry, the printer jams", "printer_problem", rules=rules)[0] == "normal"


@pytest.mark.parametrize(
    "reply",
    [
        {"key": "Bad Key", "title": "T", "text": "T"},
        {"key": "a", "title": "", "text": "T"},
        {"key": "a", "title": "T", "text": " "},
        {"key": "a", "title": "T", "text": "{{requester.password}}"},
        {"key": "looking_into_it", "title": "T", "text": "T"},
        {"key": "a", "title": "T"},
    ],
)
def test_replies_that_cannot_be_used_are_refused(session: Session, reply: dict[str, str]) -> None:
    content = CANNED_REPLIES.read(session)
    with pytest.raises(InvalidContent):
        service.save(session, CANNED_REPLIES, {"replies": [*content["replies"], reply]}, ADA, "")


def test_a_replys_variables_are_filled_in() -> None:
    reply = canned_replies.CannedReply("a", "A", "Hello {{requester.first_name}}, {{ ticket.reference }}{{team.name}}!")
    assert reply.filled({"requester.first_name": "Asha", "ticket.reference": "HS-1"}) == "Hello Asha, HS-1!"


def until(found: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found():
            return True
        time.sleep(0.02)
    return found()


def wifi_title() -> str:
    return categories.load()["wifi_problem"].title


def test_a_committed_change_reaches_this_process_and_a_rolled_back_one_does_not(clean_database: Engine) -> None:
    assert until(lambda: wifi_title() == "Wi-Fi problem")
    with Session(clean_database) as session:
        service.save(session, CATEGORIES, titled(CATEGORIES.read(session), "Never"), ADA, "")
        session.rollback()
    with Session(clean_database) as session, session.begin():
        service.save(session, CATEGORIES, titled(CATEGORIES.read(session), "Wireless"), ADA, "")
    assert until(lambda: wifi_title() == "Wireless")
    with Session(clean_database) as session, session.begin():
        session.execute(text("truncate configuration"))
    assert until(lambda: wifi_title() == "Wi-Fi problem")


OTHER_PROGRAM = """
import sys, time
from helpsage.tickets import categories
print(categories.load()["wifi_problem"].title, flush=True)
for line in sys.stdin:
    deadline = time.monotonic() + 60
    while categories.load()["wifi_problem"].title != line.strip() and time.monotonic() < deadline:
        time.sleep(0.02)
    print(categories.load()["wifi_problem"].title, flush=True)
"""


def test_a_change_reaches_a_running_program_and_it_survives_a_lost_connection(clean_database: Engine) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        assert program.stdout.readline().strip() == "Wi-Fi problem"
        for title in ("Wireless", "Radio"):
            with Session(clean_database) as session, session.begin():
                service.save(session, CATEGORIES, titled(CATEGORIES.read(session), title), ADA, "")
            program.stdin.write(title + "\n")
            program.stdin.flush()
            assert program.stdout.readline().strip() == title
            with clean_database.begin() as connection:
                connection.execute(
                    text("select pg_terminate_backend(pid) from pg_stat_activity where application_name = :name"),
                    {"name": live.APPLICATION},
                )
    finally:
        program.kill()
        program.wait(10)
        program.stdin.close()
        program.stdout.close()


def test_a_broken_row_leaves_the_last_good_content_in_use(clean_database: Engine) -> None:
    with Session(clean_database) as session, session.begin():
        service.save(session, CATEGORIES, titled(CATEGORIES.read(session), "Wireless"), ADA, "")
    assert until(lambda: wifi_title() == "Wireless")
    with clean_database.begin() as connection:
        connection.execute(text("update configuration set content = '{}', version = version + 1"))
    with Session(clean_database) as session, session.begin():
        session.execute(text("select pg_notify('configuration', '')"))
    assert not until(lambda: wifi_title() != "Wireless", seconds=0.5)
