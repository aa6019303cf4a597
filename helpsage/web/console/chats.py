"""Talking with people in their chats: who waits, one's own chats, and everything done with one of them."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, HTTPException, Query
from sqlalchemy import text as sql
from sqlalchemy.orm import Session
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from helpsage import clock, settings
from helpsage.assignment import presence
from helpsage.attachments import AttachmentRefused, Received
from helpsage.configuration import canned_replies
from helpsage.conversations import ownership
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message, Owner, OwnershipChange
from helpsage.conversations.ownership import Step
from helpsage.db.session import reading, transaction
from helpsage.departments import service as departments
from helpsage.handoff import files as chat_files
from helpsage.handoff import learned, reach, service
from helpsage.handoff.models import Handoff
from helpsage.handoff.service import Agent as Talker
from helpsage.knowledge import suggesting
from helpsage.people import directory, permissions
from helpsage.people.permissions import Action
from helpsage.tickets import categories, placing
from helpsage.tickets.errors import InvalidText
from helpsage.tickets.models import Ticket
from helpsage.web import access, live, templating, uploads
from helpsage.web.access import SignedIn
from helpsage.web.console import said
from helpsage.web.console.attempt import LONGEST_KEY, Agent, Posted, checked, visible
from helpsage.web.uploads import Files

router = APIRouter(include_in_schema=False)

PATH = "/agent/chats"
#: Messages before the chat with a human that are shown with it.
BEFORE = 30
LONGEST_PREVIEW = 90

Typed = Annotated[str, Form()]
Work = Callable[[Session, Handoff], object]


@dataclass(frozen=True)
class Row:
    """A chat in a list."""

    handoff: Handoff
    name: str
    preview: str
    #: In the queue; for one's own, whether something new was said.
    place: int = 0
    news: bool = False
    for_me: bool = False


@dataclass(frozen=True)
class Refused:
    """What was not done, and what was typed."""

    form: str = ""
    problem: str = ""
    typed: Mapping[str, str] | None = None
    status: int = 200
    #: Files that came with it: they need not be chosen again.
    files: Files | None = None
    #: The problem is one of them.
    is_file: bool = False

    def value(self, form: str, name: str, otherwise: str = "") -> str:
        """What a field shows."""
        return (self.typed or {}).get(name, otherwise) if self.form == form else otherwise

    @property
    def kept(self) -> list[tuple[Received, str]]:
        """Files that the form still carries, with their marks."""
        return self.files.marked if self.files is not None else []


# --- pages


@router.get(PATH)
def overview(request: Request, who: Agent, told: Annotated[str, Query()] = "") -> Response:
    """Who waits, and one's own chats."""
    with reading() as session:
        return templating.page(request, "console/chats.html", _lists(session, who) | _nothing(told))


@router.get(f"{PATH}/live")
async def stream(request: Request, who: Agent, ticket: Annotated[str, Query()] = "") -> Response:
    """Server-sent events: `changed` when a list or this chat (`ticket`: its id) has something new, `typing` while the
    person writes, `chats` with what calls for an agent.
    """
    topics = await run_in_threadpool(_topics, who, ticket)
    return EventSourceResponse(
        _updates(request, who, topics),
        ping=live.PING_S,
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


@router.post(f"{PATH}/next", dependencies=checked)
def take_next(who: Agent) -> Response:
    """Take whoever waits the longest."""
    with reading() as session:
        found = [each.id for each in reach.waiting_for(session, who) if each.wanted_id in (None, who.account_id)]
    for handoff_id in found:
        try:
            with transaction() as session:
                service.accept(session, handoff_id, _talker(who))
        except (service.Taken, service.Over):
            continue
        except service.TooMany:
            return RedirectResponse(f"{PATH}?told=too-many", status_code=303)
        return _to(handoff_id)
    return RedirectResponse(f"{PATH}?told=nobody", status_code=303)


@router.post(f"{PATH}/availability", dependencies=checked)
def availability(who: Agent, takes: Typed = "") -> Response:
    """Whether one answers chats at all."""
    with transaction() as session:
        presence.take_chats(session, who.account_id, bool(takes))
    return RedirectResponse(PATH, status_code=303)


@router.get(f"{PATH}/{{handoff_id}}")
def show(
    request: Request, who: Agent, handoff_id: UUID, insert: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """One chat; its agent has now seen what was said.

    Parameters:
        insert: a suggestion with whose words the reply begins, for whoever has no script.
    """
    _seen(who, handoff_id)
    with reading() as session:
        begun = suggesting.text_of(session, insert) if insert else ""
    return _draw(request, who, handoff_id, Refused("say", typed={"body": begun}) if begun else Refused())


@router.post(f"{PATH}/{{handoff_id}}/accept", dependencies=checked)
def accept(request: Request, who: Agent, handoff_id: UUID) -> Response:
    """Take it. One wins."""
    return _attempt(request, who, handoff_id, "accept", {}, lambda s, found: service.accept(s, found.id, _talker(who)))


@router.post(f"{PATH}/{{handoff_id}}/say", dependencies=checked)
def say(request: Request, who: Agent, handoff_id: UUID, form: Posted) -> Response:
    """Words to the person, files, or both."""
    body, key = (value if isinstance(value, str) else "" for value in (form.get("body"), form.get("key")))
    if len(key) > LONGEST_KEY:
        raise HTTPException(422)
    files = uploads.read(form, who.person_id)

    def work(session: Session, found: Handoff) -> None:
        if files.problems:
            raise AttachmentRefused("not_allowed", "", " ".join(files.problems))
        told = _filled(session, who, found, body)
        service.say(session, found.id, _talker(who), told, key or None, files.received)

    return _attempt(request, who, handoff_id, "say", {"body": body}, work, files=files)


@router.post(f"{PATH}/{{handoff_id}}/typing", dependencies=checked)
def typing(who: Agent, handoff_id: UUID) -> Response:
    """The agent is writing: the person sees so for some seconds."""
    with transaction() as session:
        found = reach.find(session, who, handoff_id)
        if found is None or found.agent_id != who.account_id or found.ended_at is not None:
            raise HTTPException(404)
        session.execute(sql("select pg_notify('typing', :who)"), {"who": f"{found.conversation_id} agent"})
    return Response(status_code=204)


@router.post(f"{PATH}/{{handoff_id}}/transfer", dependencies=checked)
def transfer(request: Request, who: Agent, handoff_id: UUID, to: Typed = "", note: Typed = "") -> Response:
    """Pass it on: `to` is `team:<id>` or `account:<id>`."""
    kind, _, chosen = to.partition(":")

    def work(session: Session, found: Handoff) -> None:
        account, team = (_id(chosen), None) if kind == "account" else (None, _id(chosen))
        service.transfer(session, found.id, _talker(who), team, account, note)

    return _attempt(request, who, handoff_id, "transfer", {"to": to, "note": note}, work, PATH)


@router.post(f"{PATH}/{{handoff_id}}/ticket", dependencies=checked)
def make_ticket(request: Request, who: Agent, handoff_id: UUID, subject: Typed = "", category: Typed = "") -> Response:
    """Make a ticket of what was said; the chat goes on."""

    def work(session: Session, found: Handoff) -> None:
        service.make_ticket(session, found.id, _talker(who), subject, category)

    return _attempt(request, who, handoff_id, "ticket", {"subject": subject, "category": category}, work)


@router.post(f"{PATH}/{{handoff_id}}/end", dependencies=checked)
def end(request: Request, who: Agent, handoff_id: UUID, summary: Typed = "") -> Response:
    """Give the person back to the assistant, with what came of it."""

    def work(session: Session, found: Handoff) -> None:
        service.give_back(session, found.id, _talker(who), summary)

    return _attempt(request, who, handoff_id, "end", {"summary": summary}, work, PATH)


@router.get(f"{PATH}/{{handoff_id}}/canned/{{key}}")
def canned_reply(who: Agent, handoff_id: UUID, key: str) -> Response:
    """A canned reply with its variables filled in, for the page's script."""
    with reading() as session:
        found = reach.find(session, who, handoff_id)
        if found is None:
            raise HTTPException(404)
        reply = next((each for each in _canned(session, found) if each.key == key), None)
        if reply is None:
            raise HTTPException(404)
        language = session.get_one(Conversation, found.conversation_id).locale
        text = reply.filled(_variables(session, who, found), language)
    return Response(text, media_type="text/plain; charset=utf-8")


@router.post("/agent/tickets/{reference}/chat", dependencies=checked)
def start(who: Agent, reference: str) -> Response:
    """Talk with whoever asked for a ticket, in the chat in which they did.

    Raises:
        TicketNotFound
    """
    try:
        with transaction() as session:
            ticket = visible(session, who, reference)
            permissions.require(who, Action.REPLY, ticket)
            if ticket.conversation_id is None or ticket.merged_into_id is not None:
                return RedirectResponse(f"{PATH}?told=no-chat", status_code=303)
            handoff = service.start(session, ticket.conversation_id, _talker(who), ticket)
            session.flush()
            return _to(handoff.id)
    except service.TooMany:
        return RedirectResponse(f"{PATH}?told=too-many", status_code=303)
    except service.Taken:
        return RedirectResponse(f"{PATH}?told=taken", status_code=303)


# --- doing


def _attempt(
    request: Request,
    who: SignedIn,
    handoff_id: UUID,
    form: str,
    typed: Mapping[str, str],
    work: Work,
    then: str = "",
    files: Files | None = None,
) -> Response:
    """Do it and show what follows; or show the chat as it is now, with what stood in the way and what was typed."""
    try:
        with transaction() as session:
            found = reach.find(session, who, handoff_id)
            if found is None:
                raise HTTPException(404)
            work(session, found)
    except service.Taken as error:
        problem, status = said.CHAT_TAKEN.format(name=error.name), 409
    except (service.Over, service.IllegalStep):
        problem, status = said.CHAT_OVER, 409
    except service.NotYours:
        problem, status = said.CHAT_NOT_YOURS, 409
    except service.TooMany:
        problem, status = said.CHATS_FULL.format(most=settings.get().chats_at_once), 409
    except service.UnknownColleague:
        problem, status = said.NOBODY_THERE, 422
    except InvalidText as error:
        problem, status = str(error), 422
    except AttachmentRefused as error:
        return _draw(request, who, handoff_id, Refused(form, str(error), typed, 422, files, is_file=True))
    else:
        return RedirectResponse(then, status_code=303) if then else _to(handoff_id)
    return _draw(request, who, handoff_id, Refused(form, problem, typed, status, files))


def _talker(who: SignedIn) -> Talker:
    return Talker(who.account_id, who.actor)


def _to(handoff_id: UUID) -> Response:
    return RedirectResponse(f"{PATH}/{handoff_id}", status_code=303)


def _id(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError as error:
        raise service.UnknownColleague(written) from error


def _seen(who: SignedIn, handoff_id: UUID) -> None:
    with transaction() as session:
        found = reach.find(session, who, handoff_id)
        if found is None:
            raise HTTPException(404)
        conversation = conversations.get(session, found.conversation_id)
        if found.agent_id == who.account_id and conversation is not None and found.ended_at is None:
            found.seen_seq = max(found.seen_seq, conversation.last_seq)


# --- drawing


def _draw(request: Request, who: SignedIn, handoff_id: UUID, refused: Refused) -> Response:
    with reading() as session:
        found = reach.find(session, who, handoff_id)
        if found is None:
            raise HTTPException(404)
        conversation = session.get_one(Conversation, found.conversation_id)
        context = _lists(session, who) | _chat(session, who, found, conversation) | {"refused": refused, "told": ""}
        return templating.page(request, "console/chats.html", context, refused.status)


def _lists(session: Session, who: SignedIn) -> dict[str, Any]:
    waits = reach.waiting_for(session, who)
    mine = reach.with_agent(session, who.account_id)
    news = reach.with_news(session, who.account_id)
    return {
        "waiting": [_row(session, who, each, place=place) for place, each in enumerate(waits, 1)],
        "mine": [_row(session, who, each, news=each.id in news) for each in mine],
        "takes_chats": presence.takes_chats(session, who.account_id),
        "most": settings.get().chats_at_once,
        "reasons": said.CHAT_REASONS,
    }


def _row(session: Session, who: SignedIn, handoff: Handoff, place: int = 0, news: bool = False) -> Row:
    conversation = session.get_one(Conversation, handoff.conversation_id)
    latest = conversations.latest_of_person_in(session, handoff.conversation_id)
    return Row(
        handoff,
        _name(session, conversation),
        (latest.text if latest is not None else "")[:LONGEST_PREVIEW],
        place,
        news,
        handoff.wanted_id == who.account_id,
    )


def _name(session: Session, conversation: Conversation) -> str:
    person = directory.get(session, conversation.person_id)
    return (person.name if person is not None else "") or said.VISITOR


def _nothing(told: str) -> dict[str, Any]:
    return {
        "chat": None,
        "live_topic": "all",
        "refused": Refused(),
        "told": said.CHAT_NOTICES.get(told, "").format(most=settings.get().chats_at_once),
    }


def _chat(session: Session, who: SignedIn, found: Handoff, conversation: Conversation) -> dict[str, Any]:
    first = max(1, found.from_seq - BEFORE)
    messages = conversations.messages(session, conversation.id, first, found.to_seq)
    mine = found.agent_id == who.account_id and conversation.owner == Owner.HUMAN and found.ended_at is None
    places = departments.places(session)
    return {
        "chat": found,
        "conversation": conversation,
        "live_topic": str(found.id),
        "name": _name(session, conversation),
        "is_mine": mine,
        "is_waiting": found.ended_at is None and conversation.owner == Owner.QUEUED,
        "agent_name": service.name_of(session, found.agent_id) if found.agent_id else "",
        "messages": messages,
        "speakers": _speakers(messages, session, conversation),
        "sent": chat_files.shown(session, messages),
        "learned": learned.of(session, conversation),
        "suggestions": suggesting.for_chat(session, messages, who) if mine else [],
        "ticket": session.get(Ticket, found.ticket_id) if found.ticket_id else None,
        "passed_on": _passed_on(session, found),
        "key": secrets.token_urlsafe(16),
        "canned": _canned(session, found),
        "teams": places.teams,
        "colleagues": [
            each for each in placing.colleagues(session, found.team_id) if each.account_id != who.account_id
        ],
        "categories": categories.load(),
        "tones": said.TONES,
        "languages": said.LANGUAGES,
        "spoken": said.foreign(conversation.locale),
        "outcomes": said.CHAT_OUTCOMES,
        "now": clock.now(),
    }


def _speakers(messages: list[Message], session: Session, conversation: Conversation) -> dict[int, str]:
    name = _name(session, conversation)
    called = {Author.PERSON.value: name, Author.BOT.value: said.ASSISTANT, Author.SYSTEM.value: ""}
    return {each.id: each.author_name or called.get(each.author, "") for each in messages}


def _passed_on(session: Session, found: Handoff) -> list[OwnershipChange]:
    """Who passed it on, and with which words."""
    lines = ownership.history(session, found.conversation_id)
    return [each for each in lines if each.step == Step.TRANSFERRED and each.at >= found.asked_at]


def _canned(session: Session, found: Handoff) -> list[canned_replies.CannedReply]:
    home = departments.by_id(session, found.department_id)
    return canned_replies.available(home.key if home is not None else None)


def _variables(session: Session, who: SignedIn, found: Handoff) -> dict[str, str]:
    conversation = session.get_one(Conversation, found.conversation_id)
    person = directory.get(session, conversation.person_id)
    name = person.name.strip() if person is not None else ""
    ticket = session.get(Ticket, found.ticket_id) if found.ticket_id else None
    home = departments.by_id(session, found.department_id)
    team = departments.team(session, found.team_id)
    return {
        "requester.name": name or said.SOMEONE,
        "requester.first_name": name.split()[0] if name else said.SOMEONE,
        "ticket.reference": ticket.reference if ticket is not None else "",
        "ticket.subject": ticket.subject if ticket is not None else "",
        "agent.name": who.name,
        "department.name": home.name if home is not None else settings.get().desk_name,
        "team.name": team.name if team is not None else settings.get().desk_name,
    }


def _filled(session: Session, who: SignedIn, found: Handoff, body: str) -> str:
    if "{{" not in body:
        return body
    values = _variables(session, who, found)
    return canned_replies.VARIABLE.sub(lambda match: values.get(match[1], match[0]), body)


# --- live


def _topics(who: SignedIn, chosen: str) -> tuple[str, ...]:
    if chosen in ("", "all"):
        return (live.CHATS,)
    with reading() as session:
        found = reach.find(session, who, _id_or_404(chosen))
        if found is None:
            raise HTTPException(404)
        return live.CHATS, str(found.conversation_id), f"{live.TYPING}{found.conversation_id}"


def _id_or_404(written: str) -> UUID:
    try:
        return UUID(written)
    except ValueError as error:
        raise HTTPException(404) from error


async def _updates(request: Request, who: SignedIn, topics: tuple[str, ...]) -> AsyncIterator[ServerSentEvent]:
    async for heard in live.heard(request, topics, access.staff_or_none):
        if not heard:
            yield ServerSentEvent(event="ready", data="{}", retry=2_000)
        if any(topic.startswith(live.TYPING) for topic in heard):
            yield ServerSentEvent(event="typing", data="{}")
        news = [topic for topic in heard if not topic.startswith(live.TYPING)]
        if news:
            yield ServerSentEvent(event="changed", data="{}")
        if news or not heard:
            yield await run_in_threadpool(calls, who)


def calls(who: SignedIn) -> ServerSentEvent:
    """What calls for an agent, for every page of the console."""
    with reading() as session:
        found = reach.counts(session, who)
    data = {"waiting": found.waiting, "urgent": found.urgent, "unread": found.unread}
    return ServerSentEvent(event="chats", data=json.dumps(data))
