"""Articles as pages and as files: what Markdown becomes, what differs between versions, what an import lets in."""

from __future__ import annotations

import io
import re
import zipfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpsage.knowledge import sections
from helpsage.web import markup
from helpsage.web.articles import differing, packing

LINES = st.lists(st.sampled_from(["", "one", "two", "## three", "four", "- five"]), max_size=30)


class TestMarkup:
    def test_headings_have_the_places_that_the_search_knows(self) -> None:
        text = "# A\n\n## Über *uns*\n\n### Deeper\n\n```\n## no heading\n```\n\n## Über uns\n\n#### too deep"
        places = re.findall(r'<h[2-6] id="([^"]+)"', markup.article(text).html)
        assert places == [section.anchor for section in sections.split(text)[1:]]
        assert [each.text for each in markup.article(text).headings] == ["A", "Über uns", "Über uns"]

    @given(st.lists(st.integers(1, 6), max_size=12))
    def test_below_the_title_no_level_of_headings_is_left_out(self, levels: list[int]) -> None:
        html = markup.article("\n\n".join("#" * level + " Words" for level in levels)).html
        shown = [1, *map(int, re.findall(r"<h([1-6])", html))]
        assert len(shown) == len(levels) + 1
        assert shown == [1, *map(int, re.findall(r"</h([1-6])", html))]
        assert all(2 <= after <= before + 1 for before, after in pairwise(shown))

    def test_a_heading_takes_no_place_of_the_page(self) -> None:
        assert 'id="content"' not in markup.article("## Content").html
        assert " id=" not in markup.article("## Summary", anchored=False).html

    def test_only_its_own_pictures_are_shown(self) -> None:
        html = markup.article("![a](a b.png) ![b](<a b.png>) ![c](//x.example/c.png)", {"a b.png": "/help/x/1"}).html
        assert html.count("<img") == 1
        assert "x.example" not in html

    @given(st.text(st.sampled_from("<>ab\"'=/ \n#`[](){}!:&;javascript"), max_size=200))
    def test_whatever_is_written_no_tag_of_another_kind_comes_out(self, text: str) -> None:
        html = markup.article(text).html
        allowed = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "a", "blockquote", "hr", "table", "s"}
        allowed |= {"thead", "tbody", "tr", "th", "td", "h2", "h3", "h4", "h5", "h6"}
        assert set(re.findall(r"</?([a-z0-9]+)", html)) <= allowed
        assert not re.search(r"<[^>]*(?:javascript:|\son\w+\s*=)", re.sub(r'"[^"]*"', '""', html))


class TestDifferences:
    @given(LINES, LINES)
    def test_both_texts_can_be_read_from_it(self, before: list[str], after: list[str]) -> None:
        found = differing.lines("\n".join(before), "\n".join(after))
        old, new = "\n".join(before).splitlines(), "\n".join(after).splitlines()
        if not found:
            assert old == new
            return
        skipped = sum(line.skipped for line in found)
        texts = {kind: [line.text for line in found if line.kind in ("same", kind)] for kind in ("removed", "added")}
        assert len(texts["removed"]) + skipped == len(old)
        assert len(texts["added"]) + skipped == len(new)
        assert [line for line in old if line in texts["removed"]][:1] == texts["removed"][:1] or skipped

    def test_far_lines_are_counted(self) -> None:
        before = [f"line {number}" for number in range(30)]
        after = [*before[:15], "new", *before[15:]]
        found = differing.lines("\n".join(before), "\n".join(after))
        assert [(line.kind, line.text, line.skipped) for line in found] == [
            ("gap", "", 13),
            ("same", "line 13", 0),
            ("same", "line 14", 0),
            ("added", "new", 0),
            ("same", "line 15", 0),
            ("same", "line 16", 0),
            ("gap", "", 13),
        ]


def archive(*entries: tuple[str, bytes]) -> io.BytesIO:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in entries:
            made.writestr(name, content)
    packed.seek(0)
    return packed


class TestImport:
    def test_what_was_exported_comes_in_again(self) -> None:
        files = {"connect-to-eduroam.md": "---\ntitle: Ü\n---\nWords.\n".encode(), "vpn.md": b"x"}
        assert packing.unpack([("all.zip", io.BytesIO(packing.pack(files.items())))]).contents == files

    @pytest.mark.parametrize(
        "path", ["../evil.md", "/etc/evil.md", "a/../../evil.md", "..\\evil.md", "C:evil.md", "~/evil.md"]
    )
    def test_paths_lead_nowhere(self, path: str) -> None:
        found = packing.unpack([("all.zip", archive((path, b"words"), ("good.md", b"words")))])
        assert found.contents == {"good.md": b"words"}
        assert len(found.problems) == 1

    def test_folders_are_fine_and_litter_is_not_told(self) -> None:
        found = packing.unpack(
            [("all.zip", archive(("help/en/good.md", b"words"), ("__MACOSX/._good.md", b"x"), ("a/.DS_Store", b"x")))]
        )
        assert (found.contents, found.problems) == ({"good.md": b"words"}, [])

    @pytest.mark.parametrize(
        ("name", "content"),
        [
            ("no.txt", b"words"),
            ("No Capitals.md", b"words"),
            ("-.md", b"words"),
            ("nul.md", b"a\0b"),
            ("large.md", b"x" * (packing.LARGEST_FILE + 1)),
        ],
    )
    def test_what_is_no_article_is_named(self, name: str, content: bytes) -> None:
        for sent in ((name, io.BytesIO(content)), ("all.zip", archive((name, content)))):
            found = packing.unpack([sent])
            assert found.contents == {}
            assert len(found.problems) == 1
            assert name in found.problems[0]

    def test_the_same_name_counts_once(self) -> None:
        found = packing.unpack([("a.md", io.BytesIO(b"one")), ("x.zip", archive(("b/a.md", b"two")))])
        assert found.contents == {"a.md": b"one"}
        assert len(found.problems) == 1

    def test_a_bomb_is_not_unpacked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packing, "LARGEST_IMPORT", 1_000_000)
        bomb = archive(*[(f"a{number}.md", b"x" * packing.LARGEST_FILE) for number in range(50)])
        found = packing.unpack([("all.zip", bomb)])
        assert found.size <= 1_000_000
        assert found.problems

    def test_too_many_files(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(packing, "MOST_FILES", 3)
        found = packing.unpack([("all.zip", archive(*[(f"a{number}.md", b"x") for number in range(4)]))])
        assert (found.contents, len(found.problems)) == ({}, 1)

    @pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"no archive"])
    def test_a_damaged_archive(self, content: bytes) -> None:
        found = packing.unpack([("all.zip", io.BytesIO(content))])
        assert (found.contents, len(found.problems)) == ({}, 1)

    def test_a_locked_archive(self) -> None:
        raw = bytearray(archive(("a.md", b"words")).getvalue())
        raw[6] |= 1  # general purpose flag, bit 0: encrypted (APPNOTE.TXT, 4.4.4)
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
        found = packing.unpack([("all.zip", io.BytesIO(bytes(raw)))])
        assert (found.contents, len(found.problems)) == ({}, 1)
