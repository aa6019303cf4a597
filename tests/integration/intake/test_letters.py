"""Letters: each becomes one ticket or one comment, whoever wrote it and whatever stands in it."""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage

import pytest
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage import attachments, clock, mail, settings
from helpsage.configuration.models import BrandLogo
from helpsage.departments.models import Department, Team, TeamMember
from helpsage.intake import lanes, letters, people, service
from helpsage.intake.models import Inbound, Progress
from helpsage.mail import parsed, smtp, threading
from helpsage.people import accounts
from helpsage.people.models import Person, Role
from helpsage.tickets import merge
from helpsage.tickets import service as tickets
from helpsage.tickets.models import Status, Ticket
from helpsage.tickets.service import Actor, NewTicket
from tests.integration.intake.conftest import ASHA, DESK, PRIYA, Post, written

AGENT = Actor("agent", "Priya Raman")


def answer(ticket: Ticket, text: str = "It still jams.", sender: str = ASHA, **headers: str) -> EmailMessage:
    """A letter to the reply address of a ticket."""
    given = {"to": threading.reply_address(ticket), "message_id": "<2@people.example>", **headers}
    return written(text, f"Re: {ticket.subject}", sender, **given)


def files(session: Session, ticket: Ticket) -> list[str]:
    return [each.name for each in attachments.of_ticket(session, ticket.id)]


# --- new tickets


def test_a_letter_becomes_a_ticket_of_its_writer(post: Post) -> None:
    ticket = post.ticket(written())
    assert (ticket.subject, ticket.description, ticket.channel) == ("Printer", "The printer on floor 2 jams.", "email")
    assert (ticket.requester.name, ticket.requester.contact_email, ticket.requester.email) == ("Asha Patel", ASHA, None)


def test_the_same_letter_makes_one_ticket_however_it_comes(post: Post) -> None:
    letter = written()
    first = post.take(letter, mailbox="support", uid=1)
    again = post.take(b"Received: from elsewhere\r\n" + letter.as_bytes(), envelope_to=[DESK])
    assert again.id == first.id
    assert len(post.tickets()) == 1


def test_one_message_id_used_by_two_people_keeps_both_letters(post: Post) -> None:
    post.take(written())
    post.take(written("Mine is another problem.", sender="ben@people.example"))
    assert len(post.tickets()) == 2


def test_a_letter_without_message_id_is_known_by_what_it_says(post: Post) -> None:
    post.take(written(message_id=""))
    post.take(b"Received: by way of another server\r\n" + written(message_id="").as_bytes())
    post.take(written("Another one.", message_id=""))
    assert [ticket.description for ticket in post.tickets()] == ["The printer on floor 2 jams.", "Another one."]


def test_who_writes_again_is_the_same_person(post: Post) -> None:
    first = post.ticket(written())
    second = post.ticket(written("Another problem.", message_id="<9@people.example>", sender=ASHA.upper()))
    assert first.requester_id == second.requester_id


def test_who_proved_the_address_gets_the_ticket(post: Post, proven: Person) -> None:
    assert post.ticket(written()).requester_id == proven.id


def test_what_was_written_before_the_address_was_proven_is_theirs(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    person = Person(name="Asha", email=ASHA)
    session.add(person)
    session.flush()
    people.proved(session, person)
    assert session.get_one(Ticket, ticket.id, populate_existing=True).requester_id == person.id


def test_an_address_typed_in_a_chat_makes_nobody_another_person(post: Post, session: Session) -> None:
    typed = tickets.open_ticket(
        session, NewTicket("a", "b", "general_issue", "webchat", requester_name="Mallory", contact_email=ASHA), AGENT
    )
    assert post.ticket(written()).requester_id != typed.requester_id


def test_the_address_decides_the_department_and_the_team(
    post: Post, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Department(key="library", name="Library", widget_key="library-key")
    session.add(library)
    session.flush()
    loans = Team(department_id=library.id, name="Loans", key="loans")
    session.add(loans)
    session.flush()
    opened = lanes.build({"addresses": [{"address": "books@desk.example", "department": "library", "team": "loans"}]})
    monkeypatch.setattr(lanes.lanes, "get", lambda: opened)
    ticket = post.ticket(written(to="Books <Books+anything@desk.example>"))
    assert (ticket.department_id, ticket.team_id) == (library.id, loans.id)


def test_an_empty_letter_says_so(post: Post) -> None:
    ticket = post.ticket(written("", subject=""))
    assert (ticket.subject, ticket.description) == ("(no subject)", "(This letter has no text.)")


def test_a_very_long_letter_is_shortened_and_its_whole_stays_readable(post: Post) -> None:
    record = post.take(written("word " * 30_000))
    assert len(post.ticket_of(record).description) <= 20_000
    assert letters.summary(record)["text"].count("word") == 30_000


def test_quotes_and_signature_are_left_out_of_the_ticket(post: Post) -> None:
    record = post.take(written("It jams.\n\n-- \nAsha Patel\nRoom 12\n\nOn Monday, Desk wrote:\n> Is it on?\n"))
    assert post.ticket_of(record).description == "It jams."
    assert "Is it on?" in letters.summary(record)["text"]


# --- answers


def test_an_answer_to_the_reply_address_is_a_comment(post: Post) -> None:
    ticket = post.ticket(written())
    record = post.take(answer(ticket))
    assert record.ticket_id == ticket.id
    assert post.thread(ticket) == [("public", "requester", "It still jams.")]


def test_an_answer_finds_its_ticket_by_our_message_id(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    ours = threading.headers_for(session, ticket, "reply:1")["Message-ID"]
    record = post.take(written("Thanks, but no.", message_id="<3@people.example>", In_Reply_To=ours))
    assert record.ticket_id == ticket.id


def test_an_answer_finds_its_ticket_by_the_persons_own_letter(post: Post) -> None:
    ticket = post.ticket(written())
    record = post.take(
        written("One more thing.", message_id="<3@people.example>", References="<x@y.example> <1@people.example>")
    )
    assert record.ticket_id == ticket.id


def test_working_it_off_twice_writes_it_once(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    record = post.take(answer(ticket))
    service.replay(session, record.id)
    service.work(session, record.id)
    assert len(post.thread(ticket)) == 1
    assert record.state == Progress.DONE


def test_a_stranger_who_answers_gets_a_ticket_that_mentions_it(post: Post) -> None:
    ticket = post.ticket(written())
    own = post.ticket(answer(ticket, "Let me in.", "mallory@elsewhere.example"))
    assert own.id != ticket.id
    assert post.thread(ticket) == []
    [(visibility, _, said)] = post.thread(own)
    assert (visibility, ticket.reference in said) == ("internal", True)


def test_a_reference_in_the_subject_lets_nobody_in(post: Post) -> None:
    ticket = post.ticket(written())
    own = post.ticket(
        written("Hello", f"Re: [{ticket.reference}]", "mallory@elsewhere.example", message_id="<4@x.example>")
    )
    assert own.id != ticket.id


def test_a_reply_address_that_was_made_up_is_none(post: Post) -> None:
    ticket = post.ticket(written())
    forged = f"help+hs{ticket.number}.aaaaaaaaaaaaaaaa@desk.example"
    assert post.ticket(written("Hi", to=forged, sender="m@x.example", message_id="<4@x.example>")).id != ticket.id


def test_whoever_our_letter_went_to_may_answer_about_a_ticket_from_the_chat(post: Post, session: Session) -> None:
    ticket = tickets.open_ticket(
        session, NewTicket("Fee", "Paid twice", "double_charge", "webchat", contact_email=ASHA), AGENT
    )
    record = post.take(answer(ticket))
    assert record.ticket_id == ticket.id
    assert post.thread(ticket)[0][:2] == ("public", "requester")


def test_the_address_alone_is_not_enough_for_a_ticket_from_the_chat(post: Post, session: Session) -> None:
    ticket = tickets.open_ticket(
        session, NewTicket("Fee", "Paid twice", "double_charge", "webchat", contact_email=ASHA), AGENT
    )
    threading.remember(session, ticket.id, "<known@x.example>", "")
    record = post.take(written("Hi", message_id="<5@x.example>", References="<known@x.example>"))
    assert record.ticket_id != ticket.id


def test_the_address_with_a_signature_that_was_made_up_is_not_enough(post: Post, session: Session) -> None:
    ticket = tickets.open_ticket(
        session, NewTicket("Fee", "Paid twice", "double_charge", "webchat", contact_email=ASHA), AGENT
    )
    mac = "a" * 16
    to = f"help+hs{ticket.number}.{mac}@desk.example"
    by_address = post.take(written("Let me in.", to=to, message_id="<5@x.example>"))
    named = f"<hs{ticket.number}.{'0' * 16}.{mac}@desk.example>"
    by_name = post.take(written("Let me in.", message_id="<6@x.example>", References=named))
    assert ticket.id not in (by_address.ticket_id, by_name.ticket_id)
    assert post.thread(ticket) == []
    other = post.ticket(written("Something else.", message_id="<7@x.example>"))
    borrowed = threading.reply_address(other).replace(f"+hs{other.number}.", f"+hs{ticket.number}.")
    assert post.take(written("Let me in.", to=borrowed, message_id="<8@x.example>")).ticket_id != ticket.id


def test_a_colleagues_answer_is_a_note_and_goes_to_nobody(post: Post, agent: Person) -> None:
    ticket = post.ticket(written())
    post.take(answer(ticket, "I will look at it.", PRIYA))
    assert post.thread(ticket) == [("internal", "agent", "I will look at it.")]


def test_an_answer_to_a_merged_ticket_reaches_the_survivor(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    other = post.ticket(written("The same again.", message_id="<7@people.example>"))
    merge.merge(session, ticket, other, AGENT)
    assert post.take(answer(ticket)).ticket_id == other.id


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Thank you, it works now!", Status.RESOLVED),
        ("Vielen Dank!", Status.RESOLVED),
        ("It's back.", Status.OPEN),
        ("Thanks, but it does not work.", Status.OPEN),
        ("Is it solved now?", Status.OPEN),
    ],
)
def test_thanks_does_not_reopen_and_its_back_does(post: Post, session: Session, said: str, status: Status) -> None:
    ticket = post.ticket(written())
    tickets.change_status(session, ticket, Status.RESOLVED, AGENT)
    post.take(answer(ticket, said))
    assert session.get_one(Ticket, ticket.id, populate_existing=True).status == status


def test_an_answer_to_a_ticket_closed_long_ago_is_a_new_one(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    tickets.close(session, ticket, AGENT)
    with clock.frozen(clock.now() + timedelta(days=60)):
        own = post.ticket(answer(ticket, "It is broken again."))
    assert own.id != ticket.id


# --- forwarded


FORWARDED = """Please look at this.

---------- Forwarded message ---------
From: Ben Okafor <ben@people.example>
Date: Thu, 19 Nov 2026 at 09:00
Subject: No heating
To: <priya@desk-staff.example>

The heating in room 7 is cold.
"""


def test_what_a_colleague_passes_on_is_the_ticket_of_who_wrote_it(post: Post, agent: Person) -> None:
    ticket = post.ticket(written(FORWARDED, "Fwd: No heating", PRIYA))
    assert (ticket.requester.contact_email, ticket.requester.name) == ("ben@people.example", "Ben Okafor")
    assert (ticket.subject, ticket.description) == ("No heating", "The heating in room 7 is cold.")
    assert "Please look at this." in post.thread(ticket)[0][2]
    assert post.thread(ticket)[0][0] == "internal"


def test_what_a_colleague_attaches_as_a_letter_too(post: Post, agent: Person) -> None:
    outer = written("", "Fwd: No heating", PRIYA)
    outer.add_attachment(written("It is cold.", "No heating", "Ben <ben@people.example>", message_id="<b@x.example>"))
    ticket = post.ticket(outer)
    assert (ticket.requester.contact_email, ticket.description) == ("ben@people.example", "It is cold.")


def test_what_anybody_else_passes_on_stays_their_own(post: Post) -> None:
    ticket = post.ticket(written(FORWARDED, "Fwd: No heating"))
    assert ticket.requester.contact_email == ASHA
    assert "The heating in room 7 is cold." in ticket.description


# --- programs


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Auto_Submitted": "auto-replied"}, "auto_submitted"),
        ({"Auto_Submitted": "auto-generated; owner=x"}, "auto_submitted"),
        ({"X_Autoreply": "yes"}, "auto_submitted"),
        ({"Precedence": "bulk"}, "list"),
        ({"List_Id": "<news.example>"}, "list"),
        ({"List_Unsubscribe": "<mailto:u@x.example>"}, "list"),
        ({"X_Auto_Response_Suppress": "All"}, "suppressed"),
        ({"Return_Path": "<>"}, "no_return_path"),
        ({"sender": "MAILER-DAEMON@mx.example"}, "report"),
        ({"sender": "postmaster@mx.example"}, "report"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else value,
)
def test_letters_of_programs_become_nothing(post: Post, headers: dict[str, str], reason: str) -> None:
    record = post.take(written(**headers))
    assert (record.state, record.reason) == (Progress.IGNORED, reason)
    assert post.tickets() == []


@pytest.mark.parametrize(
    ("kind", "inside", "reason"),
    [
        ("report; report-type=delivery-status", "text/plain", "report"),
        ("mixed", "message/delivery-status", "report"),
        ("report; report-type=disposition-notification", "message/disposition-notification", "read_notice"),
    ],
    ids=["delivery report", "one that does not say so", "read notice"],
)
def test_reports_of_programs_become_nothing_whoever_they_say_they_are_from(
    post: Post, kind: str, inside: str, reason: str
) -> None:
    """RFC 3464 and 8098: some servers send them under a person's name, with a return path."""
    raw = (
        f"From: {ASHA}\r\nTo: {DESK}\r\nSubject: Returned\r\nMessage-ID: <r@mx.example>\r\n"
        f"Content-Type: multipart/{kind}; boundary=b\r\n\r\n--b\r\n\r\nIt did not arrive.\r\n"
        f"--b\r\nContent-Type: {inside}\r\n\r\nFinal-Recipient: rfc822; x@x.example\r\nAction: failed\r\n\r\n--b--\r\n"
    )
    record = post.take(raw.encode(), envelope_from=ASHA)
    assert (record.state, record.reason) == (Progress.IGNORED, reason)
    assert post.tickets() == []


def test_a_persons_letter_that_says_so_is_one(post: Post) -> None:
    assert post.take(written(Auto_Submitted="no")).state == Progress.DONE


def test_an_empty_envelope_sender_is_a_program(post: Post) -> None:
    assert post.take(written(), envelope_from="").reason == "no_return_path"


def test_our_own_letter_that_comes_back_is_none(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    own = threading.headers_for(session, ticket, "reply:1", threading.BY_HAND)["Message-ID"]
    assert post.take(written(message_id=own, sender="no-reply@desk.example")).reason == "own"
    assert post.take(written(message_id="<8@x.example>", sender=DESK)).reason == "own"


def test_a_person_can_make_a_ticket_of_it_all_the_same(post: Post, session: Session) -> None:
    record = post.take(written(List_Id="<news.example>"))
    service.replay(session, record.id)
    service.work(session, record.id)
    assert record.state == Progress.DONE
    assert len(post.tickets()) == 1


def report(returned: str, address: str = ASHA, action: str = "failed", status: str = "5.1.1") -> bytes:
    return f"""From: MAILER-DAEMON@mx.example
To: no-reply@desk.example
Subject: Undelivered
Message-ID: <{action}{status}@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

It came back.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such mailbox

--b
Content-Type: text/rfc822-headers

Message-ID: {returned}
Subject: HS

--b--
""".replace("\n", "\r\n").encode()


def told(session: Session, ticket: Ticket, address: str = ASHA) -> str:
    """A letter of ours about a ticket, as it went out; returns its Message-ID."""
    headers = threading.headers_for(session, ticket, "reply:1")
    mail.send(session, address, "HS", "We look at it.", headers=headers, key=f"reply:1:{address}")
    return headers["Message-ID"]


def test_a_letter_that_came_back_is_marked_on_the_person_and_told_on_the_ticket(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    record = post.take(report(told(session, ticket)))
    assert (record.state, record.reason, record.ticket_id) == (Progress.IGNORED, "bounce", ticket.id)
    marked = people.bounce_of(session, ASHA)
    assert marked is not None
    assert marked.bounce == "5.1.1 550 no such mailbox"
    assert "came back" in post.thread(ticket)[0][2]


def test_a_letter_from_there_says_that_the_address_works(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    post.take(report(told(session, ticket)))
    assert people.bounce_of(session, ASHA) is not None
    post.take(written("Me again.", message_id="<6@people.example>"))
    assert people.bounce_of(session, ASHA) is None


@pytest.mark.parametrize("what", ["made up", "delayed", "for now"])
def test_other_reports_mark_nobody(post: Post, session: Session, what: str) -> None:
    ticket = post.ticket(written())
    ours = told(session, ticket)
    post.take(
        {
            "made up": report(f"<hs{ticket.number}.0123456789abcdef.aaaaaaaaaaaaaaaa@desk.example>"),
            "delayed": report(ours, action="delayed"),
            "for now": report(ours, status="4.2.2"),
        }[what]
    )
    assert people.bounce_of(session, ASHA) is None
    assert post.thread(ticket) == []


def test_whoever_got_a_letter_of_ours_cannot_say_that_somebody_elses_came_back(post: Post, session: Session) -> None:
    post.take(written("Mine.", sender="victim@people.example", message_id="<v@people.example>"))
    ticket = post.ticket(written())
    record = post.take(report(told(session, ticket), address="victim@people.example"))
    assert people.bounce_of(session, "victim@people.example") is None
    assert record.reason == "report"


# --- who it is from


@pytest.mark.parametrize(
    "authors",
    [f"From: Asha <{ASHA}>\r\nFrom: eve@evil.example", f"From: Asha <{ASHA}>, eve@evil.example"],
    ids=["two fields", "two authors"],
)
def test_a_letter_of_two_authors_is_nobodys_answer(post: Post, session: Session, authors: str) -> None:
    """RFC 5322, 3.6: one From. A server vouches for one of the two, and nobody knows for which."""
    ticket = post.ticket(written())
    twice = (
        f"{authors}\r\nTo: {threading.reply_address(ticket)}\r\nSubject: Re: Printer\r\n"
        "Message-ID: <2@people.example>\r\n\r\nGive it to me.\r\n"
    )
    own = post.ticket(twice.encode())
    assert own.id != ticket.id
    assert own.requester_id != ticket.requester_id
    assert post.thread(ticket) == []
    assert any("several authors" in words for _, _, words in post.thread(own))


def test_what_the_named_server_disowns_is_not_believed(
    post: Post, session: Session, proven: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPSAGE_MAIL_AUTHSERV_ID", "mx.desk.example")
    settings.get.cache_clear()
    ticket = post.ticket(written())
    failed = "mx.desk.example; spf=fail smtp.mailfrom=people.example; dmarc=fail header.from=people.example"
    own = post.ticket(answer(ticket, "Let me in.", Authentication_Results=failed))
    assert own.id != ticket.id
    assert own.requester_id != proven.id
    assert any("DMARC" in said for _, _, said in post.thread(own))


def test_what_anybody_can_write_about_it_decides_nothing(
    post: Post, proven: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELPSAGE_MAIL_AUTHSERV_ID", "mx.desk.example")
    settings.get.cache_clear()
    record = post.take(written(Authentication_Results="elsewhere.example; dmarc=fail"))
    assert post.ticket_of(record).requester_id == proven.id
    assert "verdict" not in record.meta


def test_the_servers_findings_are_kept(post: Post) -> None:
    record = post.take(written(Authentication_Results="mx.example; spf=pass; dkim=pass header.d=x; dmarc=pass"))
    assert record.meta["verdict"] == {"server": "mx.example", "spf": "pass", "dkim": "pass", "dmarc": "pass"}


# --- files


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (20, 10), "green").save(file, "PNG")
    return file.getvalue()


def test_files_and_pictures_come_with_the_ticket(post: Post, session: Session) -> None:
    letter = written()
    letter.add_alternative("<p>The printer <img src='cid:p'></p>", subtype="html")
    part = letter.get_payload()[1]
    assert isinstance(part, EmailMessage)
    part.add_related(picture(), "image", "png", cid="<p>", filename="screen.png", disposition="inline")
    letter.add_attachment(b"line 1\nline 2\n", maintype="text", subtype="plain", filename="log.txt")
    ticket = post.ticket(letter)
    assert sorted(files(session, ticket)) == ["log.txt", "screen.png"]


def test_the_logo_of_our_own_letters_that_an_answer_brings_back_is_left_out(post: Post, session: Session) -> None:
    logo = picture()
    session.add(BrandLogo(sha256=hashlib.sha256(logo).hexdigest(), content=logo, content_type="image/png"))
    session.flush()
    letter = written()
    letter.add_alternative("<p>Thanks <img src='cid:p'></p>", subtype="html")
    part = letter.get_payload()[1]
    assert isinstance(part, EmailMessage)
    part.add_related(logo, "image", "png", cid="<p>", filename="logo.png", disposition="inline")
    letter.add_attachment(b"line 1\nline 2\n", maintype="text", subtype="plain", filename="log.txt")
    assert files(session, post.ticket(letter)) == ["log.txt"]


def test_what_cannot_be_kept_is_named_and_the_rest_stays(post: Post, session: Session) -> None:
    letter = written()
    letter.add_attachment(b"MZ\x90\x00" * 50, maintype="application", subtype="x-msdownload", filename="setup.exe")
    letter.add_attachment(b"words", maintype="text", subtype="plain", filename="log.txt")
    ticket = post.ticket(letter)
    assert files(session, ticket) == ["log.txt"]
    assert "setup.exe" in post.thread(ticket)[0][2]


def test_a_thousand_files_are_a_few(post: Post, session: Session) -> None:
    letter = written()
    for number in range(1_000):
        letter.add_attachment(f"{number}".encode(), maintype="text", subtype="plain", filename=f"{number}.txt")
    ticket = post.ticket(letter)
    assert len(files(session, ticket)) == settings.get().attachment_max_files
    assert "990 more files" in post.thread(ticket)[0][2]


def test_of_more_parts_than_anybody_means_all_are_counted(post: Post) -> None:
    letter = written()
    for number in range(parsed.MOST_PARTS + 100):
        letter.add_attachment(f"{number}".encode(), maintype="text", subtype="plain", filename=f"{number}.txt")
    ticket = post.ticket(letter)
    left = parsed.MOST_PARTS + 100 - settings.get().attachment_max_files
    assert f"{left} more files" in post.thread(ticket)[0][2]
    assert ticket.description == "The printer on floor 2 jams."


def test_a_zip_bomb_is_a_small_file_that_nobody_opens(post: Post, session: Session) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 50_000_000)
    letter = written()
    letter.add_attachment(packed.getvalue(), maintype="application", subtype="zip", filename="bomb.zip")
    ticket = post.ticket(letter)
    [kept] = attachments.of_ticket(session, ticket.id)
    assert kept.size == len(packed.getvalue())


def test_names_of_files_stay_names(post: Post, session: Session) -> None:
    letter = written()
    letter.add_attachment(b"words", maintype="text", subtype="plain", filename="../../etc/pass\u202etxt.wd")
    letter.add_attachment(b"words", maintype="text", subtype="plain", filename="r\u00e9sum\u00e9.txt")
    names = files(session, post.ticket(letter))
    assert all("/" not in name and "\u202e" not in name for name in names)
    assert "résumé.txt" in names


# --- bad input


_FROM = b"From: a@b.example\r\n"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "no text"),
        (b"\0\xff\xfe", "\u00ff\u00fe"),
        (b"no header at all", "no header at all"),
        (_FROM + b"Content-Type: multipart/mixed\r\n\r\nno boundary", "no boundary"),
        (_FROM + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nnever ends", "never ends"),
        (_FROM + b"Content-Type: multipart/mixed; boundary=x\r\n\r\nbefore\r\n--x\r\n\r\n--x--\r\n", "before"),
        (_FROM + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\n--x--\r\nbehind\r\n", "behind"),
        (_FROM + b"Content-Type: text/plain; charset=nonsense\r\n\r\nStra\xdfe", "Straße"),
        (_FROM + b'Content-Type: text/plain; charset="utf-8\r\n\r\nStra\xc3\x9fe', "Straße"),
        (b"From: =?utf-8?b?!!!?=\r\nSubject: =?x?q?=\r\nDate: yesterday\r\n\r\nhello", "hello"),
        (_FROM + b"Content-Transfer-Encoding: base64\r\n\r\nnot base64 !!", ""),
    ],
    ids=["empty", "binary", "no header", "no boundary", "never ends", "before the marks", "behind the marks", "charset",
         "quote", "encoded", "base64"],
)  # fmt: skip
def test_malformed_letters_become_tickets_with_their_words(post: Post, raw: bytes, words: str) -> None:
    record = post.take(raw)
    assert record.state == Progress.DONE
    assert words in post.ticket_of(record).description


def test_a_wrong_charset_loses_no_letter(post: Post) -> None:
    raw = b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xfc\xdfe aus der Stra\xdfe"
    assert post.ticket(raw).description == "Grüße aus der Straße"


def test_a_header_cannot_be_smuggled_into_a_ticket(post: Post) -> None:
    raw = b"From: a@b.example\r\nSubject: =?utf-8?q?Hi=0D=0ABcc=3A_all=40x.example?=\r\n\r\nhello"
    assert post.ticket(raw).subject == "Hi Bcc: all@x.example"


def test_html_becomes_words_that_do_nothing(post: Post) -> None:
    letter = written()
    letter.clear_content()
    letter.set_content("<p>Hello<script>alert(1)</script><img src=x onerror=alert(2)></p>", subtype="html")
    assert post.ticket(letter).description == "Hello"


def test_what_was_cut_in_the_mailbox_says_so(post: Post) -> None:
    assert any("larger than" in said for _, _, said in post.thread(post.ticket(written(), cut=True)))


def test_what_is_brought_twice_is_kept_once(post: Post, session: Session) -> None:
    first, again = post.bring(written()), post.bring(written())
    assert first.id == again.id
    assert session.scalars(select(Inbound.id)).all() == [first.id]


def test_an_agent_who_may_not_see_the_ticket_gets_a_ticket_of_their_own(post: Post, session: Session) -> None:
    elsewhere = Department(key="library", name="Library", widget_key="library-key")
    session.add(elsewhere)
    session.flush()
    team = Team(department_id=elsewhere.id, name="Loans", key="loans")
    session.add(team)
    session.flush()
    account = accounts.create(session, "lee@desk-staff.example", "Lee", "correct horse battery staple", Role.AGENT)
    session.add(TeamMember(team_id=team.id, account_id=account.id))
    session.flush()
    ticket = post.ticket(written())
    own = post.ticket(answer(ticket, "What is it about?", "lee@desk-staff.example"))
    assert own.id != ticket.id
    assert post.thread(ticket) == []


def test_two_robots_do_not_talk(post: Post, session: Session) -> None:
    """A robot that answers each letter of ours, and says that it is one, ends it with its first answer."""
    ticket = post.ticket(written())
    ours = threading.headers_for(session, ticket, "notice:received", threading.REPLIED)
    assert ours["Auto-Submitted"] == "auto-replied"
    assert ours["X-Auto-Response-Suppress"] == "All"
    back = answer(ticket, "I am away.", In_Reply_To=ours["Message-ID"], Auto_Submitted="auto-replied")
    assert post.take(back).state == Progress.IGNORED
    assert len(post.tickets()) == 1
    assert post.thread(ticket) == []


def test_headers_of_our_letters_keep_them_in_one_thread(post: Post, session: Session) -> None:
    ticket = post.ticket(written())
    first = threading.headers_for(session, ticket, "reply:1")
    post.take(answer(ticket))
    second = threading.headers_for(session, ticket, "reply:2")
    assert first["References"] == first["In-Reply-To"] == "<1@people.example>"
    assert second["References"] == "<1@people.example> <2@people.example>"
    assert second["In-Reply-To"] == "<2@people.example>"
    assert first["Message-ID"] == threading.headers_for(session, ticket, "reply:1")["Message-ID"]
    assert first["Message-ID"] != second["Message-ID"]
    assert threading.ticket_of_address(first["Reply-To"].upper()) == ticket.number


def test_long_message_ids_arrive_whole(post: Post, session: Session) -> None:
    long = f"<{'x' * 180}@people.example>"
    ticket = post.ticket(written(message_id=long))
    letter = mail.send(session, ASHA, "Hi", "words", headers=threading.headers_for(session, ticket, "reply:1"))
    sent = smtp.message(letter, "Desk", "no-reply@desk.example").as_bytes()
    assert f"References: {long}".encode() in sent
    assert message_from_bytes(sent)["Message-ID"] == threading.message_id(ticket, "reply:1")


@pytest.mark.parametrize(
    "field",
    ["Message-ID: =?utf-7?q?<+2AA-1@x.example>?=", "Message-ID: =?utf-8?q?=3C=00=01a=40x=3E?=",
     "References: =?utf-8?q?=3Ca=00b=40x.example=3E?=", "In-Reply-To: =?unicode_escape?q?<=5Cud800=5Cx00@x>?=",
     "Subject: =?unicode_escape?b?XHVkODAwXHgwMA==?=", "Authentication-Results: x; spf=pass reason=\"=?utf-8?q?=00?=\"",
     "Delivered-To: =?utf-7?q?+2AA-?=@desk.example", "Content-Type: text/pl\x00ain; charset=utf-7",
     "Content-Type: image/\x00png; name=\"=?utf-7?q?+2AA-=00.png?=\"", "From: =?utf-7?q?+2AA-=00?= <a@x.example>",
     "Date: =?utf-7?q?+2AA-=00?=", "To: =?utf-7?q?+2AA-=00?= <help@desk.example>"],
)  # fmt: skip
def test_no_field_holds_what_cannot_be_kept(post: Post, field: str) -> None:
    """Half characters and NUL, packed into encoded words: a letter that nobody could keep would stop its mailbox."""
    record = post.take(f"{field}\r\n\r\nThe printer +2AA- jams.\r\n".encode())
    assert (record.state, record.reason) == (Progress.DONE, "")
    assert "jams" in post.ticket_of(record).description or field.startswith("Content-Type")


def test_a_long_line_of_no_address_takes_no_time(post: Post) -> None:
    record = post.bring(b"Delivered-To: " + b"a" * 19_000 + b"\r\n" + b"To: x\r\n\r\nHello.")
    letter = post.session.get_one(Inbound, record.id)
    began = time.process_time()
    for _ in range(5):
        letters._went_to(letter, parsed.read(letter.raw))
    assert time.process_time() - began < 2


EVE = "eve@evil.example"


@pytest.mark.parametrize(
    "field",
    [
        f"=?utf-8?q?=3Casha=40people=2Eexample=3E=20=28?= <{EVE}>)",
        f"=?utf-8?q?=3Casha=40people=2Eexample=3E?= <{EVE}>",
        f"=?utf-8?b?YXNoYUBwZW9wbGUuZXhhbXBsZSwg?= <{EVE}>",
        f"{ASHA} <{EVE}>",
        f'"{ASHA}" <{EVE}>',
        f'"Asha <{ASHA}>" <{EVE}>',
        f"Asha ({ASHA}) <{EVE}>",
    ],
)
def test_a_name_that_looks_like_an_address_is_none(post: Post, session: Session, field: str) -> None:
    """The server vouches for Eve, truly: whoever believes the name lets her write as Asha."""
    ticket = post.ticket(written())
    raw = f"From: {field}\r\nTo: {threading.reply_address(ticket)}\r\nMessage-ID: <e@x>\r\n\r\nGive it to me.\r\n"
    record = post.take(raw.encode())
    assert record.sender == EVE
    assert record.ticket_id != ticket.id
    assert post.thread(ticket) == []


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n\r\n0\x80", "encrypted"),
        (b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
         b"Version: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n--b--\r\n",
         "encrypted"),
        (b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nSigned words.\r\n--b\r\n"
         b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\n0\x80\r\n--b--\r\n", "Signed words."),
        (b"Content-Type: text/plain; name=body.txt\r\n\r\nNamed words.\r\n", "Named words."),
        (b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n", "no text"),
    ],
    ids=["S/MIME", "PGP", "signed", "named", "invitation"],
)  # fmt: skip
def test_letters_of_special_kinds_say_what_they_are(post: Post, raw: bytes, words: str) -> None:
    ticket = post.ticket(f"From: {ASHA}\r\nSubject: S\r\n".encode() + raw)
    assert words in ticket.description
    assert not any("smime.p7s" in said for _, _, said in post.thread(ticket))


def test_a_subject_does_not_turn_around(post: Post) -> None:
    ticket = post.ticket(
        written(subject="Invoice \u202efdp.exe\u2066 \u200bnow \u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
    )
    assert ticket.subject == "Invoice fdp.exe now \u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
