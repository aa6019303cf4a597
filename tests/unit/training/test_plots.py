"""Plots are well-formed, say in words what they show, and carry nothing that a strict page refuses."""

from __future__ import annotations

from xml.etree import ElementTree

from helpsage.training import plots
from helpsage.training.statistics import bins

BINS = bins([0.05, 0.35, 0.95, 0.97, 1.0], [False, True, True, False, True])


def test_every_plot_is_whole_and_plain() -> None:
    pairs = [("greet", "a <b> & c", 3), ("faq", "greet", 1)]
    for svg in (plots.histogram(BINS), plots.calibration(BINS), plots.confusion(pairs)):
        root = ElementTree.fromstring(svg)
        assert root.attrib["role"] == "img"
        assert "style" not in svg
        assert "<script" not in svg
    assert "a &lt;b&gt; &amp; c" in plots.confusion(pairs)


def test_bars_are_as_high_as_they_count() -> None:
    root = ElementTree.fromstring(plots.histogram(BINS))
    bars = {bar[0].text: float(bar.attrib["height"]) for bar in root if bar.tag.endswith("rect")}
    assert bars["0.9 to 1.0: 2 right"] == 2 * bars["0.9 to 1.0: 1 wrong"]


def test_nothing_confused_is_no_plot() -> None:
    assert plots.confusion([]) == ""
    assert "<svg" in plots.histogram([])
    assert "<svg" in plots.calibration([])
