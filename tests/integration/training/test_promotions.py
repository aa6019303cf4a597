"""Putting models to work and taking them back, on real files and the real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from helpsage.setup import steps
from helpsage.training import library as models
from helpsage.training import promotions, signing
from helpsage.training.models import Kind
from helpsage.training.promotions import Who

ME = Who("Asha")


def used(session: Session) -> list[tuple[str, str]]:
    return [(line.kind, line.model) for line in reversed(promotions.history(session))]


def test_the_first_promotion_remembers_what_answered_before(library: Path, session: Session, trained: Path) -> None:
    other = library / "sage-c0ffee.tar.gz"
    promotions.promote(session, other, ME, {"allowed": True}, why="better wifi")
    assert used(session) == [(Kind.FIRST, trained.name), (Kind.PROMOTE, other.name)]
    newest = promotions.current(session)
    assert newest is not None
    assert (newest.by_name, newest.why, newest.gate) == ("Asha", "better wifi", {"allowed": True})
    assert promotions.in_use(session) == other


def test_going_back_leads_further_each_time(library: Path, session: Session, trained: Path) -> None:
    second, third = library / "sage-c0ffee.tar.gz", library / "sage-00bad.tar.gz"
    promotions.promote(session, second, ME, None)
    promotions.promote(session, third, ME, None)
    assert promotions.roll_back(session, ME).model == second.name
    assert promotions.roll_back(session, ME, "worse after all").model == trained.name
    with pytest.raises(promotions.NotPossible, match="nothing to go back to"):
        promotions.roll_back(session, ME)
    promotions.promote(session, third, ME, None)
    assert promotions.roll_back(session, ME).model == trained.name


def test_the_same_model_is_not_promoted_twice(library: Path, session: Session) -> None:
    promotions.promote(session, library / "sage-c0ffee.tar.gz", ME, None)
    with pytest.raises(promotions.NotPossible, match="is in use already"):
        promotions.promote(session, library / "sage-c0ffee.tar.gz", ME, None)


def test_what_is_not_genuine_is_refused(library: Path, session: Session) -> None:
    path = library / "sage-c0ffee.tar.gz"
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(signing.NotGenuine, match="has changed since it was signed"):
        promotions.promote(session, path, ME, None)
    (library / "sage-00bad.tar.gz.sig").unlink()
    with pytest.raises(signing.NotGenuine, match="is not signed by this installation"):
        promotions.promote(session, library / "sage-00bad.tar.gz", ME, None)
    with pytest.raises(signing.NotGenuine, match="there is no model at"):
        promotions.promote(session, library / "sage-gone.tar.gz", ME, None)
    assert used(session) == []


def test_a_signature_is_of_one_name_and_one_content(library: Path) -> None:
    """Whoever copies a good signature beside another file gets nowhere."""
    good, bad = library / "sage-c0ffee.tar.gz", library / "sage-00bad.tar.gz"
    (library / f"{bad.name}.sig").write_text((library / f"{good.name}.sig").read_text())
    with pytest.raises(signing.NotGenuine):
        signing.verify(bad)
    elsewhere = library / "sage-other.tar.gz"
    elsewhere.write_bytes(good.read_bytes())
    (library / f"{elsewhere.name}.sig").write_text((library / f"{good.name}.sig").read_text())
    with pytest.raises(signing.NotGenuine):
        signing.verify(elsewhere)


def test_a_model_of_other_code_is_refused(library: Path, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    path = library / "sage-c0ffee.tar.gz"
    signing.sign(path, "0.0.1+older")
    with pytest.raises(promotions.NotPossible, match="trained by another version of this program"):
        promotions.promote(session, path, ME, None)


def test_going_back_to_a_file_that_is_another_now_is_refused(library: Path, session: Session, trained: Path) -> None:
    promotions.promote(session, library / "sage-c0ffee.tar.gz", ME, None)
    (library / trained.name).write_bytes(b"trained anew")
    signing.sign(library / trained.name, steps.code_version())
    with pytest.raises(promotions.NotPossible, match="it was trained anew since"):
        promotions.roll_back(session, ME)


def test_models_are_found_by_any_name(library: Path, trained: Path) -> None:
    path = library / "sage-c0ffee.tar.gz"
    for name in ("sage-c0ffee.tar.gz", "sage-c0ffee", "c0ffee", "c0ff", str(path)):
        assert models.find(name, None) == path
    assert models.find("current", path) == path
    with pytest.raises(models.NoSuchModel, match="no model is called"):
        models.find("nothing", None)
    with pytest.raises(models.NoSuchModel, match="no model is in use"):
        models.find("current", None)
    named = {model.name: model for model in models.all_models()}
    assert named[trained.name].today
    assert named[path.name].trouble == ""


@pytest.mark.usefixtures("clean_database")
def test_programs_start_with_the_promoted_model_and_with_todays_when_it_is_gone(library: Path, trained: Path) -> None:
    from helpsage.db.session import transaction

    assert promotions.to_start_with() == library / trained.name
    second = library / "sage-c0ffee.tar.gz"
    with transaction() as session:
        promotions.promote(session, second, ME, None)
    assert promotions.to_start_with() == second
    second.write_bytes(b"broken")
    assert promotions.to_start_with() == library / trained.name
    with transaction() as session:
        assert used(session)[-1] == (Kind.FIRST, trained.name)
        newest = promotions.current(session)
        assert newest is not None
        assert "has changed since it was signed" in newest.why
