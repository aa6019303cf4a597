"""Articles from a folder and into one: the same file twice changes nothing, a changed one is the next version.

What was written in the console since the last import is never overwritten: it is reported, and stays.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from helpsage.configuration.service import Who
from helpsage.departments.models import Department
from helpsage.knowledge import articles, markdown_files, words
from helpsage.knowledge.articles import Writing
from helpsage.knowledge.errors import InvalidArticle
from helpsage.knowledge.markdown_files import BadFile, File
from helpsage.knowledge.models import Article, ArticleVersion, Deed
from helpsage.settings import ROOT

#: What an installation begins with.
SHIPPED = ROOT / "data" / "articles"
IMPORT = Who(name="Import")
#: Two programs that start on an empty database import once.
_SHIPPED_LOCK = 1_009


class Outcome(enum.StrEnum):
    """What came of a file."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    #: Written in the console since: the file was left alone.
    EDITED_HERE = "edited here"
    BAD = "bad"


@dataclass(frozen=True)
class Result:
    """What came of one file.

    Attributes:
        problem: why it was left out, with its line.
    """

    name: str
    outcome: Outcome
    problem: str = ""


def folder(session: Session, source: Path, who: Who = IMPORT) -> list[Result]:
    """Import every Markdown file of a folder. A bad one is reported; the others come in all the same.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    if not source.is_dir():
        raise FileNotFoundError(f"no folder {source}")
    found = sorted(path for path in source.iterdir() if path.suffix == markdown_files.ENDING and path.is_file())
    return files(session, ((path.name, path.read_bytes()) for path in found), who)


def files(session: Session, contents: Iterable[tuple[str, bytes]], who: Who = IMPORT) -> list[Result]:
    """Import files by name and content."""
    keys = {row.key: row.id for row in session.execute(select(Department.key, Department.id))}
    return [_one(session, name, content, keys, who) for name, content in contents]


def shipped(session: Session) -> list[Result]:
    """On an installation that has no articles yet, import those that ship with it."""
    session.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _SHIPPED_LOCK})
    if not SHIPPED.is_dir() or session.scalar(select(Article.id).limit(1)) is not None:
        return []
    return folder(session, SHIPPED)


def export(session: Session, to: Path) -> list[str]:
    """Write what is published as files into a folder, which is made; returns their names."""
    to.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in exported(session):
        (to / name).write_bytes(content)
        written.append(name)
    return written


def exported(session: Session) -> list[tuple[str, bytes]]:
    """The files of everything that is published, by name."""
    shown = (ArticleVersion.article_id == Article.id) & (ArticleVersion.number == Article.published_version)
    rows = session.execute(select(Article.slug, ArticleVersion).join(Article, shown).order_by(Article.slug))
    keys = {department_id: key for key, department_id in session.execute(select(Department.key, Department.id))}
    return [(slug + markdown_files.ENDING, markdown_files.write(_file(slug, version, keys))) for slug, version in rows]


def _one(session: Session, name: str, content: bytes, keys: Mapping[str, UUID], who: Who) -> Result:
    try:
        file = markdown_files.read(name, content)
        writing = _writing(file, keys)
        with session.begin_nested():
            return Result(name, _taken(session, file, writing, who, {id_: key for key, id_ in keys.items()}))
    except BadFile as error:
        return Result(name, Outcome.BAD, str(error))
    except InvalidArticle as error:
        field, problem = next(iter(error.problems.items()))
        return Result(name, Outcome.BAD, str(BadFile(name, file.lines.get(field, 1), problem)))


def _taken(session: Session, file: File, writing: Writing, who: Who, names: Mapping[UUID, str]) -> Outcome:
    article_id = session.scalar(select(Article.id).where(Article.slug == file.slug))
    if article_id is None:
        article = articles.create(session, file.slug, writing, who)
        return _given(session, article, file, who, Outcome.NEW)
    article = articles.locked(session, article_id)
    here = _file(file.slug, articles.newest(session, article), names)
    if here.digest == file.digest:
        # Also when somebody wrote the same here. A draft or an archived one stays what it is.
        article.imported = file.digest
        return Outcome.SAME
    if article.imported == file.digest:
        # The file is as it was: only the console has something new.
        return Outcome.SAME
    if article.imported != here.digest or article.published_version is None:
        return Outcome.EDITED_HERE
    articles.edit(session, article.id, writing, who)
    return _given(session, article, file, who, Outcome.CHANGED)


def _given(session: Session, article: Article, file: File, who: Who, outcome: Outcome) -> Outcome:
    """A file that comes in is published: whoever may import may publish."""
    articles.publish(session, article.id, who)
    article.imported = file.digest
    articles.record(session, article, Deed.IMPORTED, who, file.slug + markdown_files.ENDING)
    return outcome


def _writing(file: File, keys: Mapping[str, UUID]) -> Writing:
    if file.department and file.department not in keys:
        raise BadFile(file.slug + markdown_files.ENDING, file.lines.get("department", 1), words.DEPARTMENT_UNKNOWN)
    return Writing(
        title=file.title,
        summary=file.summary,
        body=file.body,
        category=file.category,
        audience=file.audience,
        department_id=keys.get(file.department),
        language=file.language,
    )


def _file(slug: str, version: ArticleVersion, keys: Mapping[UUID, str]) -> File:
    """A version as the file that it would be."""
    return File(
        slug=slug,
        title=version.title,
        summary=version.summary,
        category=version.category,
        audience=version.audience,
        language=version.language,
        department=keys.get(version.department_id, "") if version.department_id is not None else "",
        body=version.body,
        lines={},
    )
