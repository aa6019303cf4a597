"""The words of notices: shipped in `config/notices.yml`, changed in the console, filled in here.

Whoever edits a template is an administrator and no programmer, so that a template can do little: values, `if`, and a
few filters, in a sandbox without loops or arithmetic. One that cannot be filled in (it was right when it was saved, and
the desk has changed since) never costs a notice: the shipped one is taken, and the notice says so.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from jinja2 import Environment, StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2 import Template as Jinja
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape
from sqlalchemy.orm import Session

from helpsage import settings
from helpsage.configuration import live
from helpsage.configuration.models import Configuration
from helpsage.departments import brand
from helpsage.mail import templates as letters
from helpsage.notify import words
from helpsage.settings import ROOT
from languages import SOURCE, catalogues

NAME = "notice_templates"
FILE = ROOT / "config" / "notices.yml"
LONGEST_SUBJECT = 200
LONGEST_TEXT = 5_000
LONGEST_BUTTON = 60
#: Of buttons, when the department has no colour of its own.
ACCENT = "#2c6b5b"
FILTERS = frozenset({"default", "upper", "lower", "title", "capitalize", "trim"})

_ALLOWED = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Filter, nodes.If,
    nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not,
)  # fmt: skip
_PARAGRAPHS = re.compile(r"\n[ \t]*\n\s*")
_TOKEN = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
_ALONE = re.compile(r"\{\{-?\s*(words|link|rate|items)\s*-?\}\}")
_STATEMENT = re.compile(r"\{%.*%\}", re.DOTALL)
_BOLD = re.compile(r"\*\*(?=\S)(.+?)(?<=\S)\*\*", re.DOTALL)
_GAPS = re.compile(r"\n{3,}")

log = logging.getLogger(__name__)


class InvalidTemplates(ValueError):
    """The templates cannot be used.

    Attributes:
        problems: by field of the template: subject, text, button.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__("; ".join(f"{field}: {told}" for field, told in problems.items()))


@dataclass(frozen=True)
class Template:
    """The words of one kind of notice."""

    subject: str
    text: str
    button: str

    def content(self) -> dict[str, str]:
        """As it is kept."""
        return {"subject": self.subject, "text": self.text, "button": self.button}


@dataclass(frozen=True)
class Letter:
    """A letter, filled in.

    Attributes:
        fell_back: why the edited template could not be used; empty when it could.
    """

    subject: str
    text: str
    html: str
    fell_back: str = ""


@dataclass(frozen=True)
class Frame:
    """What stands around the words: whose letter it is, how to change or stop it, and the language of all that."""

    desk: str
    colour: str = ""
    choose: str = ""
    stop: str = ""
    language: str = SOURCE


# --- which


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, Template]:
    """What the desk came with."""
    return build(live.seed(FILE))


def build(raw: Any) -> dict[str, Template]:
    """Check templates.

    Raises:
        InvalidTemplates
    """
    try:
        made = {
            name: Template(str(given["subject"]), str(given["text"]), str(given["button"]))
            for name, given in raw["templates"].items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidTemplates({"": f"{type(error).__name__}: {error}"}) from error
    unknown = made.keys() - words.TEMPLATES.keys()
    if unknown:
        raise InvalidTemplates({"": words.NO_VARIABLE.format(name=", ".join(sorted(unknown)))})
    for name, template in made.items():
        check(name, template)
    return made


def in_language(template: Template, language: str) -> Template:
    """A shipped template in a language: its subject, its button and each of its paragraphs stand in `pages.yml`."""
    said = partial(catalogues.shown, language=language)
    return Template(
        said(template.subject), "\n\n".join(said(each) for each in paragraphs(template)), said(template.button)
    )


def paragraphs(template: Template) -> list[str]:
    """What its text is made of."""
    return [each.strip() for each in _PARAGRAPHS.split(template.text.strip())]


def to_translate() -> Iterator[str]:
    """Everything in the templates of whoever asked, apart from what is nothing but values."""
    for name in words.TO_REQUESTERS:
        template = shipped()[name]
        for text in (template.subject, template.button, *paragraphs(template)):
            if any(letter.isalpha() for letter in _TOKEN.sub("", text)):
                yield text


def edited(session: Session, name: str) -> Template | None:
    """The template as the desk changed it; None while nobody has, or when what is kept is no template at all."""
    kept = session.get(Configuration, NAME)
    given = kept.content.get("templates", {}).get(name) if kept is not None else None
    if not isinstance(given, dict):
        return None
    template = Template(*(str(given.get(field, "")) for field in ("subject", "text", "button")))
    return template if template != shipped().get(name) else None


# --- checking


def check(name: str, template: Template) -> None:
    """Whether it can be filled in, whatever the notice.

    Raises:
        InvalidTemplates
    """
    problems: dict[str, str] = {}
    if not 0 < len(template.subject.strip()) <= LONGEST_SUBJECT or not template.subject.isprintable():
        problems["subject"] = words.ONE_LINE.format(most=LONGEST_SUBJECT)
    if not 0 < len(template.button.strip()) <= LONGEST_BUTTON or not template.button.isprintable():
        problems["button"] = words.ONE_LINE.format(most=LONGEST_BUTTON)
    if not template.text.strip():
        problems["text"] = words.EMPTY
    elif len(template.text) > LONGEST_TEXT or "\0" in template.text:
        problems["text"] = words.TOO_LONG.format(most=LONGEST_TEXT)
    for field, source in (("subject", template.subject), ("text", template.text)):
        if field not in problems and (told := _problem(source)):
            problems[field] = told
    if "text" not in problems:
        missing = [needed for needed in words.NEEDED.get(name, ()) if needed not in set(_used(template.text))]
        if missing:
            problems["text"] = words.MISSING.format(name=missing[0])
    if not problems:
        try:
            _fill(template, sample(), Frame(settings.get().desk_name))
        except Exception as error:  # comparing a number with a word, and the like
            problems["text"] = f"{type(error).__name__}: {error}"[:200]
    if problems:
        raise InvalidTemplates(problems)


def _problem(source: str) -> str:
    try:
        tree = _PLAIN.parse(source)
    except TemplateSyntaxError as error:
        return words.NOT_READABLE.format(line=error.lineno, problem=error.message)
    except (TemplateError, RecursionError, ValueError, OverflowError) as error:
        return words.NOT_READABLE.format(line=1, problem=type(error).__name__)
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            return words.NOT_POSSIBLE.format(what=type(node).__name__)
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            return words.NOT_POSSIBLE.format(what=f"The filter “{node.name[:40]}”")
    unknown = [name for name in _used(source) if name not in words.VARIABLES]
    return words.NO_VARIABLE.format(name=unknown[0][:80]) if unknown else ""


def _used(source: str) -> Iterator[str]:
    """Dotted names of the values that a text fills in."""
    tree = _PLAIN.parse(source)
    inside = {id(node.node) for node in tree.find_all(nodes.Getattr)}
    for node in tree.find_all((nodes.Name, nodes.Getattr)):
        if id(node) not in inside:
            yield _dotted(node)


def _dotted(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr):
        return f"{_dotted(node.node)}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else "?"


# --- filling in


def filled(session: Session, name: str, values: Mapping[str, Any], frame: Frame) -> Letter:
    """The letter, in the words that the desk gave it, else in the shipped ones of its language; in those also when the
    edited ones cannot be filled in.
    """
    template = edited(session, name)
    if template is None:
        return _fill(in_language(shipped()[name], frame.language), values, frame)
    try:
        check(name, template)
        return _fill(template, values, frame)
    except Exception as error:  # whatever an edited template does, the notice goes out
        told = f"{type(error).__name__}: {error}"
    log.error("the edited template %s cannot be used: %s", name, told)
    letter = _fill(in_language(shipped()[name], frame.language), values, frame)
    return Letter(letter.subject, letter.text, letter.html, told[:300] or "?")


def preview(template: Template, frame: Frame) -> Letter:
    """With made-up values.

    Raises:
        jinja2.TemplateError
    """
    return _fill(template, sample(), frame)


def sample() -> dict[str, Any]:
    """Made-up values."""
    url = settings.get().web_url
    items = [(told, f"{url}{path}") for told, path in words.SAMPLE_ITEMS]
    return {
        **words.SAMPLE,
        "desk": settings.get().desk_name,
        "link": f"{url}/my/tickets/HS-1042",
        "rate": f"{url}/rate/example",
        "items": items,
    }


def _fill(template: Template, values: Mapping[str, Any], frame: Frame) -> Letter:
    known = {**dict.fromkeys((name for name in words.VARIABLES if "." not in name), ""), "desk": frame.desk, **values}
    subject = " ".join(_compiled(_PLAIN, template.subject).render(known).split())
    plain = {**known, "items": "\n\n".join(f"{told}\n{link}" for told, link in known["items"] or ())}
    text = _GAPS.sub("\n\n", _unmarked(template.text, plain)).strip()
    said = partial(catalogues.shown, language=frame.language)
    foot = [said(words.FOOT) % {"choose": frame.choose}] if frame.choose else []
    foot += [said(words.STOP) % {"stop": frame.stop}] if frame.stop else []
    accent = brand.light(frame.colour).brand if brand.is_colour(frame.colour) else ACCENT
    fails = said(words.BUTTON_FAILS) % {"link": known["link"]}
    rich = {**known, "accent": accent, "items": _list(known["items"] or ()), "button_fails": fails}
    body = Markup(_compiled(_RICH, _as_html(template)).render(rich))  # noqa: S704 every value in it is escaped
    return Letter(
        subject,
        "\n\n".join([text, *(["-- \n" + "\n".join(foot)] if foot else [])]) + "\n",
        letters.framed(
            body,
            frame.language,
            subject=subject,
            desk=frame.desk,
            colour=accent,
            choose=frame.choose,
            stop=frame.stop,
        ),
    )


@lru_cache(maxsize=256)
def _compiled(environment: Environment, source: str) -> Jinja:
    """Compiling takes ten times as long as filling in; sources are few, since what people wrote is in the values."""
    return environment.from_string(source)


def _unmarked(source: str, values: Mapping[str, Any]) -> str:
    """Filled in as plain text: bold is bold only in HTML, and people's own asterisks stay."""
    parts = _TOKEN.split(source)
    marked = "".join(part if number % 2 == 0 else f"\0{number}\0" for number, part in enumerate(parts))
    bare = re.sub(r"\0(\d+)\0", lambda found: parts[int(found[1])], _BOLD.sub(r"\1", marked))
    return _compiled(_PLAIN, bare).render(values)


def _as_html(template: Template) -> str:
    """The text's paragraphs as HTML that still has its values to fill in: nothing that people wrote is in it yet."""
    return "\n".join(_block(block, template.button) for block in paragraphs(template))


def _block(block: str, button: str) -> str:
    alone = _ALONE.fullmatch(block)
    if alone is not None:
        return _PIECES[alone[1]].replace("BUTTON", html.escape(button).replace("{", "&#123;"))
    if _STATEMENT.fullmatch(block) and "{{" not in block and len(_TOKEN.findall(block)) == 1:
        return block
    parts = _TOKEN.split(block)
    inside = "".join(
        part if number % 2 else html.escape(part, quote=False).replace("\n", "<br>\n")
        for number, part in enumerate(parts)
    )
    bold = _BOLD.sub(r"<b>\1</b>", inside)
    return f"<p>{bold}</p>"


def _list(items: Any) -> Markup:
    rows = (
        Markup('<li style="margin:0 0 10px"><a href="{link}" style="color:inherit">{told}</a></li>').format(
            link=link, told=escape(told)
        )
        for told, link in items
    )
    return Markup('<ul style="padding-left:20px">{rows}</ul>').format(rows=Markup("").join(rows))


_QUOTE = (
    '<blockquote style="margin:16px 0;padding:2px 0 2px 16px;border-left:3px solid {{ accent }};'
    'white-space:pre-line;overflow-wrap:anywhere">{{ words }}</blockquote>'
)
_BUTTON = (
    '<p style="margin:22px 0"><a href="{{ link }}" style="display:inline-block;padding:12px 22px;border-radius:8px;'
    'background:{{ accent }};color:#ffffff;font-weight:600;text-decoration:none">BUTTON</a></p>\n'
    '<p style="font-size:13px;color:#52645d;overflow-wrap:anywhere">'
    "{{ button_fails }}</p>"
)
_SCORES = '<p style="margin:22px 0">' + " ".join(
    f'<a href="{{{{ rate }}}}?score={score}" style="display:inline-block;width:44px;padding:10px 0;border-radius:8px;'
    f"border:2px solid {{{{ accent }}}};color:{{{{ accent }}}};font-weight:600;text-align:center;text-decoration:none"
    f'">{score}</a>'
    for score in range(1, 6)
) + "</p>"  # fmt: skip
_PIECES = {
    "words": "{% if words %}" + _QUOTE + "{% endif %}",
    "link": _BUTTON,
    "rate": "{% if rate %}" + _SCORES + "{% endif %}",
    "items": "{{ items }}",
}
_PLAIN = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
_RICH = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
