"""What every provider of the check can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session

from languages import SOURCE


class Unavailable(Exception):
    """The provider does not answer."""


@dataclass(frozen=True)
class Challenge:
    """What a page needs to show the check.

    Attributes:
        kind: which part of the template draws it: `builtin`, `recaptcha`, `hcaptcha`.
        picture: an SVG document (built-in).
        question: the same check in words, for those who do not see the picture (built-in).
        token: goes along with the answer (built-in).
        site_key: names the site to the service.
        script: address of the service's script.
        sources: what the page's content security policy has to allow besides, by directive.
    """

    kind: str
    picture: str = ""
    question: str = ""
    token: str = ""
    site_key: str = ""
    script: str = ""
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Provider(Protocol):
    """Shows a check and looks at its answer."""

    def challenge(self, language: str = SOURCE) -> Challenge:
        """A new check, in words of this language."""
        ...

    def is_solved(self, session: Session, form: Mapping[str, str], address: str) -> bool:
        """Whether the form carries a right answer that was not used before.

        Parameters:
            form: the fields that were sent.
            address: network address of the sender.

        Raises:
            Unavailable
        """
        ...
