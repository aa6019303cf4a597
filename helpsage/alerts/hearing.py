"""What somebody says or presses in a place of a team, and what comes of it.

Nothing said there reaches a requester by accident: words go out behind `!reply`, or from whoever took a waiting chat in
that very thread. Who is not known as staff is told so, alone, and changes nothing. Each thing is heard once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import attachments, clock, settings
from helpsage.alerts import cards, commands, places, staff, telling, words
from helpsage.alerts.commands import Command, Meant
from helpsage.alerts.files import Brought, Wanted
from helpsage.alerts.models import Alert, AlertPlace, AlertWord, Aside, Kind, Which
from helpsage.attachments import AttachmentRefused
from helpsage.departments import service as departments
from helpsage.handoff import reach
from helpsage.handoff import service as handoffs
from helpsage.handoff.models import Handoff
from helpsage.handoff.service import Agent
from helpsage.people import permissions
from helpsage.people.permissions import Action, Viewer
from helpsage.tickets import lifecycle, service, taking
from helpsage.tickets.actor import Actor
from helpsage.tickets.errors import IllegalTransition, InvalidText, TicketMerged
from helpsage.tickets.models import Entry, Status, Ticket
from helpsage.tickets.words import shortened, visible

STRANGER = "stranger"
#: Outcomes of words that the requester has read.
WENT_OUT = frozenset({"reply", "said"})
#: Words wait that long for a file that cannot be fetched just now; then they are heard without it.
WORDS_WAIT = timedelta(seconds=30)
NOTHING = Brought()


def wanted(session: Session, word_id: int) -> Wanted | None:
    """The files that have to be fetched before this is heard: of those whose words are kept or go out, and of nobody
    else.
    """
    word = session.get(AlertWord, word_id)
    if word is None or word.done_at is not None or word.kind != Kind.SAID or not word.files:
        return None
    configured = staff.installation(session, word.installation)
    if configured is None or not _Hearing(session, word).takes_files():
        return None
    return Wanted(configured, word.files, may_wait=clock.now() - word.received_at < WORDS_WAIT)


def hear(session: Session, word_id: int, brought: Brought = NOTHING) -> None:
    """Do what was asked for, once.

    Parameters:
        brought: files said with it (`wanted`).
    """
    word = session.get(AlertWord, word_id, with_for_update=True)
    if word is None or word.done_at is not None:
        return
    word.outcome = _Hearing(session, word, brought).outcome()
    # What they became is where they are kept now.
    word.done_at, word.text, word.files = clock.now(), "", []
    session.flush()


class _Refused(Exception):
    """Words for whoever asked; nothing was done."""

    def __init__(self, said: str, outcome: str = "refused") -> None:
        super().__init__(said)
        self.outcome = outcome


class _Hearing:
    """One thing that was heard."""

    def __init__(self, session: Session, word: AlertWord, brought: Brought = NOTHING) -> None:
        self.session = session
        self.word = word
        self.brought = brought
        self.alert: Alert
        self.viewer: Viewer

    def outcome(self) -> str:
        """Do it; returns what came of it."""
        if self.word.kind == Kind.CONNECT:
            return self._connect()
        found = self._found()
        if found is None:
            return "nothing"
        self.alert = found
        try:
            self.viewer = staff.viewer(self.session, self.word)
        except staff.Stranger:
            return self._stranger()
        except staff.NeedsSecondFactor:
            self._aside(words.SECOND_FACTOR.format(link=f"{settings.get().web_url}/agent"))
            return "refused"
        try:
            with self.session.begin_nested():
                return self._do()
        except _Refused as refused:
            self._aside(str(refused))
            return refused.outcome

    def _found(self) -> Alert | None:
        """The alert under which it was said, if that place is still one."""
        found = self.session.get(Alert, self.word.conversation_id) if self.word.conversation_id is not None else None
        place = self.session.get(AlertPlace, found.place_id) if found is not None else None
        if place is None or place.removed_at is not None:
            return None
        return found if (place.installation, place.place) == (self.word.installation, self.word.place) else None

    def takes_files(self) -> bool:
        """Whether files said with these words are put on the ticket, or go to the person in the chat."""
        found, meant = self._found(), commands.read(self.word.text)
        if found is None or meant.command not in (Command.PLAIN, Command.NOTE, Command.REPLY):
            return False
        self.alert = found
        try:
            self.viewer = staff.viewer(self.session, self.word)
            chat = self._open_chat()
            if chat is not None and meant.command is not Command.NOTE:
                return self._is_mine(chat)
            self._ticket(Action.REPLY if meant.command is Command.REPLY else Action.NOTE)
        except (staff.Stranger, staff.NeedsSecondFactor, _Refused):
            return False
        return True

    # ---- who it is

    def _stranger(self) -> str:
        """A press is always answered; words in a thread once, and not at every line."""
        if self.word.kind == Kind.PRESSED:
            self._aside(words.STRANGER)
            return STRANGER
        before = select(AlertWord.id).where(
            AlertWord.conversation_id == self.alert.conversation_id,
            AlertWord.external_id == self.word.external_id,
            AlertWord.outcome == STRANGER,
            AlertWord.kind != Kind.PRESSED.value,
        )
        if self.word.kind == Kind.SAID and self.session.scalar(before.limit(1)) is None:
            self._aside(words.STRANGER_WORDS)
        return STRANGER

    @property
    def _actor(self) -> Actor:
        return Actor("agent", self.viewer.name, self.viewer.person_id)

    @property
    def _agent(self) -> Agent:
        return Agent(self.viewer.account_id, self._actor)

    def _aside(self, text: str, quiet: bool = False) -> None:
        """Tell whoever it was, and nobody else."""
        now = clock.now()
        self.session.add(
            Aside(
                installation=self.word.installation,
                address=self.word.aside,
                text=text,
                quiet=quiet,
                next_at=now,
                created_at=now,
            )
        )
        self.session.flush()

    # ---- connecting

    def _connect(self) -> str:
        if not self.word.address:
            self._aside(words.NO_THREADS)
            return "refused"
        try:
            made = places.connect(
                self.session, self.word.text, self.word.installation, self.word.place, self.word.address
            )
        except places.BadCode:
            self._aside(words.BAD_CODE)
            return "refused"
        except places.AlreadyConnected as error:
            self._aside(words.ALREADY.format(name=error.name))
            return "refused"
        telling.greet(self.session, made, words.CONNECTED.format(name=cards.plain(made.name), told=self._told(made)))
        self._aside(words.CONNECTED_BY, quiet=True)
        return "connected"

    def _told(self, place: AlertPlace) -> str:
        team = departments.team(self.session, place.team_id)
        home = departments.by_id(self.session, place.department_id)
        whose = cards.plain(team.name if team is not None else home.name if home is not None else "")
        tickets = {Which.ALL: words.TOLD_ALL, Which.URGENT: words.TOLD_URGENT}.get(Which(place.tickets), "")
        parts = [tickets.format(whose=whose)] if tickets else []
        return words.TOLD_AND.join(parts + ([words.TOLD_CHATS] if place.chats else []))

    # ---- doing

    def _do(self) -> str:
        if self.word.kind in (Kind.EDITED, Kind.DELETED):
            return self._changed()
        pressed = self.word.kind == Kind.PRESSED
        meant = Meant(Command.TAKE, "") if pressed else commands.read(self.word.text)
        handoff = self._open_chat()
        table = _OF_CHATS if handoff is not None else _OF_TICKETS
        if not visible(self.word.text) and not pressed and not self.word.files:
            raise _Refused(words.FILES, "nothing")
        work = table.get(meant.command) if meant.command is not None else None
        if work is None:
            told = words.HELP_CHAT if handoff is not None else words.HELP_TICKET
            raise _Refused(words.UNKNOWN.format(command=meant.unknown or meant.command, help=told), "unknown")
        try:
            return work(self, meant)
        except InvalidText as error:
            raise _Refused(str(error)) from error

    def _open_chat(self) -> Handoff | None:
        """The chat that this thread is about, while it goes on."""
        found = self.session.get(Handoff, self.alert.handoff_id) if self.alert.handoff_id is not None else None
        return found if found is not None and found.ended_at is None else None

    def _help(self, meant: Meant) -> str:
        raise _Refused(words.HELP_CHAT if self._open_chat() is not None else words.HELP_TICKET, "help")

    def _filled(self, meant: Meant) -> str:
        """Words for the ticket: where there are files alone, their names."""
        if visible(meant.text):
            return meant.text
        if self.brought.received:
            return ", ".join(cards.plain(each.name) for each in self.brought.received)
        if self.brought.problems:
            raise _Refused(words.NO_FILE.format(why="\n".join(self.brought.problems)), "nothing")
        raise _Refused(words.NO_WORDS.format(command=meant.command) if meant.command else words.FILES)

    def _attach(self, entry: Entry) -> None:
        """Put the files on the ticket with what was said; why others are not there is told in the thread."""
        problems = list(self.brought.problems)
        for number, received in enumerate(self.brought.received):
            key = f"{self._key}:{number}"
            try:
                attachments.attach(self.session, received, entry.ticket_id, entry.id, self.viewer.person_id, key)
            except AttachmentRefused as refusal:
                problems.append(str(refusal))
        self._tell_problems(problems)

    def _tell_problems(self, problems: Sequence[str]) -> None:
        if problems:
            telling.say(self.session, self.alert, cards.plain("\n".join(problems)), f"files:{self.word.id}")

    @property
    def _key(self) -> str:
        return telling.own_key(self.alert, self.word.id)

    # ---- tickets

    def _ticket(self, action: Action) -> Ticket:
        """The ticket of this thread, if the viewer may do this with it."""
        found = self.session.get(Ticket, self.alert.ticket_id) if self.alert.ticket_id is not None else None
        if found is None:
            raise _Refused(words.CHAT_OVER)
        if found.merged_into_id is not None:
            raise _Refused(words.GOES_ON.format(reference=found.reference))
        if not permissions.may(self.viewer, action, found):
            raise _Refused(words.NOT_YOURS.format(what=found.reference))
        return found

    def _take(self, meant: Meant) -> str:
        ticket = self._ticket(Action.ASSIGN)
        if Status(ticket.status) in lifecycle.FINISHED:
            status = ticket.status.replace("_", " ")
            raise _Refused(words.FINISHED_ALREADY.format(reference=ticket.reference, status=status))
        try:
            taking.take(self.session, ticket, self.viewer.account_id, self._actor)
        except taking.AlreadyTaken as error:
            name = handoffs.name_of(self.session, error.account_id)
            raise _Refused(words.TAKEN.format(name=name), "taken") from error
        except TicketMerged as error:
            raise _Refused(words.GOES_ON.format(reference=ticket.reference)) from error
        self._aside(words.YOURS.format(what=ticket.reference, name=cards.requester(ticket)), quiet=True)
        return "took"

    def _release(self, meant: Meant) -> str:
        ticket = self._ticket(Action.ASSIGN)
        self.session.refresh(ticket, with_for_update={"of": Ticket})
        if ticket.assignee_id != self.viewer.account_id:
            raise _Refused(words.NOT_YOURS_TO_RELEASE.format(reference=ticket.reference))
        service.assign(self.session, ticket, None, self._actor)
        return "released"

    def _reply(self, meant: Meant) -> str:
        ticket = self._ticket(Action.REPLY)
        text = self._filled(meant)
        try:
            entry = service.reply(self.session, ticket, text, self._actor, key=self._key, source=self._source)
        except IllegalTransition as error:
            raise _Refused(words.NOT_POSSIBLE.format(why=error)) from error
        self._attach(entry)
        return "reply"

    def _note(self, meant: Meant) -> str:
        ticket = self._ticket(Action.NOTE)
        text = self._filled(meant)
        try:
            entry = service.note(self.session, ticket, text, self._actor, key=self._key, source=self._source)
        except TicketMerged as error:
            raise _Refused(words.GOES_ON.format(reference=ticket.reference)) from error
        self._attach(entry)
        return "note"

    def _resolve(self, meant: Meant) -> str:
        ticket = self._ticket(Action.CHANGE_STATUS)
        try:
            service.change_status(self.session, ticket, Status.RESOLVED, self._actor, meant.text)
        except IllegalTransition as error:
            raise _Refused(words.NOT_POSSIBLE.format(why=error)) from error
        return "resolved"

    def _status(self, meant: Meant) -> str:
        ticket = self._ticket(Action.SEE_TICKET)
        who = words.NOBODY_HAS_IT
        if ticket.assignee_id is not None:
            who = words.HAS_IT.format(name=handoffs.name_of(self.session, ticket.assignee_id))
        status = ticket.status.replace("_", " ")
        said = words.STATUS.format(reference=ticket.reference, status=status, priority=ticket.priority, who=who)
        raise _Refused(said, "status")

    @property
    def _source(self) -> str:
        configured = staff.installation(self.session, self.word.installation)
        return str(configured["kind"]) if configured is not None else "chat"

    # ---- chats

    def _chat(self) -> Handoff:
        found = self._open_chat()
        if found is None or reach.find(self.session, self.viewer, found.id) is None:
            raise _Refused(words.NOT_YOURS.format(what=words.THIS_CHAT))
        return found

    def _name(self, handoff: Handoff) -> str:
        return cards.person_of(self.session, handoff)

    def _take_chat(self, meant: Meant) -> str:
        chat = self._chat()
        came_here = chat.agent_id == self.viewer.account_id and chat.thread_id != self.alert.conversation_id
        try:
            handoffs.accept(self.session, chat.id, self._agent, self.alert.conversation_id)
        except handoffs.Taken as error:
            raise _Refused(words.TAKEN.format(name=error.name), "taken") from error
        except handoffs.Over as error:
            raise _Refused(words.CHAT_OVER) from error
        except handoffs.TooMany as error:
            raise _Refused(words.TOO_MANY.format(most=settings.get().chats_at_once)) from error
        name = self._name(chat)
        if came_here:
            told = words.TALKS_HERE.format(agent=cards.plain(self.viewer.name), name=name)
            telling.say(self.session, self.alert, told, f"here:{self.word.id}")
        self._aside(words.YOURS_TO_TALK.format(name=name), quiet=True)
        return "took"

    def _is_mine(self, chat: Handoff) -> bool:
        return chat.agent_id == self.viewer.account_id and chat.thread_id == self.alert.conversation_id

    def _words_in_chat(self, meant: Meant) -> str:
        """From whoever talks from here they go to the person; from anybody else they stay."""
        chat = self._chat()
        if chat.agent_id == self.viewer.account_id and not self._is_mine(chat):
            raise _Refused(words.NOT_FROM_HERE.format(name=self._name(chat)), "stayed")
        if not self._is_mine(chat):
            return "stayed"
        return self._say(chat, meant)

    def _reply_in_chat(self, meant: Meant) -> str:
        chat = self._chat()
        if not self._is_mine(chat):
            raise _Refused(words.NOT_TAKEN.format(name=self._name(chat)), "stayed")
        return self._say(chat, meant)

    def _say(self, chat: Handoff, meant: Meant) -> str:
        text = meant.text if visible(meant.text) or self.brought.received else self._filled(meant)
        problems = list(self.brought.problems)
        try:
            handoffs.say(self.session, chat.id, self._agent, text, self._key, self.brought.received)
        except AttachmentRefused as refusal:  # nothing was said
            problems.append(str(refusal))
            if not visible(text):
                raise _Refused(words.NO_FILE.format(why="\n".join(problems)), "nothing") from refusal
            handoffs.say(self.session, chat.id, self._agent, text, self._key)
        except (handoffs.NotYours, handoffs.Over) as error:
            raise _Refused(words.CHAT_OVER) from error
        self._tell_problems(problems)
        return "said"

    def _stays(self, meant: Meant) -> str:
        """A note in a chat: on its ticket, when it has one."""
        self._chat()
        return self._note(meant) if self.alert.ticket_id is not None else "stayed"

    def _end(self, meant: Meant) -> str:
        chat = self._chat()
        try:
            handoffs.give_back(self.session, chat.id, self._agent, meant.text)
        except (handoffs.NotYours, handoffs.Over) as error:
            raise _Refused(words.NOT_TAKEN.format(name=self._name(chat))) from error
        return "ended"

    def _make_ticket(self, meant: Meant) -> str:
        chat = self._chat()
        try:
            handoffs.make_ticket(self.session, chat.id, self._agent, shortened(meant.text, 200))
        except (handoffs.NotYours, handoffs.Over) as error:
            raise _Refused(words.NOT_TAKEN.format(name=self._name(chat))) from error
        return "ticket"

    # ---- changed there

    def _changed(self) -> str:
        """A message was changed or removed: nothing goes out, nothing that was kept is lost, and they are told."""
        before = self._before()
        if before is None or before.outcome not in WENT_OUT | {"note"}:
            if self.word.kind == Kind.EDITED and commands.read(self.word.text).command == Command.REPLY:
                raise _Refused(words.EDITED_NO_REPLY, "stayed")
            return "stayed"
        went_out = before.outcome in WENT_OUT
        name = self._requester()
        if self.word.kind == Kind.DELETED:
            ticket = self.session.get(Ticket, self.alert.ticket_id) if self.alert.ticket_id is not None else None
            reference = ticket.reference if ticket is not None else ""
            where = words.DELETED_REPLY if went_out else words.DELETED_NOTE
            raise _Refused(words.DELETED.format(where=where.format(name=name, reference=reference)), "stayed")
        if before.outcome == "reply":
            raise _Refused(words.EDITED_REPLY.format(name=name), "stayed")
        if went_out:
            raise _Refused(words.EDITED_SAID.format(name=name), "stayed")
        meant = commands.read(self.word.text)
        if meant.command not in (Command.PLAIN, Command.NOTE):
            raise _Refused(words.EDITED_NO_REPLY, "stayed")
        return self._note(Meant(Command.NOTE, words.EDITED_NOTE.format(text=self._filled(meant))))

    def _before(self) -> AlertWord | None:
        """What was heard of the message first: its key is how an edit's begins."""
        return self.session.scalar(
            select(AlertWord).where(
                AlertWord.installation == self.word.installation,
                AlertWord.place == self.word.place,
                AlertWord.key == self.word.key.partition("#")[0],
                AlertWord.external_id == self.word.external_id,
            )
        )

    def _requester(self) -> str:
        ticket = self.session.get(Ticket, self.alert.ticket_id) if self.alert.ticket_id is not None else None
        if ticket is not None:
            return cards.requester(ticket)
        handoff = self.session.get(Handoff, self.alert.handoff_id) if self.alert.handoff_id is not None else None
        return cards.person_of(self.session, handoff) if handoff is not None else words.SOMEBODY


_Work = Callable[[_Hearing, Meant], str]
_OF_TICKETS: Mapping[Command, _Work] = MappingProxyType(
    {
        Command.PLAIN: _Hearing._note,
        Command.NOTE: _Hearing._note,
        Command.TAKE: _Hearing._take,
        Command.RELEASE: _Hearing._release,
        Command.REPLY: _Hearing._reply,
        Command.RESOLVE: _Hearing._resolve,
        Command.STATUS: _Hearing._status,
        Command.HELP: _Hearing._help,
    }
)
_OF_CHATS: Mapping[Command, _Work] = MappingProxyType(
    {
        Command.PLAIN: _Hearing._words_in_chat,
        Command.NOTE: _Hearing._stays,
        Command.TAKE: _Hearing._take_chat,
        Command.REPLY: _Hearing._reply_in_chat,
        Command.END: _Hearing._end,
        Command.TICKET: _Hearing._make_ticket,
        Command.HELP: _Hearing._help,
    }
)
