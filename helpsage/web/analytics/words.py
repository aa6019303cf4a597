"""What the pages of figures say: titles, and what each figure means."""

from __future__ import annotations

PAGES = {
    "overview": "Overview",
    "category": "Categories",
    "team": "Teams",
    "agent": "Agents",
    "channel": "Channels",
    "priority": "Priorities",
    "satisfaction": "Satisfaction",
    "assistant": "Assistant",
}
DIMENSIONS = {
    "category": "Category",
    "team": "Team",
    "agent": "Agent",
    "channel": "Channel",
    "priority": "Priority",
}
#: A ticket that has none.
NONE = {
    "category": "No category",
    "team": "No team yet",
    "agent": "Nobody yet",
    "channel": "Unknown",
    "priority": "None",
}
GONE = "No longer there"
ALL_DEPARTMENTS = "All departments"

RANGES = {
    "7": "Last 7 days",
    "30": "Last 30 days",
    "91": "Last 13 weeks",
    "364": "Last 52 weeks",
}

OPENED = "Opened"
RESOLVED = "Resolved"
BACKLOG = "Unresolved"
OVERDUE = "Overdue"
FIRST_ANSWER = "First answer"
RESOLUTION = "Resolution"
SATISFACTION = "Satisfied"
CONTAINED = "Solved by the assistant"
MEDIAN = "Median"
P90 = "9 of 10 within"
AVERAGE = "Average"
RATINGS = "Ratings"
CONVERSATIONS = "Conversations"
BEFORE = "{title}, period before"
MOODS = {"good": "better", "bad": "worse"}

#: What stands beside the figures.
DEFINITIONS = {
    "opened": "Tickets that were opened in these days. A merged ticket counts as the one in which it goes on.",
    "resolved": "Tickets that were resolved in these days, and are so still: one that is reopened counts again "
    "only when it is resolved again.",
    "unresolved": "Tickets that are not resolved or closed, at this moment.",
    "overdue": "Of the unresolved ones, those whose answer or resolution should be there by now (service levels).",
    "backlog": "Tickets opened by the end of the day (or week, or month) and not resolved by then. A ticket that was "
    "reopened counts as unresolved all the time.",
    "answer": "From the opening of a ticket to the first answer of an agent, on the day of that answer. The clock does "
    "not stop at night.",
    "solve": "From the opening of a ticket to its resolution, on the day of the resolution, waiting included.",
    "percentiles": "Median: half of the tickets took no longer. 9 of 10 within: only one in ten took longer. Both are "
    "exact to 2 %; averages, counts and shares are exact.",
    "satisfaction": "Share of 4 and 5 among the ratings (1 to 5) of the tickets that were resolved in these days.",
    "ratings": "Ratings of tickets that were resolved in these days.",
    "change": "Beside each figure: the change against the {days} days before.",
    "trend": "Tickets opened, from the first to the last part of the period.",
    "agent": "A ticket counts for the agent, team and category that it has now.",
    "talks": "A conversation counts once on each day on which the person wrote, under the first of these that applies.",
    "talk_ticket": "Handed over: a ticket was filed.",
    "talk_left": "Left: a ticket was begun, and neither sent nor cancelled by now.",
    "talk_helped": "Solved by the assistant: the person said that an answer helped. Silence does not count.",
    "talk_not_helped": "Did not help: the person said so and filed no ticket.",
    "talk_other": "Anything else: questions about a ticket, answers that nobody judged, small talk.",
    "left": "Tickets begun in these days and neither sent nor cancelled, by the question that was open when the person "
    "wrote last.",
    "answers": "Answers from the FAQ that people judged in these days.",
    "days": "Days begin at midnight, {zone}.",
}
#: Where somebody looks in whose zone nobody has looked before.
SOON = "Days in {zone} are being counted; they are here within minutes."

OUTCOMES = {
    "helped": "Solved by the assistant",
    "ticket": "Handed over",
    "left": "Left",
    "not_helped": "Did not help",
    "other": "Anything else",
}
#: Questions that belong to no category, by the assistant's names for them.
QUESTIONS = {
    "": "Before the first question",
    "topic": "What is it about?",
    "description": "What happened?",
    "email": "E-mail address",
    "confirm": "Shall I send it?",
    "field": "What should be changed?",
    "asked already": "A question that was put again",
}
AGES = ("Up to a day", "1 to 3 days", "3 to 7 days", "7 to 30 days", "Over 30 days")

BEHIND = {
    "opened": "Tickets opened",
    "answered": "Tickets first answered",
    "resolved": "Tickets resolved",
    "rated": "Tickets rated",
    "backlog": "Unresolved at the end of",
    "unresolved": "Unresolved now",
    "overdue": "Overdue now",
}
INVALID_RANGE = "The last day must not be before the first one, and a range is at most ten years."

#: Columns of exported files.
EXPORTED_SUMS = (
    "opened",
    "first_answers",
    "first_answer_average_s",
    "resolved",
    "resolution_average_s",
    "ratings",
    "rating_average",
    "satisfied_share",
)
EXPORTED_PERCENTILES = ("first_answer_median_s", "first_answer_p90_s", "resolution_median_s", "resolution_p90_s")


#: From here on a growth is told as a multiple: "+19,235 %" tells nobody anything.
MANIFOLD = 10
#: Also in templates/analytics/_parts.html.
NOTHING_BEFORE = "nothing to compare with yet"


def duration(seconds: float | None) -> str:
    """Two units at most: `45 s`, `12 min`, `3 h 20 min`, `28 h`, `2 d 4 h`."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 10:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    hours = round(seconds / 3600)
    if hours < 48:
        return f"{hours} h"
    days, rest = divmod(hours, 24)
    return f"{days} d {rest} h" if rest and days < 10 else f"{days} d"


def number(value: float | None) -> str:
    """Thousands apart."""
    return "–" if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """A share of one as a percentage."""
    if value is None:
        return "–"
    percent = 100 * value
    # What is not all is never called 100 %, nor what is something 0 %.
    return f"{percent:.1f} %" if 99.5 <= percent < 100 or 0 < percent < 0.5 else f"{percent:.0f} %"


def grown(value: float | None) -> str:
    """A change as a share of what it was, with its sign; beyond ten times as much, how many times."""
    if value is None:
        return NOTHING_BEFORE
    return f"{signed(value)} %" if value < MANIFOLD - 1 else f"×{value + 1:,.0f}"


def points(now: float | None, before: float | None) -> str:
    """A change of a share, in percentage points."""
    if now is None or before is None:
        return NOTHING_BEFORE
    return f"{signed(now - before)} points"


def signed(value: float) -> str:
    """Hundredths with their sign."""
    hundredths = round(100 * value)
    return f"{'+' if hundredths > 0 else '−' if hundredths < 0 else '±'}{abs(hundredths)}"
