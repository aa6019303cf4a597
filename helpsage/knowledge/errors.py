"""What can go wrong with an article, one type for each thing a caller can act on."""

from __future__ import annotations

from collections.abc import Mapping

from helpsage.knowledge.models import ArticleChange


class ArticleError(Exception):
    """Anything that articles refuse."""


class ArticleNotFound(ArticleError):
    """No such article, version or file, or none for the one who asks. The two are alike on purpose."""


class InvalidArticle(ArticleError):
    """It cannot be kept as it was written.

    Attributes:
        problems: words for the writer, by the field they belong to.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{field}: {words}" for field, words in self.problems.items()))


class StaleArticle(ArticleError):
    """Somebody else changed it since the writer read it. Nothing was written.

    Attributes:
        latest: the newest line of its history.
    """

    def __init__(self, latest: ArticleChange | None) -> None:
        self.latest = latest
        super().__init__("the article has changed meanwhile")


class NotNow(ArticleError):
    """Where the article stands, this cannot be done. The message says why, for the one who tried."""
