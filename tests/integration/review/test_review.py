"""What people decide about what was misunderstood: it can be undone, and becomes a change when it is accepted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from encoder.model import Encoder
from helpsage import clock
from helpsage.departments.models import Department
from helpsage.people.models import Role
from helpsage.people.permissions import Viewer
from helpsage.setup import steps
from helpsage.training import patches, review
from helpsage.training.items import ReviewItem
from helpsage.training.patches import InvalidName
from helpsage.training.taught import Taught
from tests.integration.review.conftest import FILES, Chats, taught_from

Look = Callable[[], int]
MakeViewer = Callable[..., Viewer]

SAID = (
    "wlan connection is lost all the time", "the wlan connection gets lost all the time",
    "my wlan connection is always lost", "blorp the quux",
)  # fmt: skip


@pytest.fixture
def items(session: Session, chats: Chats, look: Look, encoder: Encoder, taught: Taught) -> dict[str, ReviewItem]:
    """Four misunderstood messages, three of them about the same."""
    for number, said in enumerate(SAID):
        chats.says(chats.begin(f"web:{number}"), said, "nlu_fallback")
    look()
    review.refresh(session, encoder, taught)
    found = chats.found()
    assert len(found) == len(SAID)
    return found


def test_what_means_the_same_stands_together_and_more_of_it_first(
    session: Session, items: dict[str, ReviewItem], viewer: MakeViewer
) -> None:
    ada = viewer()
    found = review.groups(session, ada, 10)
    assert [group.size for group in found] == [3, 1]
    assert found[0].score > found[1].score
    assert found[1].middle.text == "blorp the quux"
    assert {item.text for item in review.cluster_of(session, ada, found[0].middle)} == set(SAID[:3])
    assert review.beside(session, ada, found[0].middle) == (None, found[1].middle.id)
    assert review.beside(session, ada, items[SAID[3]]) == (found[0].middle.id, None)


def test_one_or_the_whole_cluster_and_undo(session: Session, items: dict[str, ReviewItem], viewer: MakeViewer) -> None:
    ada = viewer()
    first = items[SAID[0]]
    one = review.decide(session, ada, first, "accept", "wifi_problem")
    assert [(item.state, item.label) for item in items.values()][:2] == [("accepted", "wifi_problem"), ("open", "")]
    rest = review.decide(session, ada, items[SAID[1]], "ignore", whole=True)
    assert [item.state for item in items.values()] == ["accepted", "ignored", "ignored", "open"]
    assert review.last_decision(session, ada) is rest
    assert len(review.undo(session, ada, rest.id)) == 2
    assert [item.state for item in items.values()] == ["accepted", "open", "open", "open"]
    assert review.last_decision(session, ada) is one
    with pytest.raises(review.NothingThere):
        review.undo(session, ada, rest.id)
    review.undo(session, ada, one.id)
    assert first.state == "open"
    assert first.label == ""
    assert first.decided_by_id is None


def test_undo_leaves_what_was_decided_anew(session: Session, items: dict[str, ReviewItem], viewer: MakeViewer) -> None:
    ada, first = viewer(), items[SAID[0]]
    old = review.decide(session, ada, first, "ignore")
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        review.decide(session, ada, first, "accept", "wifi_problem")
    assert review.undo(session, ada, old.id) == []
    assert first.state == "accepted"


def test_only_whoever_decided_undoes_unless_they_may_do_everything(
    session: Session, items: dict[str, ReviewItem], viewer: MakeViewer
) -> None:
    lead, ada = viewer(Role.LEAD, "lead@desk.example"), viewer()
    by_ada = review.decide(session, ada, items[SAID[0]], "ignore")
    by_lead = review.decide(session, lead, items[SAID[3]], "ignore")
    with pytest.raises(review.NothingThere):
        review.undo(session, lead, by_ada.id)
    assert review.undo(session, ada, by_lead.id) == [items[SAID[3]]]


@pytest.mark.parametrize("label", ["", "Wifi", "a/b", "faq/", "x y", "../../x"])
def test_a_label_that_is_none_is_refused(
    session: Session, items: dict[str, ReviewItem], viewer: MakeViewer, label: str
) -> None:
    with pytest.raises(InvalidName):
        review.decide(session, viewer(), items[SAID[0]], "accept", label)
    assert items[SAID[0]].state == "open"


def test_a_lead_sees_their_departments_only(session: Session, items: dict[str, ReviewItem], viewer: MakeViewer) -> None:
    library = Department(key="library", name="Library", widget_key="w-library")
    session.add(library)
    session.flush()
    items[SAID[3]].department_id = library.id
    lead = viewer(Role.LEAD, "lead@desk.example")
    assert [group.size for group in review.groups(session, lead, 10)] == [3]
    assert review.counts(session, lead)["open"] == 3
    with pytest.raises(review.NothingThere):
        review.get(session, lead, items[SAID[3]].id)
    review.decide(session, viewer(), items[SAID[3]], "accept", "wifi_problem")
    assert review.accepted(session, lead) == []
    assert review.change(session, FILES, lead).changed == {}


def test_what_is_accepted_becomes_a_change_with_its_entities_marked(
    session: Session, items: dict[str, ReviewItem], viewer: MakeViewer
) -> None:
    ada = viewer()
    items[SAID[0]].text = "my wlan is lost since 12/03/2026, mail name@example.org"
    review.decide(session, ada, items[SAID[0]], "accept", "wifi_problem")
    review.decide(session, ada, items[SAID[3]], "accept", "quux_problem")
    files = {**FILES, **_lookups()}
    edit = review.change(session, files)
    assert sorted(edit.changed) == ["data/nlu/a.yml", "data/nlu/reviewed.yml", "domain.yml"]
    patch = patches.unified(edit)
    assert "+      - my wlan is lost since [12/03/2026](date), mail [name@example.org](email)\n" in patch
    assert "+  - intent: quux_problem\n" in patch
    assert "\n-" not in patch.replace("\n---", "")


def _lookups() -> dict[str, str]:
    path = steps.ROOT / "data" / "lookups" / "patterns.yml"
    return {"data/lookups/patterns.yml": path.read_text("utf-8")}


def test_it_is_done_when_it_is_merged_and_trained(
    session: Session,
    items: dict[str, ReviewItem],
    viewer: MakeViewer,
    encoder: Encoder,
    taught: Taught,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: object,
) -> None:
    ada, item = viewer(), items[SAID[0]]
    review.decide(session, ada, item, "accept", "wifi_problem")
    merged = taught_from({**FILES, **review.change(session, FILES).after}, encoder, "two")
    assert isinstance(tmp_path, type(steps.ROOT))
    model = tmp_path / "sage.tar.gz"
    monkeypatch.setattr(steps, "model_path", lambda: model)
    review.refresh(session, encoder, merged)
    assert item.state == "accepted", "not trained yet"
    model.touch()
    review.refresh(session, encoder, taught)
    assert item.state == "accepted", "not merged"
    review.refresh(session, encoder, merged)
    assert item.state == "done"
    assert review.change(session, FILES).changed == {}
    assert review.undo(session, ada, review.last_decision(session, ada).id) == []  # type: ignore[union-attr]
