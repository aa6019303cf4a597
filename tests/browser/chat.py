"""A person at the chat: what they can do and what they can see."""

from __future__ import annotations

import time

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 15_000
#: What a person answers to a question, when no button says it better.
DEFAULT_ANSWER = "I do not know"


class Chat:
    """The widget on a page, or the chat page."""

    def __init__(self, page: Page, web_url: str) -> None:
        self.page = page
        self.web_url = web_url
        self.root = page.locator("help-sage-chat")

    def open_page(self) -> Chat:
        """The chat as a page of its own."""
        self.page.goto(f"{self.web_url}/chat")
        return self.wait_until_connected()

    def open_panel(self) -> Chat:
        """The launcher on the front page."""
        self.page.goto(self.web_url)
        self.root.locator(".launcher").click()
        return self.wait_until_connected()

    def wait_until_connected(self) -> Chat:
        """The line is up."""
        expect(self.root).to_have_attribute("data-line", "connected", timeout=PATIENCE_MS)
        return self

    @property
    def input(self) -> Locator:
        """Where the person writes."""
        return self.root.locator("textarea")

    @property
    def rows(self) -> Locator:
        """What was said and is known to the server."""
        return self.root.locator(".row[data-seq]")

    @property
    def pending(self) -> Locator:
        """What was said and is not acknowledged."""
        return self.root.locator(".row.pending")

    @property
    def chips(self) -> Locator:
        """The quick replies."""
        return self.root.locator(".replies .chip")

    def bubbles(self, author: str) -> list[str]:
        """The words of one author, in order."""
        return [
            words.strip()
            for words in self.root.locator(f".row.{author}[data-seq] .bubble > :not(.unseen)").all_inner_texts()
        ]

    def write(self, text: str) -> None:
        """Type and send."""
        self.input.fill(text)
        self.input.press("Enter")

    def say(self, text: str) -> None:
        """Say something and wait for the answer."""
        self._answered(lambda: self.write(text))

    def choose(self, title: str) -> None:
        """Press a quick reply and wait for the answer."""
        self._answered(lambda: self.chips.get_by_text(title, exact=True).click())

    def _answered(self, act: object) -> None:
        before = self.seqs()
        act()  # type: ignore[operator]
        answer = self.root.locator(".row.bot[data-seq]")
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline:
            fresh = [seq for seq in self.seqs() if seq not in before]
            if len(fresh) >= 2 and self.root.locator(".typing").is_hidden():
                return
            self.page.wait_for_timeout(30)
        raise AssertionError(f"no answer; the last words were {answer.last.inner_text()}")

    def seqs(self) -> list[int]:
        """The numbers of everything on the screen."""
        return [int(seq) for seq in self.rows.evaluate_all("rows => rows.map(row => row.dataset.seq)")]

    def report(self, problem: str) -> str:
        """Go through the form until there is a ticket; returns its reference."""
        self.say(problem)
        card = self.root.locator(".card .copy")
        for _ in range(12):
            if card.count():
                return card.last.inner_text()
            offered = self.chips.all_inner_texts()
            wanted = next((title for title in ("Send", "No e-mail", "Skip") if title in offered), None)
            if wanted:
                self.choose(wanted)
            else:
                self.say(DEFAULT_ANSWER)
        raise AssertionError(f"no ticket after twelve answers: {self.root.locator('.log').inner_text()}")
