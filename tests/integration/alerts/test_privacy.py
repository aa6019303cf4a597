"""Who is erased is erased where teams were told of them, as far as the desk can."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from helpsage.channels.models import Post
from helpsage.conversations.models import Message
from helpsage.privacy import erasure, words
from helpsage.tickets import service
from helpsage.tickets.models import Ticket
from tests.integration.alerts.conftest import ASHA, Floor


def test_what_was_told_of_somebody_is_taken_back(floor: Floor) -> None:
    floor.place()
    ticket, other = floor.ticket(), floor.ticket("Another one")
    for each in (ticket, other):
        floor.act(lambda s, t=each: service.comment(s, s.get_one(Ticket, t.id), "my private matter", ASHA))
    alert, kept = sorted(floor.alerts(), key=lambda one: one.ticket_id != ticket.id)

    def posted(session: Session) -> None:
        for post in session.scalars(select(Post)):
            post.state, post.vendor_id = "sent", f"C:{post.message_id}"

    floor.do(posted)
    floor.do(lambda s: erasure.erase(s, floor.again(ticket).requester_id))
    with floor.new() as session:
        said = select(Message).where(Message.conversation_id == alert.conversation_id)
        assert {(one.text, str(one.data)) for one in session.scalars(said)} == {(words.REMOVED, "{}")}
        posts = session.scalars(select(Post).where(Post.conversation_id == alert.conversation_id)).all()
        assert {post.state for post in posts} == {"waiting"}, "what is shown there is not changed"
        assert all(not value for post in posts for value in (post.changed or {}).values())
        others = select(Message.text).where(Message.conversation_id == kept.conversation_id)
        assert any("my private matter" in text for text in session.scalars(others))
