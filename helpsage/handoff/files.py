"""Files that agents send in a chat: with a message, for whoever is in that chat, and on the ticket that it becomes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from helpsage import attachments, clock, settings
from helpsage.attachments import Attachment, AttachmentRefused, Received
from helpsage.attachments import service as kept
from helpsage.attachments.storage import MEGABYTE
from helpsage.conversations import service as conversations
from helpsage.conversations.models import Author, Conversation, Message
from helpsage.handoff import reach, words
from helpsage.handoff.models import ChatFile, Handoff
from helpsage.people.permissions import Viewer

#: Keys of the same files on a ticket begin so.
_KEY = "chat:"


def as_data(file: ChatFile | Attachment) -> dict[str, object]:
    """A file as it stands in a message: what opens it is made when it is shown (assistant/channels/sent_files.py)."""
    shown = {"id": str(file.id), "name": file.name, "content_type": file.content_type, "size": file.size}
    return {**shown, "picture": True} if file.is_picture else shown


def send(
    session: Session,
    handoff: Handoff,
    author_name: str,
    text: str,
    received: Sequence[Received],
    uploaded_by_id: UUID | None,
    client_id: str | None,
) -> Message:
    """Say something with files, once per `client_id`. The caller holds the conversation's row.

    Raises:
        AttachmentRefused: this chat has too many already, or a file waited for too long and is gone.
    """
    said = conversations.said(session, handoff.conversation_id, client_id) if client_id is not None else None
    if said is not None:
        return said
    _refuse_full(session, handoff, received)
    files = [_row(session, handoff, each, uploaded_by_id) for each in received]
    message = conversations.push(
        session,
        handoff.conversation_id,
        Author.AGENT,
        author_name=author_name,
        text=text,
        data={"files": [as_data(each) for each in files]} if files else {},
        client_id=client_id,
    )
    for each in files:
        each.message_id = message.id
    session.add_all(files)
    session.flush()
    return message


def _row(session: Session, handoff: Handoff, received: Received, uploaded_by_id: UUID | None) -> ChatFile:
    kept.hold_received(session, received)
    return ChatFile(
        id=uuid4(),
        conversation_id=handoff.conversation_id,
        uploaded_by_id=uploaded_by_id,
        name=received.name,
        content_type=received.content_type,
        size=received.size,
        sha256=received.sha256,
        width=received.width,
        height=received.height,
        created_at=clock.now(),
    )


def _refuse_full(session: Session, handoff: Handoff, received: Sequence[Received]) -> None:
    """A chat may have as much as the ticket that it becomes."""
    if not received:
        return
    limit = settings.get().attachment_ticket_mb
    asked = select(func.coalesce(func.sum(ChatFile.size), 0)).join(Message, Message.id == ChatFile.message_id)
    taken = session.scalar(
        asked.where(ChatFile.conversation_id == handoff.conversation_id, Message.seq >= handoff.from_seq)
    )
    room = limit * MEGABYTE - int(taken or 0)
    for each in received:
        room -= each.size
        if room < 0:
            raise AttachmentRefused("too_many", each.name, words.CHAT_FULL.format(name=each.name, limit=limit))


def by_message(session: Session, messages: Iterable[Message]) -> Mapping[int, list[ChatFile]]:
    """The files of these messages, by the message's number, in the order in which they were sent."""
    said = {each.id: each for each in messages if each.author == Author.AGENT and each.data.get("files")}
    if not said:
        return {}
    found: dict[int, list[ChatFile]] = defaultdict(list)
    for file in session.scalars(select(ChatFile).where(ChatFile.message_id.in_(said))):
        found[file.message_id].append(file)
    for number, files in found.items():
        order = [str(each.get("id")) for each in said[number].data["files"]]
        files.sort(key=lambda file, order=order: order.index(str(file.id)) if str(file.id) in order else len(order))  # type: ignore[misc]
    return dict(found)


def shown(session: Session, messages: Sequence[Message]) -> Mapping[int, Sequence[ChatFile | Attachment]]:
    """The same, with those of tickets' replies that were said there too."""
    sent = by_message(session, messages)
    said = {each.id: _ids(each) for each in messages if each.author == Author.AGENT and each.id not in sent}
    asked = select(Attachment).where(Attachment.id.in_([file for files in said.values() for file in files]))
    known = {file.id: file for file in session.scalars(asked)} if any(said.values()) else {}
    replies = {number: [known[file] for file in files if file in known] for number, files in said.items()}
    return {**replies, **sent}


def _ids(message: Message) -> list[UUID]:
    return [UUID(str(each["id"])) for each in message.data.get("files", ())]


def by_id(session: Session, file_id: UUID) -> ChatFile | None:
    """For whoever was shown its signed address in the chat."""
    return session.get(ChatFile, file_id)


def visible_to(session: Session, file_id: UUID, viewer: Viewer) -> ChatFile | None:
    """The file, when it was sent to the viewer, or in a chat that they see; None else, as when there is none."""
    found = session.get(ChatFile, file_id)
    if found is None:
        return None
    conversation = session.get_one(Conversation, found.conversation_id)
    if conversation.person_id is not None and conversation.person_id == viewer.person_id:
        return found
    theirs = exists().where(Handoff.conversation_id == found.conversation_id, reach.visible(viewer))
    return found if viewer.is_staff and session.scalar(select(theirs)) else None


def put_on_ticket(
    session: Session, messages: Iterable[Message], ticket_id: UUID, entry_id: UUID | None = None
) -> list[str]:
    """Let a ticket have the files of what was said, once; returns what to say of those that do not fit.

    Parameters:
        entry_id: what they stand with; None: the chat that led to the ticket.
    """
    problems = []
    for message_id, files in by_message(session, messages).items():
        for number, file in enumerate(files):
            received = Received(file.sha256, file.name, file.content_type, file.size, file.width, file.height)
            key = f"{_KEY}{message_id}:{number}"
            try:
                attachments.attach(session, received, ticket_id, entry_id, file.uploaded_by_id, key)
            except AttachmentRefused as error:
                problems.append(str(error))
    return problems


def apart(attached: Iterable[Attachment]) -> tuple[list[Attachment], dict[int, list[Attachment]]]:
    """Of a ticket's files those that stand with an entry or the report, and those that agents sent in the chat which
    led to it, by the number of their message.
    """
    others, sent = [], defaultdict[int, list[Attachment]](list)
    for each in sorted(attached, key=lambda file: (file.created_at, file.key or "", file.id)):
        if each.entry_id is None and each.key is not None and each.key.startswith(_KEY):
            sent[int(each.key.split(":")[1])].append(each)
        else:
            others.append(each)
    return others, dict(sent)


def holds(session: Session, sha256: str) -> bool:
    """Whether a chat has these bytes."""
    return session.scalar(select(ChatFile.id).where(ChatFile.sha256 == sha256).limit(1)) is not None


def sent_to(session: Session, conversation_id: UUID) -> list[ChatFile]:
    """What was sent in a conversation, oldest first."""
    asked = select(ChatFile).where(ChatFile.conversation_id == conversation_id)
    return list(session.scalars(asked.order_by(ChatFile.created_at, ChatFile.id)))


def forget(session: Session, conversation_ids: Sequence[UUID]) -> list[str]:
    """Remove the files of these conversations; returns their hashes, for whoever removes the bytes."""
    gone = delete(ChatFile).where(ChatFile.conversation_id.in_(conversation_ids)).returning(ChatFile.sha256)
    return list(session.scalars(gone))
