"""The console's pages of articles: written by agents, published by leads, nothing lost between two of them."""

from __future__ import annotations

import io
import re
import zipfile
from uuid import UUID, uuid4

import httpx
import pytest

from tests.integration.help.conftest import EDUROAM, Shelf, text
from tests.integration.portal.conftest import Browser, Desk
from tests.integration.web.visitor import Visitor

NEW = "/agent/articles/new"


def written(browser: Browser, **values: str) -> httpx.Response:
    """Send the empty editor with something in it."""
    given = {"title": "Connect to eduroam", "category": "network", "body": EDUROAM, **values}
    return browser.submit(browser.form(browser.get(NEW), NEW), **given)


def id_of(page: httpx.Response) -> UUID:
    return UUID(page.url.path.rpartition("/")[2])


def step(browser: Browser, article_id: UUID, name: str) -> httpx.Response:
    """Press a button beside the editor."""
    page = browser.get(f"/agent/articles/{article_id}")
    return browser.submit(browser.form(page, f"/agent/articles/{article_id}/{name}"))


class TestFromDraftToReaders:
    def test_an_agent_writes_a_lead_publishes_everybody_reads(
        self, priya: Browser, lena: Browser, visitor: Visitor, shelf: Shelf
    ) -> None:
        page = written(priya)
        made = id_of(page)
        assert "Only colleagues see it" in page.text
        assert visitor.get("/help/connect-to-eduroam").status_code == 404
        assert "waits for review" in step(priya, made, "submit").text
        assert f"/agent/articles/{made}/publish" not in priya.get(f"/agent/articles/{made}").text
        assert "Published" in step(lena, made, "publish").text
        assert visitor.get("/help/connect-to-eduroam").status_code == 200
        step(lena, made, "unpublish")
        assert visitor.get("/help/connect-to-eduroam").status_code == 404
        step(lena, made, "archive")
        assert shelf.now(made).status == "archived"
        assert "Connect to eduroam" not in priya.get("/agent/articles").text.split('id="articles"')[1]
        assert "Connect to eduroam" in priya.get("/agent/articles?status=archived").text

    def test_an_agent_cannot_publish_by_any_way(self, priya: Browser, shelf: Shelf) -> None:
        made = id_of(written(priya))
        form = priya.form(priya.get(f"/agent/articles/{made}"), f"/agent/articles/{made}/submit")
        for name in ("publish", "unpublish", "archive"):
            form.action = f"/agent/articles/{made}/{name}"
            assert priya.submit(form).status_code == 403
        assert shelf.now(made).published_version is None

    def test_a_lead_sends_back_and_a_writer_takes_back(self, priya: Browser, lena: Browser, shelf: Shelf) -> None:
        made = id_of(written(priya))
        for browser in (lena, priya):
            step(priya, made, "submit")
            step(browser, made, "send-back")
            assert shelf.now(made).status == "draft"

    def test_a_step_by_someone_who_has_not_seen_the_newest_does_nothing(
        self, priya: Browser, lena: Browser, shelf: Shelf
    ) -> None:
        made = id_of(written(priya))
        form = lena.form(lena.get(f"/agent/articles/{made}"), f"/agent/articles/{made}/publish")
        shelf.edit(made, "Something nobody has read.")
        page = lena.submit(form)
        assert page.status_code == 409
        assert "Somebody changed this article just now" in page.text
        assert shelf.now(made).published_version is None

    def test_one_step_twice_is_told(self, lena: Browser, shelf: Shelf) -> None:
        made = shelf.draft()
        form = lena.form(lena.get(f"/agent/articles/{made}"), f"/agent/articles/{made}/publish")
        lena.submit(form)
        form.values["revision"] = str(shelf.now(made).revision)
        page = lena.submit(form)
        assert page.status_code == 409
        assert 'role="alert"' in page.text


class TestEditor:
    def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(
        self, priya: Browser, shelf: Shelf
    ) -> None:
        page = written(priya, title=" ", category="No Such!", language="x", summary="Kept <b>words</b>")
        assert page.status_code == 422
        for name in ("title", "category", "language"):
            assert f'id="{name}-problem"' in page.text
        assert "Kept &lt;b&gt;words&lt;/b&gt;" in page.text
        assert "## On an iPhone" in page.text
        assert shelf.all() == []

    def test_two_titles_alike_get_two_addresses(self, priya: Browser, shelf: Shelf) -> None:
        for title in ("Connect to eduroam", "Connect to Eduroam!", "ईमेल", "Über uns"):
            assert written(priya, title=title).status_code == 200
        slugs = {each.article.slug for each in shelf.all()}
        assert slugs == {"connect-to-eduroam", "connect-to-eduroam-2", "article", "uber-uns"}

    def test_two_editors_and_nothing_is_lost(self, priya: Browser, lena: Browser, shelf: Shelf) -> None:
        made = shelf.draft()
        here = f"/agent/articles/{made}"
        mine, theirs = priya.form(priya.get(here), here), lena.form(lena.get(here), here)
        lena.submit(theirs, body="Lena's words.")
        page = priya.submit(mine, body="Priya's words.", title="Priya's title")
        assert page.status_code == 409
        assert "Somebody else changed this article meanwhile" in page.text
        assert "Lena Lead" in text(page)
        assert page.text.count("Lena&#39;s words.") >= 2, "in what is different, and whole"
        assert priya.form(page, here).values["body"] == "Priya's words."
        assert shelf.newest(made).body == "Lena's words."
        again = priya.submit(priya.form(page, here))
        assert again.status_code == 200
        assert shelf.newest(made).body == "Priya's words."
        assert shelf.newest(made).number == 3, "hers is among the versions"

    def test_a_preview_saves_nothing(self, priya: Browser, shelf: Shelf) -> None:
        made = shelf.draft()
        here = f"/agent/articles/{made}"
        page = priya.submit(priya.form(priya.get(here), here), body="## New\n**bold** <script>x</script>", do="preview")
        assert "<strong>bold</strong> &lt;script&gt;" in page.text
        assert shelf.newest(made).body == EDUROAM
        form = priya.form(page, here)
        part = priya.post("/agent/articles/preview", data={"csrf": form.values["csrf"], "body": "**bold**"})
        assert part.text.startswith('<div class="preview" id="preview">')
        assert "<strong>bold</strong>" in part.text

    def test_a_department_counts_only_for_its_own_articles(self, priya: Browser, shelf: Shelf) -> None:
        library = shelf.department("library", default=True)
        made = id_of(written(priya, audience="public", department=str(library)))
        assert shelf.newest(made).department_id is None
        assert written(priya, audience="brand", department="").status_code == 422
        made = id_of(written(priya, audience="brand", department=str(library)))
        assert shelf.newest(made).department_id == library


class TestVersions:
    def test_what_changed_and_the_way_back(self, priya: Browser, shelf: Shelf) -> None:
        made = shelf.article()
        shelf.edit(made, EDUROAM.replace("Run the installer.", "Run the <b>program</b>."), title="Use eduroam")
        here = f"/agent/articles/{made}/versions"
        page = priya.get(here)
        assert re.search(r'class="is-removed"[^>]*><span[^>]*>Removed: </span>Run the installer\.', page.text)
        assert re.search(r'class="is-added"[^>]*><span[^>]*>Added: </span>Run the &lt;b&gt;program', page.text)
        assert "<ins>Use eduroam</ins>" in page.text
        assert "Rita Writer began the article" in text(page)
        old = priya.get(f"{here}/1")
        assert "Run the installer." in old.text
        done = priya.submit(priya.form(old, f"{here}/1/restore"))
        assert "newest draft now" in done.text
        assert (shelf.newest(made).number, shelf.newest(made).body) == (3, EDUROAM)
        assert shelf.now(made).published_version == 1
        assert "The text is the same" in priya.get(f"{here}?from=1&to=3").text

    @pytest.mark.parametrize("query", ["?from=9", "?to=9", "/9", "?from=0", "?from=x", "/0", "/99999999999"])
    def test_versions_that_are_not_there(self, priya: Browser, shelf: Shelf, query: str) -> None:
        made = shelf.draft()
        assert priya.get(f"/agent/articles/{made}/versions{query}").status_code in (400, 404)


class TestList:
    def test_filters_and_counts(self, priya: Browser, visitor: Visitor, shelf: Shelf) -> None:
        made = shelf.article()
        shelf.article("for-staff", "The secret handshake.", audience="staff", category="desk")
        shelf.draft("a-draft", "Words.")
        visitor.get("/help/connect-to-eduroam")
        visitor.submit(
            visitor.form(visitor.get("/help/connect-to-eduroam"), "/help/connect-to-eduroam/vote"), helpful="yes"
        )
        rows = text(priya.get("/agent/articles"))
        assert re.search(r"Connect to eduroam Published Wi-Fi and network Everybody [23] 1 0", rows)
        for query, there in (
            ("status=draft", {"A draft"}),
            ("audience=staff", {"For staff"}),
            ("category=desk", {"For staff"}),
            ("q=handshake", {"For staff"}),
            ("q=%25", set()),
            ("status=nonsense", {"A draft", "For staff", "Connect to eduroam"}),
        ):
            page = priya.get(f"/agent/articles?{query}").text.split('id="articles"')[1]
            shown = {title for title in ("A draft", "For staff", "Connect to eduroam") if f"<bdi>{title}</bdi>" in page}
            assert shown == there, query
        shelf.edit(made, "Words.")
        assert "older version published" in priya.get("/agent/articles").text

    def test_an_empty_one(self, priya: Browser) -> None:
        assert "Nothing is written yet" in priya.get("/agent/articles").text
        assert "No article fits" in priya.get("/agent/articles?q=x").text


class TestFiles:
    def attach(self, browser: Browser, made: UUID, name: str, content: bytes) -> httpx.Response:
        here = f"/agent/articles/{made}"
        form = browser.form(browser.get(here), f"{here}/files")
        return browser.send_files(form, [(name, content)])

    def test_attached_and_removed(self, priya: Browser, shelf: Shelf) -> None:
        made = shelf.draft()
        page = self.attach(priya, made, "list.txt", b"words")
        assert "list.txt" in page.text
        removing = re.search(rf"/agent/articles/{made}/files/[0-9a-f-]+/remove", page.text)
        assert removing
        other = shelf.draft("another", "Words.")
        wrong = removing[0].replace(str(made), str(other))
        form = priya.form(page, removing[0])
        form.action = wrong
        assert priya.submit(form).status_code == 404
        form.action = removing[0]
        assert "list.txt" not in priya.submit(form).text.split("Versions")[0]

    def test_what_is_refused_is_told(self, priya: Browser, shelf: Shelf) -> None:
        made = shelf.draft()
        page = self.attach(priya, made, "run.exe", b"MZ\x90\x00")
        assert page.status_code == 422
        assert 'id="files-problem"' in page.text

    def test_files_of_what_readers_have_are_for_leads(self, priya: Browser, lena: Browser, shelf: Shelf) -> None:
        made = shelf.article()
        here = f"/agent/articles/{made}"
        assert "a lead or an administrator changes those" in priya.get(here).text
        form = lena.form(lena.get(here), f"{here}/files")
        csrf = priya.form(priya.get(here), here).values["csrf"]
        refused = priya.post(form.action, data={"csrf": csrf}, files=[("files", ("a.txt", b"words"))])
        assert refused.status_code == 403
        assert lena.send_files(form, [("a.txt", b"words")]).status_code == 200


class TestFromATicket:
    def test_the_answers_without_what_is_personal(
        self, priya: Browser, asha: Browser, desk: Desk, shelf: Shelf
    ) -> None:
        ticket = desk.ticket(asha, "Printer of Asha Patel jams")
        here = f"/agent/tickets/{ticket.reference}"
        assert "Make an article of this" not in priya.get(here).text, "there is no answer yet"
        desk.reply(ticket, "Dear Asha, open tray 2. Write to me: priya@desk.example or +49 151 2345678.")
        page = priya.get(here)
        assert f'href="/agent/articles/from/{ticket.reference}"' in page.text
        editor = priya.get(f"/agent/articles/from/{ticket.reference}")
        form = priya.form(editor, f"/agent/articles/from/{ticket.reference}")
        assert "open tray 2" in form.values["body"]
        for personal in ("Asha", "Patel", "priya@desk.example", "2345678"):
            assert personal not in form.values["body"]
            assert personal not in form.values["title"]
        assert form.values["category"] == "devices"
        assert shelf.all() == [], "looking makes nothing"
        made = id_of(priya.submit(form, title="When the printer jams"))
        assert shelf.newest(made).note == f"From the answers on {ticket.reference}"

    def test_notes_and_the_persons_own_words_stay_out(self, priya: Browser, asha: Browser, desk: Desk) -> None:
        from helpsage.tickets import service
        from tests.integration.portal.conftest import PRIYA

        ticket = desk.ticket(asha)
        desk.change(ticket, lambda session, found: service.note(session, found, "A word among us.", PRIYA))
        desk.reply(ticket, "Turn it off.")
        page = priya.get(f"/agent/articles/from/{ticket.reference}")
        assert "Turn it off." in page.text
        assert "among us" not in page.text
        assert "jams on every page" not in page.text

    def test_not_of_a_ticket_that_is_out_of_reach(self, asha: Browser, desk: Desk, priya: Browser) -> None:
        ticket = desk.ticket(asha)
        assert asha.get(f"/agent/articles/from/{ticket.reference}").status_code == 403
        assert priya.get("/agent/articles/from/HS-999999").status_code == 404


@pytest.mark.parametrize("path", ["", "/versions", "/versions/1"])
def test_an_article_that_is_not_there(priya: Browser, path: str) -> None:
    assert priya.get(f"/agent/articles/{uuid4()}{path}").status_code == 404
    assert priya.get(f"/agent/articles/x{path}").status_code == 400


class TestInAndOut:
    def send(self, browser: Browser, *files: tuple[str, bytes]) -> httpx.Response:
        form = browser.form(browser.get("/agent/articles/import"), "/agent/articles/import")
        return browser.send_files(form, list(files))

    def test_what_goes_out_comes_in_again_and_changes_nothing(
        self, priya: Browser, lena: Browser, shelf: Shelf
    ) -> None:
        shelf.article()
        shelf.article("for-staff", "Words.", audience="staff")
        shelf.draft("a-draft", "Words.")
        answer = priya.get("/agent/articles/export.zip")
        assert answer.headers["content-disposition"].startswith("attachment")
        with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
            assert archive.namelist() == ["connect-to-eduroam.md", "for-staff.md"]
            assert b"## On an iPhone" in archive.read("connect-to-eduroam.md")
        page = self.send(lena, ("all.zip", answer.content))
        assert "2 as they were" in page.text

    def test_new_ones_are_published_and_bad_ones_are_named_with_their_line(
        self, lena: Browser, visitor: Visitor, shelf: Shelf
    ) -> None:
        good = b"---\ntitle: Eduroam\ncategory: network\naudience: public\nsummary: What.\n---\nWords.\n"
        bad = good.replace(b"audience: public", b"audience: nobody")
        page = self.send(lena, ("eduroam.md", good), ("bad.md", bad), ("x.exe", b"MZ"))
        assert page.status_code == 200
        assert "1 new, 1 not read" in page.text
        assert "bad.md, line 4" in page.text
        assert "x.exe: left out" in page.text
        assert visitor.get("/help/eduroam").status_code == 200
        shelf.edit(shelf.all()[0].article.id, "Written here.")
        page = self.send(lena, ("eduroam.md", good.replace(b"Words.", b"Other words.")))
        assert "left as it is here" in page.text

    def test_nothing_chosen_and_nothing_good(self, lena: Browser) -> None:
        assert 'id="files-problem"' in self.send(lena).text
        assert self.send(lena, ("all.zip", b"no archive")).status_code == 422

    def test_agents_do_not_import(self, priya: Browser) -> None:
        assert priya.get("/agent/articles/import").status_code == 403
