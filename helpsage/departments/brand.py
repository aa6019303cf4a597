"""A department's colours: one is chosen, the rest follow from it, readable in light and in dark.

Contrast is that of WCAG 2.2 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio); text needs 4.5:1 (1.4.3). A colour
that is too light or too dark for text is kept as the brand's and moved towards black or white only where text is set in
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COLOUR = re.compile(r"#[0-9a-f]{6}")
#: What text needs (WCAG 2.2, 1.4.3), with a little for rounding.
READABLE = 4.5
_AIM = 4.6
#: The grounds that the brand's colour stands on as text: frontend/src/styles/_tokens.scss.
LIGHT_GROUNDS = ("#ffffff", "#f4f7f3")
DARK_GROUNDS = ("#111815", "#19221e", "#222d28")
_WHITE, _BLACK, _DARK_INK = "#ffffff", "#000000", "#0d211a"

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Palette:
    """The tokens of one mode, by their names in the style sheets (`--brand`, ...)."""

    brand: str
    brand_strong: str
    brand_soft: str
    on_brand: str
    bubble: str
    on_bubble: str
    leaf: str

    def tokens(self) -> dict[str, str]:
        """For a style sheet."""
        return {f"--{name.replace('_', '-')}": value for name, value in vars(self).items()}


def is_colour(text: str) -> bool:
    """Whether this is a colour as it is kept: `#2c6b5b`."""
    return COLOUR.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def light(colour: str) -> Palette:
    """The tokens on light grounds."""
    brand = _towards(_BLACK, colour, LIGHT_GROUNDS)
    soft = _towards(_WHITE, _mixed(colour, _WHITE, 0.86), (brand,))
    strong = _mixed(brand, _BLACK, 0.2)
    return Palette(brand, strong, soft, _WHITE, brand, _WHITE, _mixed(brand, _WHITE, 0.42))


def dark(colour: str) -> Palette:
    """The tokens on dark grounds."""
    soft = _towards(_BLACK, _mixed(colour, DARK_GROUNDS[1], 0.76), (_WHITE,), 9.0)
    brand = _towards(_WHITE, colour, (*DARK_GROUNDS, soft, _DARK_INK))
    bubble = _towards(_BLACK, _mixed(colour, _BLACK, 0.2), (_WHITE,), 6.0)
    return Palette(brand, _mixed(brand, _WHITE, 0.3), soft, _DARK_INK, bubble, _WHITE, _mixed(brand, _BLACK, 0.25))


def stylesheet(colour: str) -> str:
    """What a page adds to its styles; nothing for a department without a colour of its own."""
    if not is_colour(colour):
        return ""
    in_light, in_dark = _block(light(colour)), _block(dark(colour))
    return (
        f":root{{{in_light}}}\n"
        f'@media (prefers-color-scheme: dark){{:root:not([data-theme="light"]){{{in_dark}}}}}\n'
        f':root[data-theme="dark"]{{{in_dark}}}\n'
    )


def _block(palette: Palette) -> str:
    return "".join(f"{name}:{value};" for name, value in palette.tokens().items())


def _towards(end: str, colour: str, grounds: tuple[str, ...], aim: float = _AIM) -> str:
    """The colour, moved as little as needed towards `end` until it is readable on every ground."""
    for step in range(101):
        moved = _mixed(colour, end, step / 100)
        if all(contrast(moved, ground) >= aim for ground in grounds):
            return moved
    return end


def _mixed(one: str, other: str, share: float) -> str:
    """Between two colours; `share` of the other one, 0 to 1."""
    first, second = _rgb(one), _rgb(other)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(first, second, strict=True))


def _rgb(colour: str) -> Rgb:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    """Relative luminance (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    red, green, blue = (_linear(part / 255) for part in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
