"""People talk while another model is put to work: nobody is left without an answer, and nobody is answered twice."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from helpsage import settings
from helpsage.setup import steps
from helpsage.training import promotions, signing
from helpsage.training.models import ModelPromotion
from helpsage.training.promotions import Who
from tests.faults.visitor import Visitor
from tests.stack import Stack

pytestmark = pytest.mark.rasa

VISITORS = 6
#: Said by each before the change, and after it.
BEFORE, AFTER = 4, 3
LONGEST_CHANGE_S = 120.0
#: Seconds between two greetings while the model changes.
TYPING_S = 3.0


@pytest.fixture
def library(live: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A second model, with the signature of the running installation; afterwards the first one answers again."""
    monkeypatch.setattr(settings, "get", lambda: live.settings)
    first = steps.ensure_model()
    second = first.with_name("sage-a-second-one.tar.gz")
    shutil.copy(first, second)
    signing.sign(first, steps.code_version())
    signing.sign(second, steps.code_version())
    yield second
    with live.session() as session, session.begin():
        newest = promotions.current(session)
        if newest is not None and newest.model != first.name:
            promotions.promote(session, first, Who("the test"), None)
    asyncio.run(until_it_answers(live, first.name))
    with live.session() as session, session.begin():
        session.query(ModelPromotion).delete()
    signing.forget(second)


def answering(live: Stack) -> str:
    """The model that answers, as the assistant says."""
    with contextlib.suppress(httpx.HTTPError):  # it may be starting
        return str(httpx.get(f"{live.chat_url}/webhooks/webchat/health", timeout=20).json()["model"])
    return ""


async def until_it_answers(live: Stack, name: str) -> None:
    """Wait for the assistant to have changed over."""
    async with asyncio.timeout(LONGEST_CHANGE_S):
        while await asyncio.to_thread(answering, live) != name:
            await asyncio.sleep(0.1)


def promote(live: Stack, path: Path) -> None:
    """Put it to work; the gate has its own tests."""
    with live.session() as session, session.begin():
        promotions.promote(session, path, Who("the test"), None)


async def talk(live: Stack, warm: asyncio.Semaphore, changed: asyncio.Event) -> tuple[str, int]:
    """Say hello again and again, each time when the last one was answered; returns the conversation and how often."""
    async with Visitor(live.chat_url) as visitor:
        said = 0
        left = AFTER
        while left:
            left -= changed.is_set()
            await visitor.say("hello there")
            said += 1
            await visitor.answered(said)
            if said == BEFORE:
                warm.release()
            if said >= BEFORE and not changed.is_set():
                with contextlib.suppress(TimeoutError):  # nobody types faster, and the desk would not take it
                    await asyncio.wait_for(changed.wait(), TYPING_S)
        return visitor.conversation, said


async def change_while_they_talk(live: Stack, path: Path) -> list[tuple[str, int]]:
    """Everybody talks, the model changes, everybody goes on."""
    warm, changed = asyncio.Semaphore(0), asyncio.Event()
    people = [asyncio.create_task(talk(live, warm, changed)) for _ in range(VISITORS)]
    for _ in people:
        await warm.acquire()
    await asyncio.to_thread(promote, live, path)
    await until_it_answers(live, path.name)
    changed.set()
    return await asyncio.gather(*people)


def test_nobody_notices_that_the_model_changes(live: Stack, library: Path) -> None:
    talked = asyncio.run(change_while_they_talk(live, library))
    for conversation, said in talked:
        rows = live.query(
            "select author, handled_at is not null, model from message where conversation_id = %s order by seq",
            conversation,
        )
        # One answer to each greeting, in turn: none is missing and none came twice.
        assert [author for author, _, _ in rows] == ["person", "bot"] * said
        assert all(handled for author, handled, _ in rows if author == "person")
        models = [model for author, _, model in rows if author == "person"]
        assert models[0] != library.name
        assert models[-1] == library.name
        assert models == sorted(models, key=lambda model: model == library.name), "and never back again"
    [(problem, loaded)] = live.query(
        "select problem, loaded_at is not null from model_promotion order by id desc limit 1"
    )
    assert (problem, loaded) == ("", True)


def test_an_assistant_that_starts_begins_with_the_promoted_model(live: Stack, library: Path) -> None:
    promote(live, library)
    asyncio.run(until_it_answers(live, library.name))
    live.hold("assistant")
    assert answering(live) == ""
    live.release("assistant")
    asyncio.run(until_it_answers(live, library.name))
    live.wait_until_well()


def test_a_model_that_was_tampered_with_is_refused_and_the_old_one_answers(live: Stack, library: Path) -> None:
    in_use = answering(live)
    with live.session() as session, session.begin():
        promotions.may_be_promoted(session, library)
        seal = signing.verify(library)
    with library.open("ab") as file:
        file.write(b"more")
    with pytest.raises(signing.NotGenuine, match="has changed since it was signed"), live.session() as session:
        promotions.promote(session, library, Who("the test"), None)
    # Whoever writes to the database past the gate gets no further.
    live.query(
        "insert into model_promotion (kind, model, sha256, code, signature) values ('promote', %s, %s, %s, %s)",
        seal.name,
        seal.sha256,
        seal.code,
        seal.signature,
    )
    assert problem_of_the_newest(live) == f"{library.name} is not the file that was promoted: its content has changed"
    assert answering(live) == in_use


def test_a_promotion_that_nobody_signed_is_refused(live: Stack, library: Path) -> None:
    in_use = answering(live)
    live.query(
        "insert into model_promotion (kind, model, sha256, code, signature) values ('promote', %s, %s, 'any', 'none')",
        library.name,
        signing.sha256_of(library),
    )
    assert problem_of_the_newest(live) == f"{library.name} is not signed by this installation"
    assert answering(live) == in_use


def test_a_model_that_cannot_be_loaded_is_told_and_the_old_one_answers(live: Stack, library: Path) -> None:
    in_use = answering(live)
    library.write_bytes(b"no archive")
    signing.sign(library, steps.code_version())
    promote(live, library)
    assert problem_of_the_newest(live).startswith(f"{library.name} cannot be loaded")
    assert answering(live) == in_use


def problem_of_the_newest(live: Stack) -> str:
    """What the assistant says of the newest promotion, once it does."""

    async def told() -> str:
        async with asyncio.timeout(LONGEST_CHANGE_S):
            while True:
                rows = await asyncio.to_thread(
                    live.query, "select problem from model_promotion order by id desc limit 1"
                )
                if rows and rows[0][0]:
                    return str(rows[0][0])
                await asyncio.sleep(0.1)

    return asyncio.run(told())
