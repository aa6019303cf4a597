"""Files in a form: checked one by one, and kept for the next try when the form itself is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile

from helpsage import attachments, settings
from helpsage.attachments import AttachmentRefused, Received, held, words
from helpsage.tickets.models import Entry, Ticket


@dataclass
class Files:
    """What came with a form.

    Attributes:
        received: what can be attached.
        problems: why the others cannot, in words for the person.
    """

    owner_id: UUID
    received: list[Received] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def marked(self) -> list[tuple[Received, str]]:
        """Each file with the mark by which the page keeps it."""
        return [(received, held.mark(received, self.owner_id)) for received in self.received]

    def attach(self, session: Session, ticket: Ticket, entry: Entry | None, key: str) -> None:
        """Put them on a ticket, once per `key`.

        Raises:
            AttachmentRefused
        """
        ticket_id = entry.ticket_id if entry is not None else ticket.id
        for number, received in enumerate(self.received):
            entry_id = entry.id if entry is not None else None
            attachments.attach(session, received, ticket_id, entry_id, self.owner_id, f"{key}:{number}")


def read(form: FormData, owner_id: UUID) -> Files:
    """The fields `files` (new ones) and `kept` (marks of those that came with an earlier try)."""
    files = Files(owner_id)
    for marked in form.getlist("kept"):
        found = held.held(marked, owner_id) if isinstance(marked, str) else None
        if found is not None and found not in files.received:
            files.received.append(found)
    for sent in _sent(form.getlist("files")):
        _receive(files, sent)
    return files


def _sent(given: Iterable[object]) -> Iterable[UploadFile]:
    """A file field in which nothing was chosen sends one file without a name and without a byte."""
    return (one for one in given if isinstance(one, UploadFile) and (one.filename or one.size))


def _receive(files: Files, sent: UploadFile) -> None:
    limit = settings.get().attachment_max_files
    try:
        received = attachments.receive(sent.filename or "", sent.content_type or "", sent.file)
        if len(files.received) >= limit:
            raise AttachmentRefused("too_many", received.name, words.TOO_MANY.format(name=received.name, limit=limit))
        files.received.append(received)
    except AttachmentRefused as refusal:
        files.problems.append(str(refusal))


@dataclass(frozen=True)
class Limits:
    """What a file field says may be sent: files a message, and 10^6 bytes a file."""

    files: int
    megabytes: int


def limits() -> Limits:
    """For templates."""
    configured = settings.get()
    return Limits(configured.attachment_max_files, configured.attachment_max_mb)
