"""A logo can be looked at and nothing else."""

from __future__ import annotations

import struct
import zlib

import pytest

from helpsage.departments import logo

NAMESPACE = 'xmlns="http://www.w3.org/2000/svg"'


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 2, height: int = 2, *more: bytes, end: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\xff\0\0" * 2 for _ in range(2)))
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + end


def test_a_png_loses_what_does_not_make_the_picture() -> None:
    comment = chunk(b"tEXt", b"Comment\0<script>alert(1)</script>")
    cleaned = logo.read(png(2, 2, comment, end=b"<script>alert(2)</script>"))
    assert cleaned.content_type == "image/png"
    assert cleaned.content == png()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (png()[:-20], logo.BROKEN_PNG),
        (png().replace(b"IDAT", b"IDAX"), logo.BROKEN_PNG),
        (b"\x89PNG\r\n\x1a\n", logo.BROKEN_PNG),
        (png(50_000, 50_000), logo.TOO_MANY_PIXELS),
        (png(0, 5), logo.TOO_MANY_PIXELS),
        (b"GIF89a" + b"\0" * 50, logo.NEITHER),
        (b"<html><body>hello</body></html>", logo.NEITHER),
        (b"", logo.NEITHER),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 200_000, logo.TOO_LARGE),
        (b"<svg", logo.BROKEN_SVG),
        (b"<svg></svg>", logo.BROKEN_SVG),
        ("<svg>ä".encode("latin-1"), logo.BROKEN_SVG),
    ],
)
def test_what_is_no_picture_is_refused(content: bytes, problem: str) -> None:
    with pytest.raises(logo.UnusableLogo) as refused:
        logo.read(content)
    assert str(refused.value) == problem


def test_a_plain_svg_stays_what_it_is() -> None:
    drawn = f'<svg {NAMESPACE} viewBox="0 0 9 9"><g style="fill:#8a3ffc"><path d="M0 0h9v9z"/></g></svg>'
    cleaned = logo.read(drawn.encode())
    assert cleaned.content_type == "image/svg+xml"
    assert b'fill="#8a3ffc"' in cleaned.content
    assert b"style" not in cleaned.content
    assert logo.read(cleaned.content) == cleaned


def test_what_drawing_programs_leave_is_dropped() -> None:
    drawn = (
        f'<?xml version="1.0"?><!-- made by hand --><svg {NAMESPACE} xmlns:i="http://www.inkscape.org/x" i:v="1">'
        "<metadata>someone</metadata><i:grid/><!-- secret --><rect width='3' height='3'/></svg>"
    )
    cleaned = logo.read(drawn.encode()).content
    assert b"rect" in cleaned
    for word in (b"someone", b"secret", b"inkscape", b"grid"):
        assert word not in cleaned


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<rect onload="alert(1)"/>',
        '<rect ONCLICK="alert(1)"/>',
        "<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>x</p></foreignObject>",
        '<image href="https://evil.example/x.png"/>',
        '<use href="https://evil.example/x.svg#a"/>',
        '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="javascript:alert(1)"/>',
        '<rect fill="url(https://evil.example/x)"/>',
        '<rect style="fill:url(//evil.example/x)"/>',
        "<style>@import 'https://evil.example/x.css';</style>",
        "<a href='https://evil.example'><rect/></a>",
        '<animate attributeName="href" to="javascript:alert(1)"/>',
        "<set attributeName='onload' to='alert(1)'/>",
        '<rect fill="data:text/html,x"/>',
    ],
)
def test_an_svg_that_could_do_something_is_refused(inside: str) -> None:
    with pytest.raises(logo.UnusableLogo):
        logo.read(f"<svg {NAMESPACE}>{inside}</svg>".encode())


def test_entities_are_never_expanded() -> None:
    bomb = f'<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg {NAMESPACE}><text>&b;</text></svg>'
    with pytest.raises(logo.UnusableLogo):
        logo.read(bomb.encode())
    outside = f'<!DOCTYPE svg SYSTEM "file:///etc/passwd"><svg {NAMESPACE}><text>x</text></svg>'
    assert b"passwd" not in logo.read(outside.encode()).content


def test_a_deeply_nested_svg_is_refused_and_does_not_break_anything() -> None:
    deep = f"<svg {NAMESPACE}>" + "<g>" * 5_000 + "</g>" * 5_000 + "</svg>"
    with pytest.raises(logo.UnusableLogo):
        logo.read(deep.encode())
