"""Letters and their words: `letters/<name>.txt` and `.html`. The first line of the text is the subject."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from helpsage import settings

_FOLDER = Path(__file__).parent / "letters"
_LETTERS = Environment(
    loader=FileSystemLoader(_FOLDER),
    autoescape=select_autoescape(["html"]),  # plain text would be spoilt by it
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def filled(letter: str, values: Mapping[str, object]) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter. `desk` and `web_url` are always there."""
    configured = settings.get()
    known = {"desk": configured.desk_name, "web_url": configured.web_url, **values}
    subject, _, text = _LETTERS.get_template(f"{letter}.txt").render(known).partition("\n")
    html = _LETTERS.get_template(f"{letter}.html").render({**known, "subject": subject})
    return subject, text.strip() + "\n", html


def framed(body: Markup, **around: str) -> str:
    """HTML that is ready, in the page that all letters have.

    Parameters:
        around: `subject`, `desk`, `colour`; `choose` and `stop`: addresses in the foot, or empty.
    """
    return _LETTERS.get_template("_framed.html").render({"web_url": settings.get().web_url, "body": body, **around})
