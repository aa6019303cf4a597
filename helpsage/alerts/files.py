"""Files said in the place of a team: fetched from the application, checked as every upload, bounded in number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helpsage import sealed, settings
from helpsage.alerts import words
from helpsage.attachments import AttachmentRefused, Received, receive
from helpsage.attachments import words as refusals
from helpsage.attachments.storage import MEGABYTE
from helpsage.channels import documents
from helpsage.channels import files as vendors


@dataclass(frozen=True)
class Wanted:
    """What has to be fetched before somebody's words are heard.

    Attributes:
        installation: as it is set up.
        files: as the application names them.
        may_wait: what cannot be fetched just now is asked for again; else it stays where it is.
    """

    installation: Mapping[str, Any]
    files: Sequence[Mapping[str, Any]]
    may_wait: bool


@dataclass(frozen=True)
class Brought:
    """What came of it.

    Attributes:
        problems: why the others did not come, in words for the thread.
    """

    received: tuple[Received, ...] = ()
    problems: tuple[str, ...] = ()


def bring(wanted: Wanted) -> Brought:
    """Fetch them.

    Raises:
        channels.files.FileAway: one cannot be fetched now, and may wait.
    """
    most = settings.get().attachment_max_files
    received, problems = [], []
    for number, file in enumerate(wanted.files):
        name = str(file.get("name") or "file")
        if number >= most:
            problems.append(refusals.TOO_MANY.format(name=name, limit=most))
            continue
        try:
            received.append(_fetched(wanted, file, name))
        except AttachmentRefused as refusal:
            problems.append(str(refusal))
        except vendors.FileAway:
            if wanted.may_wait:
                raise
            problems.append(words.FILE_AWAY.format(name=name))
        except (vendors.FileGone, sealed.Unreadable, KeyError):
            problems.append(words.FILE_GONE.format(name=name))
    return Brought(tuple(received), tuple(problems))


def _fetched(wanted: Wanted, file: Mapping[str, Any], name: str) -> Received:
    limit = settings.get().attachment_max_mb
    size = file.get("size")
    if isinstance(size, int) and size > limit * MEGABYTE:  # as the application says: not worth fetching
        raise AttachmentRefused("too_large", name, refusals.TOO_LARGE.format(name=name, limit=limit))
    content = vendors.fetch(wanted.installation, documents.unsealed(wanted.installation), file)
    return receive(name, str(file.get("content_type") or ""), content)
