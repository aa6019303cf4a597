"""The help centre: what everybody reads, what only some may, and what nobody can do to whoever reads."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from typing import ClassVar

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from helpsage.attachments import storage
from helpsage.configuration.service import Who
from helpsage.knowledge import files, privacy
from helpsage.people.models import Role
from helpsage.privacy.erasure import erase
from helpsage.privacy.export import archive
from tests.integration.attachments.conftest import picture
from tests.integration.help.conftest import Shelf, text
from tests.integration.portal.conftest import Browser
from tests.integration.web.visitor import Visitor

SEEN = "/my/new/articles?subject=secret+handshake+plan"
HOSTILE = """## <img src=x onerror=alert(1)>

<script>alert(1)</script>

[press](javascript:alert(1)) <a href="x" onclick="alert(1)">here</a> ![see](https://evil.example/pixel.png)

| <iframe src=//evil.example> |
|---|
| <svg/onload=alert(1)> |
"""


class TestFront:
    def test_an_empty_one_offers_the_chat(self, visitor: Visitor) -> None:
        page = visitor.get("/help")
        assert page.status_code == 200
        assert "Nothing is written here yet" in page.text
        assert 'href="/chat"' in page.text

    def test_subjects_have_counts_and_lead_to_their_articles(self, visitor: Visitor, shelf: Shelf) -> None:
        shelf.article()
        shelf.article("vpn-from-home", "Words.")
        shelf.article("pay-fees", "Words.", category="money")
        shelf.draft("not-yet", "Words.", category="security")
        front = visitor.get("/help")
        assert "Wi-Fi and network 2 articles" in text(front)
        assert "1 article" in text(front)
        assert "security" not in front.text
        assert "VPN" not in text(front) or "Vpn from home" in text(front)
        category = visitor.get("/help/category/network")
        assert "Vpn from home" in category.text
        assert "Pay fees" not in category.text
        assert visitor.get("/help/category/nothing").status_code == 404

    def test_what_is_read_and_what_helps_comes_first(self, visitor: Visitor, shelf: Shelf, asha: Browser) -> None:
        shelf.article()
        shelf.article("vpn-from-home", "Words.")
        for _ in range(2):
            visitor.get("/help/vpn-from-home")
        visitor.get("/help/connect-to-eduroam")
        asha.submit(asha.form(asha.get("/help/connect-to-eduroam"), "/help/connect-to-eduroam/vote"), helpful="yes")
        front = text(visitor.get("/help"))
        assert front.index("Most read") < front.index("Vpn from home") < front.index("Most helpful")
        assert front.rindex("Connect to eduroam") > front.index("Most helpful")
        assert "Vpn from home" not in front[front.index("Most helpful") :]


class TestArticle:
    def test_sections_can_be_linked_to_and_long_ones_have_a_table_of_contents(
        self, visitor: Visitor, shelf: Shelf
    ) -> None:
        shelf.article()
        page = visitor.get("/help/connect-to-eduroam")
        assert '<h2 id="on-an-iphone">' in page.text
        assert '<a href="#on-an-iphone">' in page.text
        assert "<strong>Settings</strong>" in page.text
        assert re.search(r'<link rel="canonical" href="http://[^"]+/help/connect-to-eduroam">', page.text)
        assert "noindex" not in page.text
        assert "Last changed" in page.text

    def test_a_short_one_has_none(self, visitor: Visitor, shelf: Shelf) -> None:
        shelf.article(body="Words.\n\n## One\nWords.")
        assert "On this page" not in visitor.get("/help/connect-to-eduroam").text

    def test_what_looks_like_a_page_in_it_is_text(self, visitor: Visitor, shelf: Shelf) -> None:
        shelf.article(body=HOSTILE, title="<b>Bold</b>", summary='"><script>alert(2)</script>')
        for address in ("/help/connect-to-eduroam", "/help", "/help/category/network", "/help?q=press"):
            page = visitor.get(address).text.split("<main", 1)[1]
            assert not re.search(r"<(?:script|iframe|svg/|img src=x)", page), address
            assert not re.search(r"<[^>]*\son\w+=", page), address
            assert 'href="javascript' not in page
            assert "evil.example/pixel" not in page or "<img" not in page, "nobody else is told who reads"

    def test_the_published_version_stays_while_the_next_is_written(self, visitor: Visitor, shelf: Shelf) -> None:
        made = shelf.article()
        shelf.edit(made, "Something half done.")
        page = visitor.get("/help/connect-to-eduroam").text
        assert "half done" not in page
        assert "Eduroam is the Wi-Fi" in page

    def test_one_that_is_not_there_is_told_with_a_search(self, visitor: Visitor) -> None:
        page = visitor.get("/help/no-such-thing")
        assert page.status_code == 404
        assert "There is no such article" in page.text
        assert 'action="/help"' in page.text
        assert "noindex" in page.text

    @pytest.mark.parametrize("slug", ["%00", "x" * 3000, "a%2fb", "..%2f..", "'; drop table article;--", "É"])
    def test_no_address_breaks_anything(self, visitor: Visitor, slug: str) -> None:
        assert visitor.get(f"/help/{slug}").status_code in (404, 414)

    def test_readers_are_counted_and_machines_are_not(self, visitor: Visitor, priya: Browser, shelf: Shelf) -> None:
        made = shelf.article()
        visitor.get("/help/connect-to-eduroam")
        visitor.get("/help/connect-to-eduroam", headers={"User-Agent": "Examplebot/2.1"})
        visitor.get("/help/connect-to-eduroam", headers={"Sec-Purpose": "prefetch"})
        priya.get("/help/connect-to-eduroam")
        assert shelf.now(made).views == 1


class TestWhoMayRead:
    @pytest.fixture
    def hidden(self, shelf: Shelf) -> Shelf:
        shelf.article("for-staff", "The secret handshake.", audience="staff")
        shelf.draft("a-draft", "The secret plan.")
        shelf.findable()
        return shelf

    @pytest.mark.parametrize("slug", ["for-staff", "a-draft"])
    def test_strangers_and_requesters_cannot_tell_it_from_one_that_never_was(
        self, hidden: Shelf, visitor: Visitor, asha: Browser, slug: str
    ) -> None:
        for browser in (visitor, asha):
            page, never = browser.get(f"/help/{slug}"), browser.get("/help/it-never-was")
            assert page.status_code == 404
            assert "secret" not in page.text
            assert text(page) == text(never)

    @pytest.mark.parametrize(
        "address",
        [
            "/help",
            "/help?q=secret+handshake+plan",
            "/help/category/network",
            "/sitemap.xml",
            "/my/new/articles?subject=secret+plan",
        ],
    )
    def test_no_list_and_no_search_tells_of_it(
        self, hidden: Shelf, visitor: Visitor, asha: Browser, address: str
    ) -> None:
        for browser in (visitor, asha):
            page = browser.get(address).text
            assert "for-staff" not in page
            assert "a-draft" not in page
            assert "handshake." not in page

    def test_staff_read_what_is_for_staff_and_search_engines_are_sent_away(self, hidden: Shelf, priya: Browser) -> None:
        page = priya.get("/help/for-staff")
        assert "secret handshake" in page.text
        assert 'content="noindex"' in page.text
        assert priya.get("/help/a-draft").status_code == 404
        assert "for-staff" in priya.get("/help").text

    def test_nobody_votes_on_what_they_may_not_read(self, hidden: Shelf, visitor: Visitor) -> None:
        hidden.article()
        form = visitor.form(visitor.get("/help/connect-to-eduroam"), "/help/connect-to-eduroam/vote")
        form.action = "/help/for-staff/vote"
        assert visitor.submit(form, helpful="yes").status_code == 404

    def test_a_departments_own_articles_stand_on_its_pages_only_in_its_look(
        self, shelf: Shelf, visitor: Visitor, priya: Browser
    ) -> None:
        shelf.department("it", default=True)
        library = shelf.department("library")
        shelf.article("borrow-a-book", "Words.", audience="brand", department_id=library)
        shelf.article()
        assert visitor.get("/help/borrow-a-book").status_code == 404
        assert "borrow-a-book" not in visitor.get("/help").text
        front = visitor.get("/help?desk=w-library").text
        assert "/help/borrow-a-book?desk=w-library" in front
        assert "/help/connect-to-eduroam?desk=w-library" in front, "what is for everybody is there, too"
        assert "/brand/library.css" in front
        page = visitor.get("/help/borrow-a-book?desk=w-library")
        assert page.status_code == 200
        assert 'help/borrow-a-book?desk=w-library">' in page.text.split('rel="canonical"')[1][:200]
        assert priya.get("/help/borrow-a-book").status_code == 200, "staff read everything that is published"
        voted = visitor.submit(visitor.form(page, "/help/borrow-a-book/vote"), helpful="yes")
        assert voted.status_code == 200
        assert str(voted.url).endswith("/help/borrow-a-book?desk=w-library#_vote")


class TestFiles:
    def attached(self, database: Engine, article_id: object, name: str, content: bytes) -> str:
        with Session(database) as session, session.begin():
            received = storage.receive(name, "", io.BytesIO(content))
            return str(files.attach(session, article_id, received, Who(name="Rita")).id)  # type: ignore[arg-type]

    def test_readers_save_them_and_see_pictures_as_we_drew_them(
        self, visitor: Visitor, asha: Browser, shelf: Shelf, database: Engine
    ) -> None:
        made = shelf.article(body="See ![the menu](menu.png) and ![no](https://evil.example/menu.png).")
        self.attached(database, made, "menu.png", picture())
        page = visitor.get("/help/connect-to-eduroam").text
        shown = re.search(r'<img src="([^"]+)" alt="the menu"', page)
        assert shown
        answer = visitor.get(shown[1].replace("&amp;", "&"))
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        saved = visitor.get(shown[1].partition("?")[0])
        assert saved.content == picture()
        assert saved.headers["content-disposition"].startswith("attachment")

    def test_those_of_hidden_articles_are_not_there(
        self, visitor: Visitor, asha: Browser, priya: Browser, shelf: Shelf, database: Engine
    ) -> None:
        staff = shelf.article("for-staff", "Words.", audience="staff")
        draft = shelf.draft("a-draft", "Words.")
        shelf.article()
        for made, slug in ((staff, "for-staff"), (draft, "a-draft")):
            kept = self.attached(database, made, "list.txt", b"names")
            for browser in (visitor, asha):
                assert browser.get(f"/help/{slug}/files/{kept}/list.txt").status_code == 404
                assert browser.get(f"/help/connect-to-eduroam/files/{kept}/list.txt").status_code == 404
            assert priya.get(f"/help/{slug}/files/{kept}/list.txt").content == b"names"

    @pytest.mark.parametrize("file_id", ["x", "00000000-0000-4000-8000-000000000001"])
    def test_one_that_is_not_there(self, visitor: Visitor, shelf: Shelf, file_id: str) -> None:
        shelf.article()
        assert visitor.get(f"/help/connect-to-eduroam/files/{file_id}/x.txt").status_code == 404


class TestVoting:
    def test_a_reader_votes_once_and_may_change_their_mind(self, visitor: Visitor, asha: Browser, shelf: Shelf) -> None:
        made = shelf.article()
        here = "/help/connect-to-eduroam"
        form = visitor.form(visitor.get(here), f"{here}/vote")
        for _ in range(3):
            page = visitor.submit(form, helpful="yes")
        assert "Good that it helped" in page.text
        assert (shelf.votes(made).helpful, shelf.votes(made).not_helpful) == (1, 0)
        visitor.submit(form, helpful="no")
        assert (shelf.votes(made).helpful, shelf.votes(made).not_helpful) == (0, 1)
        asha.submit(asha.form(asha.get(here), f"{here}/vote"), helpful="yes")
        assert (shelf.votes(made).helpful, shelf.votes(made).not_helpful) == (1, 1)

    def test_a_no_may_say_what_was_missing_and_writers_read_it(
        self, visitor: Visitor, priya: Browser, shelf: Shelf
    ) -> None:
        made = shelf.article()
        here = "/help/connect-to-eduroam"
        page = visitor.submit(visitor.form(visitor.get(here), f"{here}/vote"), helpful="no")
        assert "What was missing" in page.text
        page = visitor.submit(visitor.form(page, f"{here}/vote"), helpful="no", comment="Nothing on <b>Linux</b>")
        assert "Whoever writes this article reads it" in page.text
        assert "Nothing on &lt;b&gt;Linux&lt;/b&gt;" in priya.get(f"/agent/articles/{made}").text

    def test_another_sites_form_does_not_count(self, visitor: Visitor, shelf: Shelf) -> None:
        made = shelf.article()
        here = "/help/connect-to-eduroam"
        visitor.get(here)
        assert visitor.post(f"{here}/vote", data={"helpful": "yes"}).status_code == 403
        form = visitor.form(visitor.get(here), f"{here}/vote")
        assert visitor.submit(form, helpful="perhaps").status_code == 400
        assert shelf.votes(made).helpful == 0


class TestWaysIn:
    def test_the_login_page_and_the_portal_lead_there(self, visitor: Visitor, asha: Browser) -> None:
        assert 'href="/help"' in visitor.get("/login").text.split("<main", 1)[1]
        assert 'href="/help"' in asha.get("/my").text
        assert 'href="/help"' in visitor.get("/").text

    def test_sitemap(self, visitor: Visitor, shelf: Shelf) -> None:
        shelf.article()
        shelf.article("for-staff", "Words.", audience="staff")
        answer = visitor.get("/sitemap.xml")
        assert answer.headers["content-type"].startswith("application/xml")
        assert re.findall(r"<loc>http://[^/]+([^<]*)</loc>", answer.text) == ["/help", "/help/connect-to-eduroam"]


def test_without_the_second_factor_staff_read_as_strangers_do(
    shelf: Shelf, enter: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    from helpsage import settings

    shelf.article("for-staff", "Words.", audience="staff")
    browser = enter("lena@desk.example", "Lena", Role.LEAD)
    monkeypatch.setattr(settings.get(), "staff_two_factor", True)
    assert browser.get("/help/for-staff").status_code == 404


def test_what_somebody_said_about_articles_is_in_their_archive_and_goes_with_them(
    asha: Browser, shelf: Shelf, database: Engine
) -> None:
    made = shelf.article()
    here = "/help/connect-to-eduroam"
    asha.submit(asha.form(asha.get(here), f"{here}/vote"), helpful="no", comment="Nothing on Linux")
    with Session(database) as session, session.begin():
        said = privacy.told(session, asha.person_id)
        assert [(each["article"], each["helpful"], each["words"]) for each in said] == [
            ("connect-to-eduroam", False, "Nothing on Linux")
        ]
        with archive(session, asha.person_id) as made_of, zipfile.ZipFile(made_of) as packed:
            assert b"Nothing on Linux" in packed.read("profile.json")
        erase(session, asha.person_id)
    assert shelf.votes(made).not_helpful == 0


class TestLanguages:
    SPANISH: ClassVar = {"Accept-Language": "es"}

    def test_the_front_in_spanish(self, visitor: Visitor, shelf: Shelf) -> None:
        assert "Aquí todavía no hay nada escrito" in visitor.get("/help", headers=self.SPANISH).text
        shelf.article()
        front = visitor.get("/help", headers=self.SPANISH)
        assert "¿Qué quiere hacer?" in front.text
        assert "Wifi y red 1 artículo" in text(front)
        assert '<html lang="es"' in front.text

    def test_an_article_keeps_its_own_language_within_the_readers(self, visitor: Visitor, shelf: Shelf) -> None:
        shelf.article()
        page = visitor.get("/help/connect-to-eduroam", headers=self.SPANISH)
        assert '<html lang="es"' in page.text
        assert '<article class="help-article" lang="en">' in page.text
        assert "¿Le ha sido útil?" in page.text
        assert "En esta página" in page.text
        form = visitor.form(page, "/help/connect-to-eduroam/vote")
        voted = visitor.post(form.action, data={**form.values, "helpful": "yes"}, headers=self.SPANISH)
        assert "Gracias. Qué bien que le ayudara." in voted.text

    def test_what_is_sought_stays_text(self, visitor: Visitor, shelf: Shelf) -> None:
        found = visitor.get("/help", params={"q": "<b>x</b> %(words)s"}, headers=self.SPANISH)
        assert "Ningún artículo para «&lt;b&gt;x&lt;/b&gt; %(words)s»" in found.text

    def test_a_missing_one(self, visitor: Visitor) -> None:
        page = visitor.get("/help/nothing-here", headers=self.SPANISH)
        assert page.status_code == 404
        assert "No existe este artículo" in page.text
        assert ">iniciar sesión</a>." in page.text
