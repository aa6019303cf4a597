"""What the interface says to the people who program against it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Kinds of problems: status, title, and what to do about it.
PROBLEMS: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "malformed": (
            400,
            "The request cannot be read",
            "The body is no JSON, or a header is not written as it should be.",
        ),
        "no_token": (401, "A token is needed", "Send `Authorization: Bearer` with a token from your account's page."),
        "bad_token": (401, "The token opens nothing", "It was revoked, is over, or was never one. Make a new one."),
        "scope": (403, "The token is not for this", "Make a token with the scope that is named."),
        "forbidden": (403, "Not allowed", "The token's owner may not do this."),
        "not_found": (404, "Nothing is there", "Nothing goes by this address, or it is not the token's to see."),
        "method": (405, "Not done this way", "`Allow` names the methods that this address has."),
        "not_acceptable": (406, "There is no such form of it", "Answers are JSON: leave `Accept` out, or name it."),
        "conflict": (409, "Somebody else's change is in the way", "Read what is there now and decide anew."),
        "no_merge": (409, "The tickets cannot be put together or taken apart like this", "`detail` says why."),
        "exists": (409, "There is one already", "Change that one instead."),
        "merged": (409, "The ticket goes on as another one", "Use the ticket that `survivor` names."),
        "illegal_move": (409, "The ticket cannot go there", "`allowed` names where it can go from where it stands."),
        "in_progress": (409, "The first request with this key is still at work", "Ask again after `Retry-After`."),
        "stale": (
            412,
            "It has changed since you read it",
            "Read it again, look at what changed, and send with the new ETag.",
        ),
        "too_large": (413, "The body is too large", "Send less."),
        "media_type": (415, "The body is of another kind than is understood", "`Accept` of the answer names that."),
        "invalid": (422, "Something is not as it should be", "`errors` says what, and where."),
        "key_reused": (422, "The key came with another request before", "Use a new Idempotency-Key for a new request."),
        "no_version": (428, "Say which version you read", "Send `If-Match` with the ETag that reading it gave you."),
        "too_many": (429, "Too many requests", "Wait for as long as `Retry-After` says."),
        "failed": (500, "Something broke here", "It is in our log under `request_id`. Nothing was changed."),
        "unavailable": (503, "The database does not answer", "Try again in a moment."),
    }
)
#: Kinds by status, for refusals that say no more.
BY_STATUS: Mapping[int, str] = MappingProxyType(
    {
        400: "malformed",
        401: "no_token",
        403: "forbidden",
        404: "not_found",
        405: "method",
        406: "not_acceptable",
        409: "conflict",
        413: "too_large",
        415: "media_type",
        422: "invalid",
        429: "too_many",
        503: "unavailable",
    }
)

NEEDS_SCOPE = "The token lacks the scope {scope}."
NO_SUCH = {
    "category": "There is no such category.",
    "department": "There is no such department (any more).",
    "team": "There is no such team (any more).",
    "assignee": "Nobody who works here has this address.",
    "ticket": "There is no such ticket.",
    "question": "Neither the category nor the ticket has this question.",
    "requester": "A token of a program has no person of its own: say who asks.",
}
ONLY_OWN = "This token opens tickets for its owner only: leave the requester out."
NO_UPLOAD = "This is no upload of this token, or it is older than a day. Send the file again."
NO_SUBJECT = "The new ticket needs a subject."
NOBODY_FOLLOWS = "Only people follow tickets: use a personal token."
MERGES = {
    "itself": "A ticket cannot go on as itself.",
    "merged_already": "One of them goes on as another ticket already.",
    "other_person": "The two were asked for by different people. If that is right, send `other_person`.",
    "not_merged": "It was not merged, or that was undone already.",
    "not_split": "It was not split off.",
    "nothing_chosen": "Choose at least one piece of the thread.",
    "foreign_entry": "One of these is not (any more) a piece of this ticket's thread.",
}
NO_ACCOUNT = "They have no account. Send an invitation instead."
HAS_ACCOUNT = "People with an account prove their address themselves."
KNOWN_ADDRESS = "Somebody is known by this address already."
NOT_NULL = "This cannot be null."
NO_ADDRESS = "This is no e-mail address."
STAFF_FILTER = "Only staff can choose by this."
UNKNOWN_CURSOR = "No page gave out this cursor, or it was another sort's."
NO_PERIOD = "Give `first` and `last` as days, the first not after the last, and not too far apart."
DETAILS = {
    "too_long": "This is too long.",
    "no_date": "Give a date like 2026-03-31.",
    "no_choice": "Give one of the question's choices.",
}
TAGS = {
    "empty": "A tag has at least one letter.",
    "too_long": "This tag is too long.",
    "too_many": "These are too many tags.",
}

SCOPE = "Scope: `{scope}`."
NO_SCOPE = "Any token."
TITLE = "{desk} API"
ABOUT = """Tickets, people and figures of this help desk, for other programs.

Every request carries a token: `Authorization: Bearer hsp_...`. People make tokens for themselves on the page of their
account, administrators make them for programs under Settings, Tokens. A token does what its scopes say, within what its
owner may do. Cookies count for nothing here.
"""
TAGS_ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "tickets": "Open, find, read and change tickets.",
        "thread": "What was written on a ticket.",
        "search": "Find tickets by words.",
        "attachments": "Files: sent first, then put on a ticket with the words that they belong to.",
        "merging": "One ticket of two, two of one, and tickets about the same.",
        "marks": "Single tags, and who follows a ticket.",
        "submissions": "What became of a request that could not be worked off at once.",
        "categories": "What the desk takes care of, and who does.",
        "people": "Who asks, who answers, and who the token speaks for.",
        "invitations": "Letters that ask people to work here.",
        "analytics": "Figures. Days are those of the installation's time zone, durations are seconds.",
        "webhooks": "Who else hears of what happens.",
    }
)
