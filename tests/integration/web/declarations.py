"""Who may use which address: one line for every route of the web program.

`test_permissions.py` asks each of them as everybody, and fails for a route that stands here not, or no longer. This
table is written by hand, so that it can disagree with the code.
"""

from __future__ import annotations

import enum


class Need(enum.Enum):
    """Who gets an answer; everyone else is refused or sent to the login."""

    #: Everyone, logged in or not.
    ANYONE = enum.auto()
    #: Whoever is logged in; it shows and changes their own things only.
    ACCOUNT = enum.auto()
    STAFF = enum.auto()
    #: Leads and administrators.
    LEADS = enum.auto()
    ADMINISTRATORS = enum.auto()
    #: The ticket's requester, and nobody else.
    OWNER = enum.auto()
    #: Staff that the ticket is in reach of: its team, leads of its department, administrators, staff without a team in
    #: the default department.
    WORKERS = enum.auto()
    #: The ticket's requester and its workers.
    READERS = enum.auto()


_A, _L, _S, _ADMIN = Need.ANYONE, Need.LEADS, Need.STAFF, Need.ADMINISTRATORS

#: Method and path, as the route has them.
DECLARED: dict[str, Need] = {
    # for everyone
    "MOUNT /static": _A,
    "GET /healthz": _A,
    "GET /": _A,
    "GET /chat": _A,
    "GET /chat.js": _A,
    "GET /favicon.ico": _A,
    "GET /brand/logos/{sha}": _A,
    "GET /brand/{key}/logo": _A,
    "GET /brand/{key}.css": _A,
    # getting in
    "GET /login": _A,
    "POST /login": _A,
    "GET /login/code": _A,
    "POST /login/code": _A,
    "POST /logout": _A,
    "GET /login/with/{key}": _A,
    "GET /login/with/{key}/callback": _A,
    "GET /register": _A,
    "POST /register": _A,
    "GET /register/confirm": _A,
    "POST /register/confirm": _A,
    "GET /forgot": _A,
    "POST /forgot": _A,
    "GET /reset": _A,
    "POST /reset": _A,
    "GET /invitation": _A,
    "POST /invitation": _A,
    "GET /my/data/forgotten": _A,
    # one's own account
    **{
        f"{method} /account{path}": Need.ACCOUNT
        for method, path in (
            ("GET", ""),
            ("POST", "/name"),
            ("GET", "/confirm"),
            ("POST", "/confirm"),
            ("GET", "/password"),
            ("POST", "/password"),
            ("GET", "/email"),
            ("POST", "/email"),
            ("GET", "/email/confirm"),
            ("POST", "/email/confirm"),
            ("GET", "/two-factor"),
            ("POST", "/two-factor"),
            ("POST", "/two-factor/off"),
            ("POST", "/two-factor/codes"),
            ("POST", "/sessions/others"),
            ("POST", "/sessions/{session_id}/end"),
            ("POST", "/ways/{key}/remove"),
        )
    },
    "POST /chat/join": Need.ACCOUNT,
    # one's own tickets
    "GET /my": Need.ACCOUNT,
    "GET /my/live": Need.ACCOUNT,
    "GET /my/new": Need.ACCOUNT,
    "POST /my/new": Need.ACCOUNT,
    "GET /my/profile": Need.ACCOUNT,
    "POST /my/profile": Need.ACCOUNT,
    "GET /my/notifications": Need.ACCOUNT,
    "POST /my/notifications": Need.ACCOUNT,
    "GET /my/data": Need.ACCOUNT,
    "POST /my/data/download": Need.ACCOUNT,
    "POST /my/data/erase": Need.ACCOUNT,
    "GET /my/tickets/{reference}": Need.OWNER,
    "POST /my/tickets/{reference}/reply": Need.OWNER,
    "POST /my/tickets/{reference}/close": Need.OWNER,
    "POST /my/tickets/{reference}/reopen": Need.OWNER,
    "POST /my/tickets/{reference}/rate": Need.OWNER,
    "GET /attachments/{attachment_id}/{name}": Need.READERS,
    # the agents' console
    "GET /agent": _S,
    "GET /agent/live": _S,
    "GET /agent/views/counts": _S,
    "POST /agent/views": _S,
    "POST /agent/views/{view_id}/remove": _S,
    "POST /agent/bulk": _S,
    "POST /agent/bulk/{bulk_id}/undo": _S,
    "POST /agent/next": _S,
    **{
        f"{method} /agent/tickets/{{reference}}{path}": Need.WORKERS
        for method, path in (
            ("GET", ""),
            ("POST", "/reply"),
            ("POST", "/note"),
            ("POST", "/draft"),
            ("POST", "/preview"),
            ("GET", "/canned/{key}"),
            ("POST", "/status"),
            ("POST", "/escalate"),
            ("POST", "/priority"),
            ("POST", "/take"),
            ("POST", "/assign"),
            ("POST", "/category"),
            ("POST", "/details"),
            ("POST", "/tags"),
            ("POST", "/follow"),
            ("POST", "/merge"),
            ("POST", "/unmerge"),
            ("POST", "/split"),
            ("POST", "/rejoin"),
        )
    },
    "GET /agent/mail": _ADMIN,
    "GET /agent/mail/{mail_id}": _ADMIN,
    "POST /agent/mail/{mail_id}/send": _ADMIN,
    # figures
    "GET /analytics": _L,
    "GET /analytics/by/{dimension}": _L,
    "GET /analytics/satisfaction": _L,
    "GET /analytics/assistant": _L,
    "GET /analytics/tickets": _L,
    "GET /analytics/export/{what}.csv": _L,
    # settings
    "GET /settings": _L,  # leads go on to their replies
    "GET /settings/channels": _ADMIN,
    "GET /settings/departments": _ADMIN,
    "GET /settings/departments/new": _ADMIN,
    "POST /settings/departments/new": _ADMIN,
    "GET /settings/departments/{key}": _ADMIN,
    "POST /settings/departments/{key}": _ADMIN,
    "POST /settings/departments/{key}/widget-key": _ADMIN,
    "GET /settings/teams": _ADMIN,
    "GET /settings/teams/new": _ADMIN,
    "POST /settings/teams/new": _ADMIN,
    "GET /settings/teams/{team_id}": _ADMIN,
    "POST /settings/teams/{team_id}": _ADMIN,
    **{
        f"{line}".format(kind=kind): _ADMIN
        for kind in ("categories", "questions", "groups")
        for line in (
            "GET /settings/{kind}/new",
            "POST /settings/{kind}/new",
            "GET /settings/{kind}/{{name}}",
            "POST /settings/{kind}/{{name}}",
            "POST /settings/{kind}/{{name}}/remove",
        )
    },
    "GET /settings/categories": _ADMIN,
    "GET /settings/replies": _L,
    "GET /settings/replies/new": _L,
    "POST /settings/replies/new": _L,
    "GET /settings/replies/{key}": _L,
    "POST /settings/replies/{key}": _L,
    "POST /settings/replies/{key}/remove": _L,
    "GET /settings/priorities": _ADMIN,
    "POST /settings/priorities": _ADMIN,
    "GET /settings/people": _ADMIN,
    "GET /settings/people/invite": _ADMIN,
    "POST /settings/people/invite": _ADMIN,
    "POST /settings/people/invitations/{invitation_id}/withdraw": _ADMIN,
    "GET /settings/people/{account_id}": _ADMIN,
    "POST /settings/people/{account_id}": _ADMIN,
    "GET /settings/history": _ADMIN,
    "POST /settings/history/{change_id}": _ADMIN,
}
