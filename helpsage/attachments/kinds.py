"""What a file is, seen from what it holds. What its sender calls it is only ever compared with that."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

#: Bytes at the beginning of a file that are looked at.
LOOKED_AT = 65_536


@dataclass(frozen=True)
class Kind:
    """A kind of file.

    Attributes:
        content_types: by ending; the first is for a file without one.
        picture: Pillow's name of the format, when we draw it.
    """

    content_types: dict[str, str]
    picture: str = ""

    @property
    def ending(self) -> str:
        """For a file that has none."""
        return next(iter(self.content_types))


_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_TEXT = "text/plain"

PNG = Kind({".png": "image/png"}, "PNG")
JPEG = Kind({".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".jfif": "image/jpeg"}, "JPEG")
GIF = Kind({".gif": "image/gif"}, "GIF")
WEBP = Kind({".webp": "image/webp"}, "WEBP")
TIFF = Kind({".tif": "image/tiff", ".tiff": "image/tiff"})
BMP = Kind({".bmp": "image/bmp"})
HEIF = Kind({".heic": "image/heic", ".heif": "image/heif", ".avif": "image/avif"})
PDF = Kind({".pdf": "application/pdf"})
MP4 = Kind({".mp4": "video/mp4", ".m4v": "video/mp4", ".m4a": "audio/mp4", ".mov": "video/quicktime"})
MATROSKA = Kind({".webm": "video/webm", ".mkv": "video/x-matroska"})
MP3 = Kind({".mp3": "audio/mpeg"})
OGG = Kind({".ogg": "audio/ogg", ".oga": "audio/ogg", ".opus": "audio/ogg", ".ogv": "video/ogg"})
WAV = Kind({".wav": "audio/wav"})
ZIP = Kind(
    {
        ".zip": "application/zip",
        ".docx": _OFFICE + "wordprocessingml.document",
        ".xlsx": _OFFICE + "spreadsheetml.sheet",
        ".pptx": _OFFICE + "presentationml.presentation",
        ".odt": _OPEN + "text",
        ".ods": _OPEN + "spreadsheet",
        ".odp": _OPEN + "presentation",
        ".odg": _OPEN + "graphics",
    }
)
GZIP = Kind({".gz": "application/gzip", ".tgz": "application/gzip"})
SEVEN_ZIP = Kind({".7z": "application/x-7z-compressed"})
OLE = Kind(
    {
        ".doc": "application/msword",
        ".xls": "application/vnd.ms-excel",
        ".ppt": "application/vnd.ms-powerpoint",
        ".msg": "application/vnd.ms-outlook",
    }
)
RTF = Kind({".rtf": "application/rtf"})
_TEXT_ENDINGS = """
.txt .log .csv .tsv .md .json .xml .yml .yaml .toml .ini .conf .cfg .eml .ics .vcf .srt .diff .patch .sql .tex .bib
"""
#: Served as plain text whatever they hold.
TEXT = Kind(dict.fromkeys(_TEXT_ENDINGS.split(), _TEXT))

_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"\xff\xd8\xff", JPEG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"%PDF-", PDF),
    (b"\x1aE\xdf\xa3", MATROSKA),
    (b"ID3", MP3),
    (b"\xff\xfb", MP3),
    (b"\xff\xf3", MP3),
    (b"OggS", OGG),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),  # an empty archive
    (b"\x1f\x8b", GZIP),
    (b"7z\xbc\xaf\x27\x1c", SEVEN_ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"{\\rtf", RTF),
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
#: Bytes below a space that text files have: tab, line ends, form feed, escape (coloured logs).
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0c\x1b")
_KNOWN_ENDINGS = frozenset(
    ending
    for kind in (
        *(PNG, JPEG, GIF, WEBP, TIFF, BMP, HEIF, PDF, MP4, MATROSKA, MP3, OGG, WAV, ZIP, GZIP, SEVEN_ZIP, OLE, RTF),
        TEXT,
    )
    for ending in kind.content_types
)


def of(head: bytes) -> Kind | None:
    """The kind of a file that begins like this; None for what nobody may attach (programs above all)."""
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": WEBP, b"WAVE": WAV}.get(head[8:12])
    if head[4:8] == b"ftyp":  # ISO/IEC 14496-12, 4.3
        return HEIF if head[8:12] in _HEIF_BRANDS else MP4
    if head[:2] == b"BM" and head[6:10] == b"\x00\x00\x00\x00":
        return BMP
    return TEXT if _is_text(head) else None


def is_known(ending: str) -> bool:
    """Whether files with this ending may be attached at all."""
    return ending in _KNOWN_ENDINGS


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    return not any(byte < 0x20 and byte not in _TEXT_CONTROLS for byte in head) and 0x7F not in head
