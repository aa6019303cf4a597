"""Letters and their words: `letters/<name>.txt` and `.html`. The first line of the text is the subject.

They are written in English; what stands in `_("...")` is looked up in `locales/<language>/pages.yml`, as in pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from helpsage import settings
from languages import SOURCE, catalogues

FOLDER = Path(__file__).parent / "letters"


@lru_cache(maxsize=8)
def _letters(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(["html"]),  # plain text would be spoilt by it
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    said = partial(catalogues.shown, language=language)
    made.install_gettext_callables(  # type: ignore[attr-defined]  # the extension brings it
        gettext=said,
        ngettext=lambda one, many, number: said(one if number == 1 else many),
        newstyle=True,
    )
    return made


def filled(letter: str, values: Mapping[str, object], language: str = SOURCE) -> tuple[str, str, str]:
    """Subject, text and HTML of a letter. `desk` and `web_url` are always there."""
    configured = settings.get()
    known = {"desk": configured.desk_name, "web_url": configured.web_url, "language": language, **values}
    letters = _letters(language)
    subject, _, text = letters.get_template(f"{letter}.txt").render(known).partition("\n")
    html = letters.get_template(f"{letter}.html").render({**known, "subject": subject})
    return subject, text.strip() + "\n", html


def framed(body: Markup, language: str = SOURCE, **around: str) -> str:
    """HTML that is ready, in the page that all letters have.

    Parameters:
        around: `subject`, `desk`, `colour`; `choose` and `stop`: addresses in the foot, or empty.
    """
    known = {"web_url": settings.get().web_url, "body": body, "language": language, **around}
    return _letters(language).get_template("_framed.html").render(known)
