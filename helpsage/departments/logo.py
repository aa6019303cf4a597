"""Logos that cannot do anything but be looked at.

A PNG is taken apart and put together again from the parts that make the picture: no text, no times, nothing behind its
end. An SVG is read strictly and written anew from an allow-list of shapes: no scripts, no style sheets, no links,
nothing from elsewhere. Both are served with `nosniff` and a policy of their own besides.
"""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import dataclass
from xml.etree import ElementTree

LARGEST = 200_000
LARGEST_SIDE = 2_000
PNG, SVG = "image/png", "image/svg+xml"

TOO_LARGE = "A logo has at most 200 kB."
NEITHER = "That is neither a PNG nor an SVG picture."
BROKEN_PNG = "This PNG picture is damaged."
TOO_MANY_PIXELS = "A logo is at most 2,000 pixels wide and high."
BROKEN_SVG = "This SVG picture cannot be read."
UNSAFE_SVG = "This SVG holds “{what}”, which a logo may not. Save it as a plain SVG, or as a PNG."

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: PNG specification (third edition), 4.7: what is needed to draw the picture as it is meant.
_KEPT_CHUNKS = {b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND"}

_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_ELEMENT_NAMES = """
svg g defs title desc path rect circle ellipse line polyline polygon text tspan linearGradient radialGradient stop
clipPath mask symbol use
"""
_ATTRIBUTE_NAMES = """
id viewBox width height x y x1 y1 x2 y2 cx cy r rx ry fx fy d points transform fill fill-rule fill-opacity stroke
stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-dashoffset stroke-miterlimit stroke-opacity opacity
offset stop-color stop-opacity gradientUnits gradientTransform spreadMethod clip-path clip-rule clipPathUnits mask
maskUnits maskContentUnits preserveAspectRatio font-family font-size font-weight font-style text-anchor letter-spacing
dx dy version href
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
#: Dropped without a word: drawing programs write them, and the picture is the same without.
_HARMLESS_NAMESPACES = (
    "inkscape",
    "sodipodi",
    "adobe",
    "sketch",
    "w3.org/1999/02/22-rdf",
    "purl.org",
    "creativecommons",
)
_DROPPED = frozenset({"metadata"})
_URL = re.compile(r"url\s*\(\s*['\"]?(?!#)|javascript:|data:|https?:|//|expression\s*\(|@import|\\", re.IGNORECASE)
_MOST_ELEMENTS = 2_000


class UnusableLogo(ValueError):
    """A picture that cannot be a logo; the message says why, for whoever chose it."""


@dataclass(frozen=True)
class Logo:
    """A cleaned picture."""

    content: bytes
    content_type: str


def read(content: bytes) -> Logo:
    """Clean a picture. What it is, is seen from what it holds, not from a name.

    Raises:
        UnusableLogo
    """
    if len(content) > LARGEST:
        raise UnusableLogo(TOO_LARGE)
    if content.startswith(_PNG_SIGNATURE):
        return Logo(_png(content), PNG)
    if b"<svg" in content[:2_000]:
        return Logo(_svg(content), SVG)
    raise UnusableLogo(NEITHER)


def _png(content: bytes) -> bytes:
    kept = [_PNG_SIGNATURE]
    kinds: list[bytes] = []
    position = len(_PNG_SIGNATURE)
    while position + 12 <= len(content) and (not kinds or kinds[-1] != b"IEND"):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        end = position + 12 + length
        body = content[position + 8 : end - 4]
        if end > len(content) or struct.unpack(">I", content[end - 4 : end])[0] != zlib.crc32(kind + body):
            raise UnusableLogo(BROKEN_PNG)
        kinds.append(kind)
        if kind in _KEPT_CHUNKS:
            kept.append(content[position:end])
        position = end
    if not kinds or kinds[0] != b"IHDR" or kinds[-1] != b"IEND" or b"IDAT" not in kinds:
        raise UnusableLogo(BROKEN_PNG)
    width, height = struct.unpack(">II", content[16:24])
    if not 0 < width <= LARGEST_SIDE or not 0 < height <= LARGEST_SIDE:
        raise UnusableLogo(TOO_MANY_PIXELS)
    return b"".join(kept)


def _svg(content: bytes) -> bytes:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableLogo(BROKEN_SVG) from error
    # Entities and external subsets are declared in here: without it there is nothing to expand.
    text = re.sub(r"<!DOCTYPE[^\[>]*>", "", text, count=1)
    if "<!DOCTYPE" in text or "<!ENTITY" in text or "<?xml-stylesheet" in text:
        raise UnusableLogo(UNSAFE_SVG.format(what="DOCTYPE"))
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 declarations were refused above
    except (ElementTree.ParseError, ValueError) as error:
        raise UnusableLogo(BROKEN_SVG) from error
    if root.tag != f"{{{_SVG_NAMESPACE}}}svg":
        raise UnusableLogo(BROKEN_SVG)
    if sum(1 for _ in root.iter()) > _MOST_ELEMENTS:
        raise UnusableLogo(TOO_LARGE)
    ElementTree.register_namespace("", _SVG_NAMESPACE)
    return bytes(ElementTree.tostring(_cleaned(root), encoding="utf-8"))


def _cleaned(element: ElementTree.Element) -> ElementTree.Element:
    clean = ElementTree.Element(element.tag, _attributes(element))
    clean.text, clean.tail = element.text, element.tail
    for child in element:
        namespace, name = _name(child.tag)
        if name in _DROPPED or any(part in namespace for part in _HARMLESS_NAMESPACES):
            continue
        if namespace != _SVG_NAMESPACE or name not in _ELEMENTS:
            raise UnusableLogo(UNSAFE_SVG.format(what=name))
        clean.append(_cleaned(child))
    return clean


def _attributes(element: ElementTree.Element) -> dict[str, str]:
    kept = {}
    for full, value in element.attrib.items():
        namespace, name = _name(full)
        if name == "style" and not namespace:
            kept.update(_style(value))
        elif name.lower().startswith("on") or _URL.search(value):
            raise UnusableLogo(UNSAFE_SVG.format(what=name))
        elif name in _ATTRIBUTES and (not namespace or name == "href"):
            kept[name] = value
    if "href" in kept and not kept["href"].startswith("#"):
        raise UnusableLogo(UNSAFE_SVG.format(what="href"))
    return kept


def _style(value: str) -> dict[str, str]:
    """A style attribute as attributes of their own: a policy without inline styles would leave it out."""
    parts = (part.split(":", 1) for part in value.split(";") if ":" in part)
    given = {name.strip(): said.strip() for name, said in parts}
    for name, said in given.items():
        if _URL.search(said):
            raise UnusableLogo(UNSAFE_SVG.format(what=name))
    return {name: said for name, said in given.items() if name in _ATTRIBUTES}


def _name(tag: object) -> tuple[str, str]:
    """Namespace and name; comments and instructions have neither and are dropped as harmless."""
    if not isinstance(tag, str):
        return "purl.org", ""
    namespace, brace, name = tag.removeprefix("{").partition("}")
    return (namespace, name) if brace else ("", tag)
