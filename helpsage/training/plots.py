"""Plots as SVG: plain shapes with attributes, no style sheet and no script, so that any page may carry them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from helpsage.training.statistics import Bin

INK, SOFT, LINE = "#24323a", "#5b6b74", "#c9d3d8"
GOOD, BAD, COOL = "#1f7a5a", "#b3422f", "#2f6f9f"
WIDTH, HEIGHT = 460, 240
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 14, 40
#: Intents that a table of confusions shows, most confused first.
MOST_CONFUSED = 22
CELL = 20


def histogram(bins: Sequence[Bin]) -> str:
    """How many messages there are by confidence, right and wrong ones."""
    top = max((each.messages for each in bins), default=0) or 1
    width = _wide() / max(1, len(bins))
    parts = [_axes("confidence", "messages", str(top))]
    for number, each in enumerate(bins):
        x = LEFT + number * width + 1
        right, wrong = each.right / top * _high(), (each.messages - each.right) / top * _high()
        base = HEIGHT - BOTTOM
        parts.append(_box(x, base - right, width - 2, right, GOOD, f"{_range(each)}: {each.right} right"))
        told = f"{_range(each)}: {each.messages - each.right} wrong"
        parts.append(_box(x, base - right - wrong, width - 2, wrong, BAD, told))
    return _svg("How sure: messages by confidence; right ones below, wrong ones above", parts)


def calibration(bins: Sequence[Bin]) -> str:
    """How often it is right when it is so sure; on the line it is honest."""
    base = HEIGHT - BOTTOM
    parts = [
        _axes("confidence", "right", "1.0"),
        f'<line x1="{LEFT}" y1="{base}" x2="{WIDTH - RIGHT}" y2="{TOP}" stroke="{SOFT}" stroke-dasharray="4 4"/>',
    ]
    most = max((each.messages for each in bins), default=0) or 1
    dots = [(LEFT + each.mean * _wide(), base - each.share * _high(), each) for each in bins if each.messages]
    if len(dots) > 1:
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in dots)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COOL}" stroke-width="2"/>')
    for x, y, each in dots:
        told = f"{_range(each)}: {each.share:.0%} of {each.messages} right"
        radius = 3 + 5 * (each.messages / most) ** 0.5
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{COOL}">{_title(told)}</circle>')
    return _svg("How honest: share of right ones by confidence", parts)


def confusion(pairs: Sequence[tuple[str, str, int]]) -> str:
    """Who is taken for whom, of the intents that are confused most; empty when none is."""
    if not pairs:
        return ""
    weights: dict[str, int] = {}
    for truth, claim, count in pairs:
        weights[truth] = weights.get(truth, 0) + count
        weights[claim] = weights.get(claim, 0) + count
    names = sorted(sorted(weights, key=lambda name: (-weights[name], name))[:MOST_CONFUSED])
    place = {name: number for number, name in enumerate(names)}
    most = max(count for _, _, count in pairs)
    left, top = 170, 150
    size = CELL * len(names)
    parts = [f'<rect x="{left}" y="{top}" width="{size}" height="{size}" fill="#f4f7f8" stroke="{LINE}"/>']
    for name, number in place.items():
        middle = number * CELL + CELL / 2
        parts.append(_text(left - 6, top + middle + 4, name, anchor="end"))
        at = f'transform="rotate(-60 {left + middle:.1f} {top - 6})"'
        parts.append(_text(left + middle, top - 6, name, more=at))
    for truth, claim, count in pairs:
        if truth in place and claim in place:
            x, y = left + place[claim] * CELL, top + place[truth] * CELL
            shade = 0.25 + 0.75 * count / most
            told = _title(f"{truth} taken for {claim}: {count}")
            parts.append(
                f'<rect x="{x + 1}" y="{y + 1}" width="{CELL - 2}" height="{CELL - 2}" fill="{BAD}" '
                f'fill-opacity="{shade:.2f}">{told}</rect>'
            )
            ink = "#ffffff" if shade > 0.6 else INK
            parts.append(_text(x + CELL / 2, y + CELL / 2 + 4, str(count), anchor="middle", ink=ink))
    title = "Confusions: what was meant (rows) and what it was taken for (columns)"
    return _svg(title, parts, left + size + 60, top + size + 10)


def _axes(below: str, beside: str, top: str) -> str:
    base = HEIGHT - BOTTOM
    lines = (
        f'<line x1="{LEFT}" y1="{base}" x2="{WIDTH - RIGHT}" y2="{base}" stroke="{LINE}"/>'
        f'<line x1="{LEFT}" y1="{TOP}" x2="{LEFT}" y2="{base}" stroke="{LINE}"/>'
    )
    numbers = "".join(
        _text(LEFT + tenth / 10 * _wide(), base + 15, f"{tenth / 10:.1f}", anchor="middle") for tenth in range(0, 11, 2)
    )
    ends = _text(LEFT - 6, TOP + 8, top, anchor="end") + _text(LEFT - 6, base, "0", anchor="end")
    names = _text(LEFT + _wide() / 2, HEIGHT - 6, below, anchor="middle") + _text(LEFT + 6, TOP + 8, beside)
    return lines + numbers + ends + names


def _svg(title: str, parts: Sequence[str], width: float = WIDTH, height: float = HEIGHT) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" '
        f'width="{width:.0f}" height="{height:.0f}" font-family="sans-serif" font-size="11">'
        f"{_title(title)}{''.join(parts)}</svg>"
    )


def _box(x: float, y: float, width: float, height: float, colour: str, told: str) -> str:
    if height <= 0:
        return ""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f'<rect {place} fill="{colour}">{_title(told)}</rect>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", ink: str = SOFT, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{ink}" text-anchor="{anchor}" {more}>{escape(words)}</text>'


def _title(words: str) -> str:
    return f"<title>{escape(words)}</title>"


def _range(each: Bin) -> str:
    return f"{each.low:.1f} to {each.high:.1f}"


def _wide() -> float:
    return WIDTH - LEFT - RIGHT


def _high() -> float:
    return HEIGHT - TOP - BOTTOM
