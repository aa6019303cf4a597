"""What a reader looks at before any model: the essence of a mail, its language, its tone, and what must not leave."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.triage import essence, language, likeness, tone, urgency
from helpsage.triage.likeness import Signs, Told
from helpsage.triage.masking import masked

LONG = """Dear team,

I hope this mail finds you well. My name is Greta and I study in the third year.
Thank you for the quick help last month.
The transfer for my fees left my account on 4 February and the portal still shows the whole amount as open.
With kind regards,
Greta Lindqvist
This message is confidential."""


def test_of_a_long_mail_the_sentence_with_the_problem_is_read() -> None:
    found = essence.of("Re: [Desk] Fees", LONG)
    assert found.problem.startswith("The transfer for my fees")
    assert found.text.startswith("The transfer for my fees")
    for polite in ("hope this mail", "kind regards", "confidential"):
        assert polite not in found.text
    assert len(found.text) < essence.LONGEST_ESSENCE + 2 * essence.LONGEST_SENTENCE


@pytest.mark.parametrize(
    ("letter", "problem"),
    [
        ("Hi, my printer is broken. It is on the second floor. Thanks, Ana", "my printer is broken."),
        ("Hello team, hope you are well. Hi I cannot log in. It began today.", "I cannot log in."),
        ("Dear Sir or Madam, I am writing about my scholarship. It is my second year.", "I am writing about my sch"),
        ("Good morning! My mouse died. It was grey.", "My mouse died."),
        ("Sorry to bother you, but my laptop is stuck. It is a grey one.", "but my laptop is stuck."),
        ("My name is Ana, I cannot log in. I live in the old hostel.", "I cannot log in."),
        ("Hello - the wifi is down. It is room three.", "the wifi is down."),
    ],
)
def test_a_greeting_takes_no_problem_with_it(letter: str, problem: str) -> None:
    found = essence.of("", letter)
    assert found.problem.startswith(problem)
    assert problem in found.text


@pytest.mark.parametrize(
    "letter",
    [
        "The mouse is dead. Thanks for your help, Ana",
        "Dear IT support team. The mouse is dead.",
        "Hello Ana, the mouse is dead.",
        "The mouse is dead. Kind regards, Ana Silva, Faculty of Physics and Astronomy",
        "Sorry to hear from you so late. The mouse is dead.",
    ],
)
def test_courtesies_alone_are_not_read(letter: str) -> None:
    assert essence.of("", letter).text.lower() == "the mouse is dead."


@given(st.text(max_size=400), st.text(max_size=3_000))
def test_no_text_breaks_a_reader(subject: str, text: str) -> None:
    essence.of(subject, text)
    assert 0 <= language.read(text).confidence <= 1
    assert 0 <= tone.read(subject, text).confidence <= 1
    assert 0 <= urgency.read(subject, text, None).confidence <= 1
    Told.of(subject, text)
    masked(text, [subject])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The printer does not work and I have to print this today.", "en"),
        ("Mein Drucker druckt nicht mehr, können Sie bitte helfen?", "de"),
        ("Je ne peux pas me connecter au portail depuis ce matin.", "fr"),
        ("No puedo entrar en el portal desde ayer, por favor ayuda.", "es"),
        ("मेरा वाईफाई नहीं चल रहा है", "hi"),
        ("wifi nahi chal raha hai kya karu", "hi"),
        ("ERR-502 x1", None),
    ],
)
def test_languages(text: str, code: str | None) -> None:
    assert language.read(text).value == code


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("This is unacceptable, nobody answers my mails!!", "angry"),
        ("I am not sure which form I am supposed to use?", "confused"),
        ("The printer on floor 2 jams.", "calm"),
        ('The page says "FATAL ERROR DISK FULL PANIC" since noon.', "calm"),
    ],
)
def test_tones(text: str, found: str) -> None:
    assert tone.read("", text).value == found


def test_what_is_personal_is_masked_and_the_problem_stays() -> None:
    text = (
        "I am asha@example.org, +49 151 2345678, IBAN DE89 3704 0044 0532 0130 00, pin: 4711."
        " Error 809 at https://x.example/a?b=c. Regards, Asha Patel"
    )
    left = masked(text, ["Asha Patel"])
    for secret in ("asha", "2345678", "3704", "4711", "x.example", "Patel"):
        assert secret not in left
    assert "Error 809" in left


def test_mistyped_words_and_places_are_compared_and_other_places_contradict() -> None:
    one, other = Told.of("", "The projector in hall 3 is dark"), Told.of("", "hall 3: projecter stays dark")
    elsewhere = Told.of("", "The projector in hall 5 is dark")
    signs = [likeness.compared(one, each, 0.8, True, 1, False, {}) for each in (other, elsewhere)]
    assert (signs[0].same_place, signs[0].other_name) == (1.0, 0.0)
    assert signs[1].other_name > 0.9
    assert signs[0].words > 0.6
    assert likeness.score(signs[0], False) > likeness.score(signs[1], False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fee paid, ref 99120455871, but no receipt", "fee paid, ref 99120467002, but no receipt"),
        ("PC in room 3.21 is very slow.", "PC in room 3.25 is very slow."),
        ("Heating in room C-214 is cold.", "Heating in room C-306 is cold."),
        ("No water on floor 4 of the hostel", "No water on the first floor of the hostel"),
        ("Drive T: is gone for all of us.", "The R drive is gone for all of us."),
        ("Elevator B is out of order", "lift C out of order"),
        ("Error 5003 when saving", "Error 5007 when printing"),
        ("Account locked, k.mensah", "Account locked, s.roy"),
        ("Please book the hall for 3 December", "Please book the hall for 10 Dec"),
    ],
)
def test_other_numbers_rooms_and_people_speak_against_it(one: str, other: str) -> None:
    assert Told.of("", one).contradicts(Told.of("", other))


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("Heating in block C room 214 is cold.", "No heating in my room C-214.", ["building c", "room 214"]),
        ("LT-00831 is loud.", "The fan of lt00831 makes noise", ["lt00831"]),
        ("Paid 1,200, reference TXN20394857.", "txn20394857: 1200 debited, no receipt", ["txn20394857"]),
        ("Error 809 at home", "the VPN says error 809, it is slow", ["error 809"]),
        ("Cash desk 3 prints nonsense", "receipts of till 3 are unreadable", ["till 3"]),
    ],
)
def test_the_same_thing_in_another_spelling(one: str, other: str, both: list[str]) -> None:
    mine, theirs = Told.of("", one), Told.of("", other)
    assert (mine.shared_names(theirs), mine.contradicts(theirs)) == (both, False)


def test_another_name_in_the_same_words_is_another_thing() -> None:
    one, other = Told.of("", "I need the program MATLAB"), Told.of("", "I need the program AutoCAD")
    assert one.swaps_names(other)
    assert not one.swaps_names(Told.of("", "the matlab program is needed by Tom"))


@pytest.mark.parametrize(
    "letter",
    [
        "Dear all,\nmy mouse is broken.\n\nKind regards,\nAnna Berg\nFaculty of Arts\n+49 30 1234567",
        "My mouse is broken.\n-- \nAnna Berg, Faculty of Arts",
        "My mouse is broken. Best, Anna Berg",
    ],
)
def test_signatures_are_not_read(letter: str) -> None:
    assert "Berg" not in essence.of("", letter).text
    assert not Told.of("", letter).words & {"berg", "anna", "faculty", "arts"}


def test_a_text_that_is_only_a_greeting_stays() -> None:
    assert essence.unsigned("Thanks,\nAnna") == "Thanks,\nAnna"


def test_the_desk_links_nothing_that_anything_speaks_against() -> None:
    """However alike they are: one more sign against it, and people decide."""
    clear = Signs(0.95, 0.9, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0)
    for own in (True, False):
        assert likeness.is_certain(clear, own)
        for against in ({"other_name": 0.6}, {"swapped": 0.4}, {"other_wish": 1.0}, {"meaning": 0.6}):
            assert not likeness.is_certain(replace(clear, **against), own)
    assert not likeness.is_certain(replace(clear, personal=0.5), False)
    assert not likeness.is_certain(replace(clear, category=0.0, meaning=0.7), True)
