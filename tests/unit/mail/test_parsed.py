"""Reading letters: any bytes give one, and no words are lost on the way."""

from __future__ import annotations

import base64
import quopri
import time
from email.message import EmailMessage
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import getaddresses

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from helpsage.mail import authenticity, html, parsed, quoting
from helpsage.tickets.words import clean

#: Words as people write them: letters, digits, marks and spaces of any script, in lines.
_LINES = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters="\n"), min_size=1, max_size=200
).filter(lambda text: bool(clean(text)))
_CHARSETS = {"utf-8": "base64", "utf-16": "base64", "utf-8-sig": "quoted-printable", "cp1252": "quoted-printable"}


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=3_000))
def test_any_bytes_are_a_letter(raw: bytes) -> None:
    letter = parsed.read(raw)
    assert parsed.key_of(letter, raw)
    quoting.latest(letter.text)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.sampled_from(
            [
                b"Content-Type: multipart/mixed; boundary=a", b"Content-Type: multipart/alternative; boundary=b",
                b"Content-Type: message/rfc822", b"Content-Type: text/html; charset=utf-7", b"--a", b"--b", b"--a--",
                b"--b--", b"", b"", b"Content-Transfer-Encoding: base64", b"Content-Type: message/delivery-status",
                b"Content-Disposition: attachment; filename*0*=utf-8''%FF; filename=x", b"Subject: =?utf-8?b?/w==?=",
                b"Content-Type: multipart/report; report-type=delivery-status; boundary=a", b"From: \xff <a@b>",
                b"Content-Type: message/partial; id=x; number=1", b"Content-Type: ;;;=", b"Date: 99 Foo 2026",
                b"words", b"\xff\xfe",
            ]
        ),
        max_size=40,
    )
)  # fmt: skip
@example([b"Content-Type: message/rfc822", b"", b"Content-Type: multipart/mixed; boundary=a", b"\xff\xfe"])
def test_any_order_of_real_lines_is_a_letter(lines: list[bytes]) -> None:
    assert not parsed.read(b"\r\n".join(lines)).broken


@st.composite
def nested(draw: st.DrawFn) -> tuple[bytes, str]:
    """A letter with these words somewhere in it, in some charset and encoding, at some depth."""
    words = clean(draw(_LINES))
    charset = draw(st.sampled_from(sorted(_CHARSETS)))
    try:
        words.encode(charset)
    except UnicodeEncodeError:
        charset = "utf-8"
    leaf = MIMEBase("text", "plain", charset=charset)
    leaf.set_payload(words.encode(charset))
    _encode(leaf, _CHARSETS[charset])
    part: MIMEBase = leaf
    kinds = draw(st.lists(st.sampled_from(["mixed", "alternative", "related", "signed", "odd"]), max_size=5))
    for depth, kind in enumerate(kinds):
        around = MIMEMultipart(kind, boundary=f"---part {depth}")
        around.attach(part)
        if kind == "mixed" and draw(st.booleans()):
            around.attach(MIMEText("log", "plain", "ascii"))
            around.get_payload()[-1].add_header("Content-Disposition", "attachment", filename="log.txt")
        part = around
    part["From"], part["Subject"] = "a@b.example", "x"
    return part.as_bytes(), words


def _encode(leaf: MIMEBase, how: str) -> None:
    content = leaf.get_payload(decode=True)
    assert isinstance(content, bytes)
    encoded = base64.encodebytes(content) if how == "base64" else quopri.encodestring(content)
    leaf.set_payload(encoded.decode("ascii"))
    leaf["Content-Transfer-Encoding"] = how


@settings(deadline=None, max_examples=200)
@given(nested())
def test_words_are_found_however_they_are_packed(made: tuple[bytes, str]) -> None:
    raw, words = made
    # A byte order mark is no word.
    assert _plain(words) in _plain(parsed.read(raw).text)


def _plain(text: str) -> str:
    return " ".join(text.replace("\ufeff", "").split())


@settings(deadline=None, max_examples=200)
@given(st.lists(_LINES, min_size=1, max_size=6))
def test_what_is_cut_is_below_what_is_kept(lines: list[str]) -> None:
    """The new words are the letter's own, in their order: nothing is made up."""
    whole = clean("\n".join(lines))
    found = quoting.latest(whole)
    kept = [line for line in found.text.split("\n") if line.strip()]
    own = iter(line.strip() for line in whole.split("\n"))
    assert all(any(line.strip() == other for other in own) for line in kept)
    assert found.cut == (found.text != whole.strip())


@settings(deadline=None, max_examples=200)
@given(_LINES)
def test_words_between_tags_stay(words: str) -> None:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    page = f"<html><body><div><p>{escaped}</p></div><script>x</script></body></html>"
    assert _plain(html.text_of(page)) == _plain(words)


@pytest.mark.parametrize(
    "page",
    ["<div>" * 50_000 + "words", "<blockquote>" * 3_000 + "words", "<a href='" * 20_000, "&" * 200_000, "<" * 200_000],
    ids=["deep", "quotes", "open", "ampersands", "angles"],
)
def test_hostile_pages_take_no_time(page: str) -> None:
    began = time.process_time()
    html.text_of(page)
    assert time.process_time() - began < 3


@pytest.mark.parametrize(
    "text",
    [
        "\n".join("On " + " a" * 900 for _ in range(30)),
        "From: a\n" * 5_000,
        "> " * 50_000,
        "-- \n" * 5_000,
        "a " * 200_000,
    ],
    ids=["on", "from", "quotes", "dashes", "long"],
)
def test_hostile_words_take_no_time(text: str) -> None:
    began = time.process_time()
    quoting.latest(text)
    assert time.process_time() - began < 3


def test_a_letter_within_a_letter_within_a_letter_has_an_end() -> None:
    inner = EmailMessage()
    inner.set_content("the innermost words")
    raw = inner.as_bytes()
    for number in range(200):
        mark = f"b{number}"
        head = f"Content-Type: multipart/mixed; boundary={mark}\r\n\r\n--{mark}\r\n".encode()
        raw = head + raw + f"\r\n--{mark}--\r\n".encode()
    assert "the innermost words" in parsed.read(raw).text


def test_a_page_beside_a_stub_is_read() -> None:
    letter = EmailMessage()
    letter.set_content("See the HTML.")
    letter.add_alternative("<p>" + "The lift has been stuck since Monday morning. " * 20 + "</p>", subtype="html")
    assert "The lift has been stuck" in parsed.read(letter.as_bytes()).text


def test_plain_text_is_preferred() -> None:
    letter = EmailMessage()
    letter.set_content("The lift is stuck.")
    letter.add_alternative("<p>The lift is <b>stuck</b>.</p>", subtype="html")
    assert parsed.read(letter.as_bytes()).text == "The lift is stuck."


@pytest.mark.parametrize(
    ("whole", "new"),
    [
        ("Yes.\n\nOn Mon, 3 Mar 2026 at 10:00, Desk <d@x.org> wrote:\n> Is it on?\n", "Yes."),
        ("Ja.\n\nAm 3. März 2026 um 10:00 schrieb Desk <d@x.org>:\n\n> alt\n", "Ja."),
        ("Oui.\n\nLe lun. 3 mars 2026 à 10:00, Desk <d@x.org> a écrit :\n> vieux\n", "Oui."),
        ("No.\n\n-----Original Message-----\nFrom: Desk\nSent: Monday\nTo: Asha\nSubject: x\n\nold", "No."),
        ("It is broken.\n\nSent from my iPhone", "It is broken."),
        ("It is broken.\n\n-- \nAsha Patel\nRoom 12", "It is broken."),
        ("- first\n- second", "- first\n- second"),
        ("Thanks,\nmy number is 1234.", "Thanks,\nmy number is 1234."),
        ("> Is it on?\nYes.\n> Is it plugged in?\nYes.", "> Is it on?\nYes.\n> Is it plugged in?\nYes."),
        ("> only a quote", "> only a quote"),
        ("    indented\n  code", "indented\n  code"),
    ],
    ids=["english", "german", "french", "outlook", "phone", "signature", "list", "thanks", "between", "quote", "code"],
)
def test_the_new_words_of_a_letter(whole: str, new: str) -> None:
    assert quoting.latest(whole).text == new


def test_a_page_as_words() -> None:
    page = "<p>Hello <b>you</b><br>there<ol><li>one<li>two</ol><blockquote>old</blockquote><a href='http://y.org/'>here</a>"
    assert html.text_of(page) == "Hello you\nthere\n\n1. one\n2. two\n\n> old\n\nhere <http://y.org/>"


def _nested(count: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(count)
    )


@pytest.mark.parametrize(
    "raw",
    [
        _nested(300) + b"\r\nwords\r\n" * 800_000,
        _nested(300) + b"\r\nwords\r\n" * 90_000,
        b"X-A: b\r\n" * 2_000_000 + b"\r\nwords",
        b"Content-Type: text/plain; " + b"a=b;" * 2_000_000 + b"\r\n\r\nwords",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/png; " + b"a=b;" * 500_000,
        (b"To: " + b"a@b.example, " * 1_500 + b"\r\n") * 400 + b"\r\nwords",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<p>a" * 6_000 + b"\r\n") * 1_000,
    ],
    ids=["parts within parts", "fewer lines", "fields", "parameters", "a part's parameters", "recipients", "pages"],
)
def test_hostile_letters_take_little_time(raw: bytes) -> None:
    began = time.process_time()
    parsed.read(raw)
    assert time.process_time() - began < 10


def test_a_letter_that_is_a_trap_is_read_as_one_text() -> None:
    letter = parsed.read(b"From: eve@x.example\r\n" + _nested(parsed.DEEPEST) + b"\r\nwords\r\n" * 150_000)
    assert (letter.broken, letter.sender.address) == (True, "eve@x.example")
    assert "words" in letter.text


def test_any_depth_is_taken_apart_as_far_as_anybody_means() -> None:
    """Without an end, the library's parser would reach that of the stack."""
    letter = parsed.read(b"Subject: Deep\r\n" + _nested(2_000) + b"\r\nwords\r\n")
    assert (letter.broken, letter.subject) == (False, "Deep")
    assert "words" in letter.text


@pytest.mark.parametrize("charset", ["nonsense", "\u0000", "idna", "undefined", "base64", "utf-8\r\n x"])
def test_a_charset_that_is_none_leaves_the_rest_of_the_letter_as_it_is(charset: str) -> None:
    head = "Subject: Road\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    raw = f"{head}Content-Type: text/plain; charset={charset}"
    letter = parsed.read(
        raw.encode() + b"\r\n\r\nStra\xdfe\r\n--b\r\nContent-Type: image/png; name=x.png\r\n\r\nx\r\n--b--"
    )
    assert not letter.broken
    assert "Straße" in letter.text
    assert [part.name for part in letter.parts] == ["x.png"]


def test_what_is_not_looked_at_is_counted() -> None:
    many = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * (parsed.MOST_PARTS + 10)
    letter = parsed.read(many)
    assert letter.more_parts == 11  # the letter itself is the first part
    assert letter.text.split() == ["x"] * (parsed.MOST_PARTS - 1)


def test_a_subject_is_one_line() -> None:
    assert (
        parsed.read(b"Subject: =?utf-8?q?Hi=0D=0ABcc=3A_all=40x.example?=\r\n\r\n").subject == "Hi Bcc: all@x.example"
    )


def test_hostile_findings_of_servers_take_little_time() -> None:
    line = b"Authentication-Results: x; " + b"spf=pass; " * 1_900 + b"\r\n"
    letter = parsed.heading(line * 12 + b"\r\n")
    began = time.process_time()
    authenticity.verdict(letter)
    assert time.process_time() - began < 3


def test_a_multipart_without_its_parts_keeps_its_words() -> None:
    assert "the lift" in parsed.read(b"Content-Type: multipart/mixed\r\n\r\nIt is the lift again.\r\n").text


_PIECE = st.text(st.sampled_from("abcXYZ019_.+-@\u00e9 "), max_size=12)


@settings(max_examples=300)
@given(_PIECE, _PIECE)
def test_an_address_that_stands_alone_is_what_the_library_finds_too(local: str, domain: str) -> None:
    written = f"{local}@{domain}"
    found = parsed._BARE.fullmatch(written)
    if found is not None:
        assert getaddresses([written]) == [("", found[0])]
