"""Tickets by words: the best first, with the words marked where they stand."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response

from helpsage.db.session import reading
from helpsage.tickets import queue
from helpsage.tickets.queue import Sort
from helpsage.tickets.search import words as texts
from helpsage.web.api import models, route, seen, tickets
from helpsage.web.api.access import Caller, TicketReader
from helpsage.web.api.answers import json, next_link
from helpsage.web.api.models import Found, FoundPage
from helpsage.web.api.tickets import TicketsAsked

router = route.router("search")


class SearchAsked(TicketsAsked):
    """What to look for, and in which tickets."""

    q: Annotated[str, Field(min_length=1, max_length=500, description="Words, or a reference.", examples=["wifi"])]


@router.get("/search", response_model=FoundPage)
def search_tickets(request: Request, who: TicketReader, asked: Annotated[SearchAsked, Query()]) -> Response:
    """Tickets that have every word, in subject, description, thread or the requester's name. Beginnings of words count,
    and words that were probably meant (`meant`). Those who asked find their own tickets, by words they can read.
    """
    with reading() as session:
        page = _staff(session, who, asked) if who.is_staff else _own(session, who, asked)
    return json(page, headers=next_link(request, page.next_cursor))


def _staff(session: Session, who: Caller, asked: SearchAsked) -> FoundPage:
    sort = Sort(asked.sort) if asked.sort else None
    found = queue.queue(session, tickets.filters(session, who, asked), asked.cursor, asked.limit, who, sort)
    items = []
    for ticket, kept in zip(found.tickets, seen.listed(session, who, found.tickets), strict=True):
        excerpts = found.excerpts.get(ticket.id)
        subject = excerpts.subject if excerpts else [texts.Piece(ticket.subject)]
        items.append(Found(ticket=kept, subject=_pieces(subject), excerpt=_pieces(excerpts.text if excerpts else [])))
    meant = {word: list(others) for word, others in found.meant.items()}
    return FoundPage(items=items, meant=meant, next_cursor=found.next_cursor)


def _own(session: Session, who: Caller, asked: SearchAsked) -> FoundPage:
    found, cursor = tickets.chosen(session, who, asked)
    sought = asked.q.split()
    items = [
        Found(
            ticket=kept,
            subject=_pieces(texts.marked(kept.subject, sought)),
            excerpt=_pieces(texts.excerpt(kept.description, sought)),
        )
        for kept in seen.listed(session, who, found)
    ]
    return FoundPage(items=items, meant={}, next_cursor=cursor)


def _pieces(parts: list[texts.Piece]) -> list[models.Piece]:
    return [models.Piece(text=part.text, found=part.found) for part in parts]
