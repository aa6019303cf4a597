"""Pictures: looked at once, drawn anew. What a page shows is only ever our own drawing, never the sender's bytes.

A drawing has the pixels and nothing else: no place where it was taken, no script behind its end, no second file inside.
"""

from __future__ import annotations

import struct
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from helpsage.attachments.kinds import Kind

#: Pixels of a picture that are decoded. A JPEG is decoded at a fraction of its size, so it may be larger.
MOST_PIXELS = 30_000_000
MOST_JPEG_PIXELS = 60_000_000
LONGEST_SIDE = 30_000
#: Longest side of the drawings, in pixels.
THUMBNAIL, PREVIEW = 320, 1_600
QUALITY = 82
CONTENT_TYPE = "image/webp"
#: Exif 2.32, 4.6.4: which way the camera was held.
_ORIENTATION = 0x0112
_ON_ITS_SIDE = (5, 6, 7, 8)

# The sizes are judged here, before a pixel is decoded; Pillow's own warning would come too late to be told to anybody.
Image.MAX_IMAGE_PIXELS = None
#: One at a time: a picture of this size takes a good 100 MB while it is drawn.
_drawing = threading.Lock()


class TooManyPixels(Exception):
    """A small file that would fill the memory.

    Attributes:
        limit: millions of pixels.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(str(limit))


class Damaged(Exception):
    """It begins like a picture and is none."""


@dataclass(frozen=True)
class Size:
    """In pixels, as it is seen."""

    width: int
    height: int


def draw(source: Path, kind: Kind, thumbnail: Path, preview: Path) -> Size:
    """Draw both sizes of a picture, its first frame, the right way up.

    Raises:
        TooManyPixels, Damaged
    """
    try:
        with _drawing, Image.open(source, formats=(kind.picture,)) as picture:
            _refuse_bombs(picture)
            size = _seen_size(picture)
            # A JPEG is decoded at a fraction of its size: at least this much of it is needed.
            picture.draft(None, (PREVIEW, PREVIEW))
            seen = ImageOps.exif_transpose(picture)
            plain = seen.convert("RGBA" if seen.has_transparency_data else "RGB")
            for path, side in ((preview, PREVIEW), (thumbnail, THUMBNAIL)):
                plain.thumbnail((side, side))
                plain.save(path, "WEBP", quality=QUALITY, method=3)
            return size
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, zlib.error, MemoryError) as error:
        raise Damaged(type(error).__name__) from error


def _refuse_bombs(picture: Image.Image) -> None:
    width, height = picture.size
    limit = MOST_JPEG_PIXELS if picture.format == "JPEG" else MOST_PIXELS
    if width * height > limit or max(width, height) > LONGEST_SIDE:
        raise TooManyPixels(limit // 1_000_000)


def _seen_size(picture: Image.Image) -> Size:
    width, height = picture.size
    return Size(height, width) if picture.getexif().get(_ORIENTATION) in _ON_ITS_SIDE else Size(width, height)
