"""The pages that are measured, in one place, and what the peer is asked for the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bench.web.data import PLACES, THINGS, TROUBLES, categories_and_teams
from helpsage import clock

#: Of different teams, much and little used.
CATEGORIES = ("login_error", "wifi_problem", "double_charge")
PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True)
class Page:
    """A kind of page.

    Attributes:
        path: its address, with names of `draw` in it.
        target_ms: the 95th percentile that it has to reach at a million tickets; None: no target.
        flat: also at most 1.5 times what it takes at ten thousand.
        of_agent: asked by agents of all teams in turn, who see their team's tickets; else by a lead, who sees all.
        peer: what `peer.Peer` is asked for the same; empty when it has none.
    """

    name: str
    path: str
    target_ms: float | None
    flat: bool = False
    of_agent: bool = False
    peer: str = ""
    #: Asked for with a token, of the API.
    api: bool = False


def draw(dice: random.Random, numbers: Sequence[int], cursors: Sequence[str] = ()) -> dict[str, str]:
    """Words, a category and a ticket, for one request.

    Parameters:
        numbers: of tickets that whoever asks may see.
        cursors: of the API's list of tickets, far from its beginning.
    """
    thing, number, category = dice.choice(THINGS), dice.choice(numbers), dice.choice(CATEGORIES)
    priority = dice.choice(PRIORITIES)
    cut = dice.randrange(1, len(thing))
    return {
        "thing": thing,
        "mistyped": thing[:cut] + thing[cut + 1 :],
        "trouble": dice.choice(TROUBLES),
        "place": dice.choice(PLACES),
        "category": category,
        "queue": str(1 + list(categories_and_teams()).index(category)),
        "priority": priority,
        "urgency": str(len(PRIORITIES) - PRIORITIES.index(priority)),
        "number": str(number),
        "id": str(number - 1000),
        "cursor": dice.choice(cursors) if cursors else "",
        "year": f"first={clock.now().date() - timedelta(days=363)}&last={clock.now().date()}",
    }


PAGES = (
    Page("queue", "/agent", 60, flat=True, peer="list"),
    Page("queue, all, by creation", "/agent?status=all&sort=newest", 60, flat=True),
    Page(
        "queue, filtered",
        "/agent?status=all&category={category}&priority={priority}",
        60,
        flat=True,
        peer="filter:{queue},{urgency}",
    ),
    Page("queue, an agent's", "/agent", 60, flat=True, of_agent=True),
    Page("queue, an agent's own", "/agent?who=mine", 60, flat=True, of_agent=True),
    Page("queue, an agent's, all", "/agent?status=all", 60, flat=True, of_agent=True),
    Page("search, two words", "/agent?status=all&q={thing}+{trouble}", 150, peer="search:{thing} {trouble}"),
    Page("search, one word", "/agent?status=all&q={place}", 150, peer="search:{place}"),
    Page("search, mistyped", "/agent?status=all&q={mistyped}+{place}", 150),
    Page("search, code", "/agent?status=all&q=ERR{id}", 150, peer="search:ERR{id}"),
    Page("search, an agent's, two words", "/agent?status=all&q={thing}+{trouble}", 150, of_agent=True),
    Page("ticket", "/agent/tickets/HS-{number}", 60, flat=True, peer="ticket:{id}"),
    Page("ticket, an agent's", "/agent/tickets/HS-{number}", 60, flat=True, of_agent=True),
    Page("API, tickets", "/api/v1/tickets?limit=30", 60, flat=True, api=True),
    Page(
        "API, tickets, filtered",
        "/api/v1/tickets?limit=30&category={category}&priority={priority}",
        60,
        flat=True,
        api=True,
    ),
    Page("API, tickets, deep page", "/api/v1/tickets?limit=30&sort=newest&cursor={cursor}", 60, flat=True, api=True),
    Page("API, tickets, of a tag", "/api/v1/tickets?limit=30&tag={place}", 60, flat=True, api=True),
    Page("API, tickets, of a channel nobody uses", "/api/v1/tickets?limit=30&channel=fax", 60, flat=True, api=True),
    Page("API, search, two words", "/api/v1/search?limit=30&q={thing}+{trouble}", 150, api=True),
    Page("API, ticket", "/api/v1/tickets/HS-{number}", 60, flat=True, api=True),
    Page("API, thread", "/api/v1/tickets/HS-{number}/thread", 60, flat=True, api=True),
    Page("API, people", "/api/v1/people?limit=30", 60, flat=True, api=True),
    Page("API, figures, 30 days", "/api/v1/analytics/summary", 300, api=True),
    Page("API, figures, 52 weeks, agents", "/api/v1/analytics/by/agent?{year}", 300, api=True),
    Page("analytics, 30 days", "/analytics", 300),
    Page("analytics, 52 weeks", "/analytics?range=364", 300),
    Page("analytics, categories, 52 weeks", "/analytics/by/category?range=364", 300),
    Page("analytics, agents, 52 weeks", "/analytics/by/agent?range=364", 300),
    Page("analytics, satisfaction, 52 weeks", "/analytics/satisfaction?range=364", 300),
    Page("analytics, assistant, 52 weeks", "/analytics/assistant?range=364", 300),
    Page("analytics, tickets behind", "/analytics/tickets?what=resolved&range=364", 300),
)
#: Tickets that are made: by the portal's form, and by a program.
CREATED = (Page("create", "/my/new", None), Page("API, create", "/api/v1/tickets", None, api=True))
#: What agents at work open; figures are looked at by few.
WORK = ("queue, an agent's", "queue, an agent's own", "search, an agent's, two words", *("ticket, an agent's",) * 3)
