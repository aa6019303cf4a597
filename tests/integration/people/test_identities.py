"""One person everywhere: codes that prove an address, linking, moving and taking off."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from helpsage import clock
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Conversation
from helpsage.intake import people as mail_people
from helpsage.mail.models import Mail
from helpsage.people import accounts, changes, directory, identities, words
from helpsage.people.errors import InvalidEmail, NoCode, TooManyAttempts, WrongCode
from helpsage.people.identities import ProvenBy
from helpsage.people.models import ChannelIdentity, Person, Role
from helpsage.tickets import service
from helpsage.tickets.errors import TicketNotFound
from helpsage.tickets.models import Ticket

ASHA = "asha@student.example"
REQUESTER = service.Actor("requester")


@pytest.fixture
def session(clean_database: Engine) -> Iterator[Session]:
    """Commits are real: attempts are counted in transactions of their own."""
    with Session(clean_database, expire_on_commit=False) as opened:
        yield opened


def meet(session: Session, channel: str, external: str, name: str = "Asha", shared: bool = False) -> Conversation:
    """Somebody begins to talk on a chat application."""
    identity = identities.known(session, channel, external, name)
    thread = "channel" if shared else "direct"
    conversation = conversations.ensure(session, f"{channel}:{external}:{thread}", channel)
    conversation.person_id, conversation.identity_id = identity.person_id, identity.id
    conversation.shared = shared
    session.commit()
    return conversation


def identity_of(session: Session, conversation: Conversation) -> ChannelIdentity:
    found = identities.of_conversation(session, conversation)
    assert found is not None
    return found


def file(session: Session, conversation: Conversation, subject: str) -> Ticket:
    """They open a ticket there."""
    new = service.NewTicket(
        subject=subject,
        description=subject,
        category="general_issue",
        channel=conversation.channel,
        conversation_id=conversation.id,
        idempotency_key=f"{conversation.id} {subject}",
    )
    ticket = service.open_ticket(session, new, REQUESTER)
    session.commit()
    return ticket


def codes(session: Session, address: str) -> list[str]:
    """Codes that were mailed to an address, the first one first."""
    letters = session.scalars(select(Mail).where(Mail.recipient == address).order_by(Mail.created_at)).all()
    found = [re.search(r"^(\d{3} \d{3})$", letter.text, re.MULTILINE) for letter in letters]
    return [match[1] for match in found if match is not None]


def prove(session: Session, conversation: Conversation, address: str = ASHA) -> Person:
    """They ask for a code and type it in."""
    identity = identity_of(session, conversation)
    identities.ask(session, identity, address)
    session.commit()
    person = identities.enter(session, identity, codes(session, address)[-1])
    session.commit()
    return person


def told(session: Session, kind: str) -> str:
    """The one letter of this kind (`people/words.py`) that Asha got; not that with the code."""
    title, _ = words.NOTICES[kind]
    (letter,) = session.scalars(select(Mail).where(Mail.recipient == ASHA, Mail.subject.contains(title)))
    return letter.text


def seen(session: Session, conversation: Conversation) -> set[str]:
    """Subjects of the tickets that are shown there."""
    session.expire_all()
    return {ticket.subject for ticket in service.tickets_of_conversation(session, conversation.id)}


class TestProving:
    def test_my_tickets_are_the_same_everywhere(self, session: Session) -> None:
        slack, telegram = meet(session, "slack", "T1:U1"), meet(session, "telegram", "7001")
        file(session, slack, "laptop"), file(session, telegram, "printer")
        assert (seen(session, slack), seen(session, telegram)) == ({"laptop"}, {"printer"})
        prove(session, slack), prove(session, telegram)
        assert seen(session, slack) == seen(session, telegram) == {"laptop", "printer"}

    def test_two_threads_of_one_identity_show_the_same_without_any_proof(self, session: Session) -> None:
        first = meet(session, "telegram", "7001")
        file(session, first, "printer")
        second = conversations.ensure(session, "telegram:7001:another", "telegram")
        second.person_id, second.identity_id = first.person_id, first.identity_id
        session.commit()
        assert seen(session, second) == {"printer"}

    def test_the_portal_shows_them_too(self, session: Session) -> None:
        account = accounts.create(session, ASHA, "Asha", "correct horse battery", Role.REQUESTER)
        telegram = meet(session, "telegram", "7001")
        ticket = file(session, telegram, "printer")
        assert prove(session, telegram).id == account.person_id
        session.refresh(ticket)
        assert ticket.requester_id == account.person_id

    def test_what_was_mailed_from_there_is_theirs(self, session: Session) -> None:
        by_mail = mail_people.by_mail(session, ASHA, "Asha")
        new = service.NewTicket("by mail", "by mail", "general_issue", "email", requester_id=by_mail.id)
        service.open_ticket(session, new, REQUESTER)
        telegram = meet(session, "telegram", "7001")
        prove(session, telegram)
        assert seen(session, telegram) == {"by mail"}

    def test_an_account_made_later_finds_everything(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        ticket = file(session, telegram, "printer")
        prove(session, telegram)
        account = accounts.create(session, ASHA, "Asha", "correct horse battery", Role.REQUESTER)
        assert ticket.requester_id == account.person_id
        assert [one.channel for one in identities.of_person(session, account.person_id)] == ["telegram"]

    def test_an_account_that_moves_to_the_address_takes_the_identity_along(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        prove(session, telegram)
        account = accounts.create(session, "old@student.example", "Asha", "correct horse battery", Role.REQUESTER)
        changes._take_over(session, ASHA, account.person)
        account.person.email = ASHA
        session.commit()
        assert identity_of(session, telegram).person_id == account.person_id
        assert telegram.person_id == account.person_id

    def test_the_owner_of_an_account_gets_a_letter(self, session: Session) -> None:
        accounts.create(session, ASHA, "Asha", "correct horse battery", Role.REQUESTER)
        prove(session, meet(session, "telegram", "7001", "Asha T."))
        assert "Telegram (Asha T.)" in told(session, "place_linked")

    def test_two_who_prove_an_address_at_once_are_one_person(self, session: Session, clean_database: Engine) -> None:
        asked = [meet(session, "telegram", str(number)) for number in range(4)]
        for conversation in asked:
            identity = identity_of(session, conversation)
            directory.learn(identity.person, "Asha")
        session.commit()

        def prove_one(identity_id: UUID) -> None:
            with Session(clean_database) as own, own.begin():
                identity = own.get_one(ChannelIdentity, identity_id)
                identities.link(own, identity, identities.with_address(own, identity, ASHA), ProvenBy.CODE)

        threads = [threading.Thread(target=prove_one, args=(one.identity_id,)) for one in asked]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        session.expire_all()
        assert len({identity_of(session, one).person_id for one in asked}) == 1
        assert session.scalar(select(func.count()).select_from(Person).where(Person.email == ASHA)) == 1


class TestCodes:
    def ask(self, session: Session, conversation: Conversation, address: str = ASHA) -> ChannelIdentity:
        identity = identity_of(session, conversation)
        identities.ask(session, identity, address)
        session.commit()
        return identity

    @pytest.mark.parametrize("written", ["{code}", " {code}. ", "my code is {code}", "{plain}", "{a}-{b}"])
    def test_however_it_is_written(self, session: Session, written: str) -> None:
        identity = self.ask(session, meet(session, "telegram", "7001"))
        code = codes(session, ASHA)[0]
        typed = written.format(code=code, plain=code.replace(" ", ""), a=code[:3], b=code[4:])
        assert identities.is_code(typed)
        assert identities.enter(session, identity, typed).email == ASHA

    @pytest.mark.parametrize(
        "written", ["12345", "1234567", "printer", "", "my old ticket was HS-123456, and what about it now?"]
    )
    def test_what_is_no_code(self, written: str) -> None:
        assert not identities.is_code(written)

    def test_it_works_once(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        prove(session, telegram)
        with pytest.raises(NoCode):
            identities.enter(session, identity_of(session, telegram), codes(session, ASHA)[0])

    def test_it_does_not_work_for_another(self, session: Session) -> None:
        self.ask(session, meet(session, "telegram", "7001"))
        other = self.ask(session, meet(session, "telegram", "6666"), "mallory@evil.example")
        with pytest.raises(WrongCode):
            identities.enter(session, other, codes(session, ASHA)[0])

    def test_it_ends(self, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
        identity = self.ask(session, meet(session, "telegram", "7001"))
        later = clock.now() + identities.CODE_LASTS
        monkeypatch.setattr(clock, "now", lambda: later)
        with pytest.raises(NoCode):
            identities.enter(session, identity, codes(session, ASHA)[0])

    def test_the_next_one_ends_the_one_before(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        self.ask(session, telegram)
        identity = self.ask(session, telegram)
        first, second = codes(session, ASHA)
        if first != second:
            with pytest.raises(WrongCode):
                identities.enter(session, identity, first)
        identities.enter(session, identity, second)

    def test_wrong_ones_are_counted_though_nothing_is_committed(self, session: Session) -> None:
        identity = self.ask(session, meet(session, "telegram", "7001"))
        code = codes(session, ASHA)[0].replace(" ", "")
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        for _ in range(identities.PER_CODE.most):
            with pytest.raises(WrongCode):
                identities.enter(session, identity, wrong)
            session.rollback()
        with pytest.raises(NoCode):
            identities.enter(session, identity, code)

    def test_so_many_an_hour(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        for number in range(identities.PER_IDENTITY.most):
            self.ask(session, telegram, f"asha{number}@student.example")
        with pytest.raises(TooManyAttempts):
            self.ask(session, telegram, "one.more@student.example")

    def test_so_many_to_one_address_by_whomever(self, session: Session) -> None:
        for number in range(3):
            self.ask(session, meet(session, "telegram", str(number)))
        with pytest.raises(TooManyAttempts):
            self.ask(session, meet(session, "telegram", "4"))
        assert len(codes(session, ASHA)) == 3

    def test_no_address(self, session: Session) -> None:
        with pytest.raises(InvalidEmail):
            self.ask(session, meet(session, "telegram", "7001"), "not an address")

    def test_an_unknown_address_gets_the_same_letter(self, session: Session) -> None:
        accounts.create(session, ASHA, "Asha", "correct horse battery", Role.REQUESTER)
        telegram = meet(session, "telegram", "7001")
        self.ask(session, telegram)
        self.ask(session, telegram, "nobody@student.example")
        texts = [
            re.sub(r"\d{3} \d{3}", "", session.scalars(select(Mail).where(Mail.recipient == to)).one().text)
            for to in (ASHA, "nobody@student.example")
        ]
        assert texts[0] == texts[1]

    def test_the_letter_keeps_no_code_once_sent_and_none_is_kept_in_clear(self, session: Session) -> None:
        self.ask(session, meet(session, "telegram", "7001"))
        letter = session.scalars(select(Mail).where(Mail.recipient == ASHA)).one()
        code = codes(session, ASHA)[0]
        assert letter.confidential
        assert code not in letter.subject
        kept = session.scalars(select(identities.IdentityCode)).one()
        assert code.replace(" ", "") not in kept.code_hash

    def test_old_codes_are_removed(self, session: Session) -> None:
        self.ask(session, meet(session, "telegram", "7001"))
        identities.tidy(session, clock.now() + timedelta(hours=1))
        assert session.scalar(select(func.count()).select_from(identities.IdentityCode)) == 0


class TestStrangers:
    def test_a_reference_is_no_password(self, session: Session) -> None:
        ticket = file(session, meet(session, "slack", "T1:U1"), "laptop")
        stranger = meet(session, "slack", "T1:U2", "Mallory")
        with pytest.raises(TicketNotFound):
            service.visible_to(session, ticket.reference, stranger.id)

    def test_neither_is_the_address_that_was_typed(self, session: Session) -> None:
        prove(session, meet(session, "slack", "T1:U1"))
        stranger = meet(session, "telegram", "6666", "Mallory")
        directory.learn(identity_of(session, stranger).person, "Asha", ASHA)
        session.commit()
        assert seen(session, stranger) == set()

    def test_the_same_id_on_another_application_is_another_person(self, session: Session) -> None:
        file(session, meet(session, "telegram", "7001"), "printer")
        assert seen(session, meet(session, "slack", "7001")) == set()

    def test_where_others_read_along_only_what_began_there_is_shown(self, session: Session) -> None:
        direct, channel = meet(session, "slack", "T1:U1"), meet(session, "slack", "T1:U1", shared=True)
        secret, open_one = file(session, direct, "salary"), file(session, channel, "projector")
        assert seen(session, channel) == {"projector"}
        assert seen(session, direct) == {"salary", "projector"}
        assert service.visible_to(session, open_one.reference, channel.id).id == open_one.id
        with pytest.raises(TicketNotFound):
            service.visible_to(session, secret.reference, channel.id)


class TestProfiles:
    def test_a_trusted_profile_links(self, session: Session) -> None:
        account = accounts.create(session, ASHA, "Asha", "correct horse battery", Role.REQUESTER)
        slack = meet(session, "slack", "T1:U1")
        file(session, slack, "laptop")
        identities.vouched(session, identity_of(session, slack), ASHA.upper())
        session.commit()
        assert identity_of(session, slack).proven_by == ProvenBy.PROFILE
        assert slack.person_id == account.person_id

    def test_it_undoes_nothing_that_was_proven(self, session: Session) -> None:
        slack = meet(session, "slack", "T1:U1")
        prove(session, slack)
        assert identities.vouched(session, identity_of(session, slack), "other@student.example") is None
        assert identity_of(session, slack).person.email == ASHA

    def test_it_does_not_put_back_what_was_taken_off(self, session: Session) -> None:
        slack = meet(session, "slack", "T1:U1")
        identities.vouched(session, identity_of(session, slack), ASHA)
        identities.unlink(session, identity_of(session, slack))
        session.commit()
        assert identities.vouched(session, identity_of(session, slack), ASHA) is None


class TestUndoing:
    def test_taken_off_it_sees_only_what_began_there(self, session: Session) -> None:
        slack, telegram = meet(session, "slack", "T1:U1"), meet(session, "telegram", "7001")
        file(session, slack, "laptop"), file(session, telegram, "printer")
        asha = prove(session, slack)
        prove(session, telegram)
        identities.unlink(session, identity_of(session, telegram))
        session.commit()
        assert seen(session, telegram) == {"printer"}
        assert seen(session, slack) == {"laptop", "printer"}
        assert [one.channel for one in identities.of_person(session, asha.id)] == ["slack"]

    def test_what_is_said_next_answers_no_ticket_of_theirs(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        ticket = file(session, telegram, "printer")
        prove(session, telegram)
        telegram.awaiting_ticket_id = ticket.id
        session.commit()
        identities.unlink(session, identity_of(session, telegram))
        session.commit()
        session.refresh(telegram)
        assert telegram.awaiting_ticket_id is None

    def test_proving_another_address_moves_the_identity_and_no_ticket(self, session: Session) -> None:
        telegram = meet(session, "telegram", "7001")
        asha = prove(session, telegram)
        ticket = file(session, telegram, "printer")
        ben = prove(session, telegram, "ben@student.example")
        session.expire_all()
        assert ben.id != asha.id
        assert telegram.person_id == ben.id
        assert ticket.requester_id == asha.id
        assert [line.action for line in identities.history(session, ben.id)] == ["moved"]

    def test_taken_off_it_has_proven_nothing_and_the_owner_is_told(self, session: Session) -> None:
        accounts.create(session, ASHA, "Asha", "correct horse battery", Role.REQUESTER)
        telegram = meet(session, "telegram", "7001", "Asha T.")
        prove(session, telegram)
        identities.unlink(session, identity_of(session, telegram))
        session.commit()
        session.expire_all()
        found = identity_of(session, telegram)
        assert (found.proven_by, found.proven_at, found.person.email) == (None, None, None)
        assert "Telegram (Asha T.)" in told(session, "place_unlinked")

    def test_every_step_is_logged(self, session: Session) -> None:
        admin = accounts.create(session, "olivia@example.org", "Olivia", "correct horse battery", Role.ADMINISTRATOR)
        telegram = meet(session, "telegram", "7001")
        asha = prove(session, telegram)
        identities.unlink(session, identity_of(session, telegram), actor_id=admin.id)
        session.commit()
        lines = [(line.action, line.actor_id, line.proven_by) for line in identities.history(session, asha.id)]
        assert lines == [("unlinked", admin.id, "code"), ("linked", None, "code")]
