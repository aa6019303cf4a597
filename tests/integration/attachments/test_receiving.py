"""Files from strangers: judged by what they hold, kept whole or not at all, named so that nothing believes the name."""

from __future__ import annotations

import io
import struct
import unicodedata
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from helpsage import settings
from helpsage.attachments import AttachmentRefused, names, receive, storage
from tests.integration.attachments.conftest import picture

HTML = b"<!doctype html><script>alert(document.cookie)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
PROGRAM = b"MZ\x90\x00\x03\x00\x00\x00" + bytes(200)
ARCHIVE = b"PK\x05\x06" + bytes(18)


def refused(name: str, content: bytes, content_type: str = "application/octet-stream") -> str:
    with pytest.raises(AttachmentRefused) as refusal:
        receive(name, content_type, io.BytesIO(content))
    assert str(refusal.value)
    return refusal.value.problem


@pytest.mark.parametrize(
    ("kind", "name", "content_type"),
    [
        ("PNG", "a.png", "image/png"),
        ("JPEG", "a.JPG", "image/jpeg"),
        ("GIF", "a.gif", "image/gif"),
        ("WEBP", "a.webp", "image/webp"),
    ],
)
def test_pictures_are_drawn_anew_in_two_sizes(files: Path, kind: str, name: str, content_type: str) -> None:
    content = picture(kind, (2400, 1200))
    received = receive(name, "text/html", io.BytesIO(content))
    assert (received.content_type, received.width, received.height) == (content_type, 2400, 1200)
    assert storage.path_of(received.sha256).read_bytes() == content
    for drawing, side in ((storage.THUMBNAIL, 320), (storage.PREVIEW, 1600)):
        with Image.open(storage.path_of(received.sha256, drawing)) as drawn:
            assert (drawn.format, max(drawn.size)) == ("WEBP", side)


def test_a_drawing_holds_nothing_but_pixels(files: Path) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    content = picture("JPEG", exif=exif) + HTML
    received = receive("a.jpg", "", io.BytesIO(content))
    for drawing in (storage.THUMBNAIL, storage.PREVIEW):
        drawn = storage.path_of(received.sha256, drawing).read_bytes()
        assert b"taken at home" not in drawn
        assert b"<script" not in drawn


def test_a_picture_from_a_turned_phone_stands_upright(files: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    received = receive("a.jpg", "", io.BytesIO(picture("JPEG", (800, 400), exif=exif)))
    assert (received.width, received.height) == (400, 800)
    with Image.open(storage.path_of(received.sha256, storage.THUMBNAIL)) as drawn:
        assert drawn.size == (160, 320)


@pytest.mark.parametrize(
    ("name", "content", "content_type"),
    [
        ("report.pdf", b"%PDF-1.7\n", "application/pdf"),
        ("log.txt", "Zugriff verweigert: größer\n".encode(), "text/plain"),
        ("log.csv", "Größe\n".encode("latin-1"), "text/plain"),
        ("notes.docx", ARCHIVE, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("film.mov", b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        ("page.txt", HTML, "text/plain"),
        ("mail.eml", b"From: a@b.example\r\n\r\nhello", "text/plain"),
    ],
)
def test_other_files_are_kept_as_they_are(files: Path, name: str, content: bytes, content_type: str) -> None:
    received = receive(name, "image/svg+xml", io.BytesIO(content))
    assert (received.content_type, received.name, received.width) == (content_type, name, None)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("photo.png", HTML, "not_what_it_says"),
        ("photo.png", SVG, "not_what_it_says"),
        ("photo.jpg", PROGRAM, "not_allowed"),
        ("photo.svg", SVG, "not_allowed"),
        ("page.html", HTML, "not_allowed"),
        ("page.xhtml", HTML, "not_allowed"),
        ("run.exe", PROGRAM, "not_allowed"),
        ("run.js", b"alert(1)", "not_allowed"),
        ("run.hta", HTML, "not_allowed"),
        ("macro.docm", ARCHIVE, "not_allowed"),
        ("photo.gif", b"%PDF-1.7", "not_what_it_says"),
        ("report.pdf", b"\n\n%PDF-1.7", "not_what_it_says"),
        ("report.pdf", ARCHIVE, "not_what_it_says"),
        ("empty.txt", b"", "empty"),
        ("half.png", picture("PNG")[:400], "damaged"),
        ("odd.gif", b"GIF89a/*\xff*/=1;alert(1)", "damaged"),
        ("nul.txt", b"words\x00words", "not_allowed"),
    ],
)
def test_what_is_not_what_it_says_is_refused_and_leaves_nothing(
    files: Path, stored: Callable[[], list[str]], name: str, content: bytes, problem: str
) -> None:
    assert refused(name, content, "image/png") == problem
    assert stored() == []


def png_header(width: int, height: int, pixels: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(50_000, 50_000), (2**31 - 1, 1), (5_500, 5_500)])
def test_a_picture_that_would_fill_the_memory_is_refused_unopened(
    files: Path, stored: Callable[[], list[str]], width: int, height: int
) -> None:
    bomb = png_header(width, height, zlib.compress(bytes(100_000)))
    assert refused("bomb.png", bomb) == "too_many_pixels"
    assert stored() == []


def test_a_png_with_a_bomb_of_text_is_refused(files: Path) -> None:
    body = b"Comment\x00\x00" + zlib.compress(bytes(80_000_000), 9)
    text = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    content = picture("PNG")
    assert refused("a.png", content[:33] + text + content[33:]) == "damaged"


def test_a_file_is_cut_off_at_the_limit_without_being_read_to_its_end(
    files: Path, stored: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings.get(), "attachment_max_mb", 1)

    class Endless(io.RawIOBase):
        read_so_far = 0

        def read(self, size: int = -1) -> bytes:
            self.read_so_far += size
            return b"a" * size

    endless = Endless()
    with pytest.raises(AttachmentRefused) as refusal:
        receive("a.txt", "", endless)  # type: ignore[arg-type]
    assert refusal.value.problem == "too_large"
    assert endless.read_so_far < 1_200_000
    assert stored() == []


def test_a_full_disk_is_told_in_plain_words(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.parent.mkdir(exist_ok=True)
    files.write_text("a file where the folder should be")
    assert refused("a.txt", b"words") == "not_kept"


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\Windows\\win.ini", "win.ini"),
        ("C:\\Users\\asha\\notes.txt", "notes.txt"),
        ("CON", "_CON.txt"),
        ("con.txt", "_con.txt"),
        ("lpt1.tar.txt", "_lpt1.tar.txt"),
        ("a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"),
        ("photo\u202etxt.exe.txt", "phototxt.exe.txt"),
        ("zero\u200bwidth\ufeff.txt", "zerowidth.txt"),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("half \ud800 pair.txt", "half pair.txt"),
        ("...", "file.txt"),
        ("", "file.txt"),
        ("   .txt  ", "txt.txt"),
        ("trailing. . .", "trailing.txt"),
        ('a<b>"c"|d?*.txt', "a_b__c__d__.txt"),
        ("résumé नमस्ते 🎓.txt", "résumé नमस्ते 🎓.txt"),
        ("re\u0301sume\u0301.txt", "résumé.txt"),
    ],
)
def test_names_are_made_safe(files: Path, given_name: str, kept: str) -> None:
    assert receive(given_name, "", io.BytesIO(b"words")).name == kept


def test_a_name_of_300_characters_keeps_its_ending(files: Path) -> None:
    name = receive("x" * 300 + ".txt", "", io.BytesIO(b"words")).name
    assert len(name) == names.LONGEST
    assert name.endswith("x.txt")


@given(st.text(max_size=400))
def test_no_name_is_unsafe(given_name: str) -> None:
    name = names.safe(given_name)
    assert 0 < len(name) <= names.LONGEST
    assert name not in (".", "..")
    assert not set(name) & set('/\\<>:"|?*\r\n')
    assert name == name.strip(" .")
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in name)
    assert names.safe(name) == name
    header = names.disposition(name)
    assert header.isascii()
    assert header.count('"') == 2


def test_the_same_file_twice_is_kept_once(files: Path, stored: Callable[[], list[str]]) -> None:
    first, second = (receive(name, "", io.BytesIO(b"words")) for name in ("a.txt", "b.txt"))
    assert first.sha256 == second.sha256
    assert stored() == [first.sha256]
