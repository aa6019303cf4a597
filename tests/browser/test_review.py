"""What was misunderstood, worked through by keyboard alone, and readable by everyone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from helpsage.training.items import ReviewItem
from tests.browser.test_settings import LOOKS, ada, database, enter, log_in, violations, web_url, with_departments
from tests.integration.settings.conftest import Administrator
from tests.integration.web.review.conftest import SAID, Stock, fill

__all__ = ["ada", "database", "log_in", "web_url", "with_departments"]


@pytest.fixture
def stock(with_departments: Engine) -> Stock:
    return fill(with_departments)


def states(engine: Engine) -> list[tuple[str, str]]:
    with Session(engine) as session:
        return [(item.state, item.label) for item in session.scalars(select(ReviewItem).order_by(ReviewItem.id))]


def test_a_review_by_keyboard(
    new_page: Callable[..., Page], ada: Administrator, stock: Stock, web_url: str, with_departments: Engine
) -> None:
    page = enter(new_page(base_url=web_url), ada)
    page.goto("/review")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    said = page.locator(".learn-said")
    expect(said).to_have_text(SAID[0])
    page.keyboard.press("j")
    expect(said).to_have_text(SAID[2])
    page.keyboard.press("k")
    expect(said).to_have_text(SAID[0])
    page.keyboard.press("a")
    expect(said).to_have_text(SAID[2])
    assert states(with_departments) == [("accepted", "wifi_problem")] * 2 + [("open", "")]
    page.keyboard.press("u")
    expect(page.get_by_role("status").first).to_have_text("It is as it was before.")
    expect(said).to_have_text(SAID[0])
    page.keyboard.press("w")
    expect(page.get_by_label("All 2 of this cluster")).not_to_be_checked()
    page.keyboard.press("i")
    expect(said).to_have_text(SAID[1])
    assert states(with_departments)[0] == ("ignored", "")
    page.keyboard.press("l")
    expect(page.locator("#label")).to_be_focused()
    page.keyboard.type("login_error")
    page.keyboard.press("Enter")
    expect(said).to_have_text(SAID[2])
    page.keyboard.press("n")
    page.keyboard.type("quux")
    page.keyboard.press("Enter")
    page.wait_for_url("**/review")
    assert states(with_departments) == [("ignored", ""), ("accepted", "login_error"), ("accepted", "quux")]
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the change").click()
    assert "+  - intent: quux" in download.value.path().read_text("utf-8")


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_every_page_of_it_is_readable_by_everyone(
    new_page: Callable[..., Page], ada: Administrator, stock: Stock, web_url: str, size: str
) -> None:
    page = enter(new_page(base_url=web_url, reduced_motion="reduce", **LOOKS[f"{size} light"]), ada)
    for address in ("/review", f"/review/{stock.first}", f"/review/{stock.alone}", "/gaps", f"/gaps/{stock.gap}"):
        answer = page.goto(address)
        assert answer is not None
        assert (address, answer.status) == (address, 200)
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)
            assert (address, colours, violations(page)) == (address, colours, [])
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert (address, wide) == (address, 0)
