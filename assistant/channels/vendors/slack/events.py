"""What Slack delivers, read: events, pressed buttons, filled-in forms, commands.

A message can come as two events (`app_mention` and `message`): its words are known by channel and time stamp, so that
they are one. What is said in a channel and not to us is not kept.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from assistant.channels.connector import (
    Among,
    Delivery,
    File,
    Happened,
    Incoming,
    Place,
    Pressed,
    Refused,
    Reply,
    Spoken,
    Words,
)
from assistant.channels.vendors.slack import blocks, mrkdwn, views

#: Messages that people write; every other subtype is about messages: https://docs.slack.dev/reference/events/message/
WRITTEN = (None, "file_share", "thread_broadcast", "me_message")
#: Subtypes that tell what became of a message.
CHANGES = {"message_changed": "edited", "message_deleted": "deleted"}
SLACKBOT = "USLACKBOT"
MOST_FILES = 20


@dataclass(frozen=True)
class Read:
    """A delivery, and what Slack wants shown at once for it.

    Attributes:
        form_for: opens the ticket form: a `trigger_id`, valid for three seconds.
        form_of: whoever it is opened for, as in `Place.external_id`.
        form_text: what the form's description begins as.
        home_of: the user whose App Home is drawn.
    """

    delivery: Delivery
    form_for: str | None = None
    form_of: str = ""
    form_text: str = ""
    home_of: str | None = None


def read(incoming: Incoming, us: str | None, team: str | None) -> Read | Reply:
    """A delivery whose signature is right.

    Args:
        us: our user id, as far as it is known.
        team: the workspace that this installation is for; None: whichever.

    Raises:
        Refused: it is no delivery of Slack's, or of another workspace.
    """
    if incoming.what == "events":
        return _event(_json(incoming.body), us, team)
    form = parse_qs(incoming.body.decode("utf-8", "replace"), keep_blank_values=True)
    if "ssl_check" in form:
        return Reply()
    if incoming.what == "commands":
        return _command({name: values[0] for name, values in form.items()}, team)
    if incoming.what == "interactivity":
        return _interaction(_json(form.get("payload", [""])[0].encode()), incoming.body, team)
    raise Refused("there is no such address", 404)


def direct(team: str, user: str, channel: str | None, thread: str | None = None) -> Place:
    """Somebody's direct conversation with us. Without its channel, Slack finds it by the user."""
    address = {"channel": channel or user, "user": user, "team": team} | ({"thread_ts": thread} if thread else {})
    return Place(f"slack:{team}:{user}", f"{team}:{user}", address)


def thread(team: str, user: str, channel: str, root: str) -> Place:
    """What one person says to us in one thread of a channel."""
    address = {"channel": channel, "user": user, "team": team, "thread_ts": root}
    return Place(f"slack:{team}:{user}:{channel}.{root}", f"{team}:{user}", address, shared=True)


def among(team: str, user: str, channel: str, root: str) -> Among:
    """A channel, and the thread in it: `channel:ts` is how a message of ours is known once it is posted."""
    under = f"{channel}:{root}" if root else ""
    aside = {"channel": channel, "user": user} | ({"thread_ts": root} if root else {})
    return Among(f"{team}:{channel}", {"channel": channel, "team": team}, under, aside)


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        raise Refused("it is not JSON", 400) from None
    if not isinstance(found, dict):
        raise Refused("it is not an object", 400)
    return found


def _text(found: Any, name: str) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""


def _our_team(team: str, expected: str | None) -> str:
    if not team:
        raise Refused("it names no workspace", 400)
    if expected and team != expected:
        raise Refused(f"it comes from another workspace ({team})", 403)
    return team


# ---- events


def _event(envelope: dict[str, Any], us: str | None, team: str | None) -> Read | Reply:
    if envelope.get("type") == "url_verification":
        return Reply(body={"challenge": _text(envelope, "challenge")})
    if envelope.get("type") != "event_callback":
        return Reply()
    workspace = _our_team(_text(envelope, "team_id"), team)
    event = envelope.get("event")
    key = _text(envelope, "event_id")
    if not isinstance(event, dict) or not key:
        raise Refused("an event without an id", 400)
    kind = _text(event, "type")
    if kind in ("message", "app_mention"):
        return _message(key, event, workspace, _bot_of(envelope) or us)
    if kind == "app_home_opened" and _text(event, "user") and event.get("tab") in (None, "home"):
        place = direct(workspace, _text(event, "user"), _text(event, "channel") or None)
        return Read(Delivery(key, kind, place), home_of=_text(event, "user"))
    return Reply()


def _bot_of(envelope: dict[str, Any]) -> str | None:
    """Who we are in the workspace, as each event says."""
    for each in envelope.get("authorizations") or []:
        if isinstance(each, dict) and each.get("is_bot") and isinstance(each.get("user_id"), str):
            return str(each["user_id"])
    return None


def _message(key: str, event: dict[str, Any], team: str, us: str | None) -> Read | Reply:
    if event.get("subtype") in CHANGES:
        return _changed(key, event, team, us)
    user, channel, at = _text(event, "user"), _text(event, "channel"), _text(event, "ts")
    # Programs are never answered (table row 39): each of them may answer by itself.
    if event.get("bot_id") or event.get("subtype") not in WRITTEN or user in ("", SLACKBOT) or user == us:
        return Reply()
    if not channel or not at:
        raise Refused("a message without a place", 400)
    root = _text(event, "thread_ts")
    typed = _text(event, "text")
    said = Words(f"{channel}:{at}", mrkdwn.read(typed, us), files=_files(event))
    if event.get("channel_type") == "im" or (channel.startswith("D") and event.get("type") == "message"):
        return Read(Delivery(key, "message", direct(team, user, channel, root or None), said))
    called = event.get("type") == "app_mention" or mrkdwn.mentions(typed, us)
    if not called and not root:
        return Reply()
    place = thread(team, user, channel, root or at)
    if called and not said.text and not said.files:
        said = Words(said.id, "help")
    where = among(team, user, channel, root)
    return Read(Delivery(key, str(event["type"]), place, said, among=where, only_where_known=not called))


def _changed(key: str, event: dict[str, Any], team: str, us: str | None) -> Read | Reply:
    """A message in a thread was edited or deleted; a preview of a link that appears in it is no edit.

    https://docs.slack.dev/reference/events/message/message_changed/, .../message_deleted/
    """
    change, channel = CHANGES[event["subtype"]], _text(event, "channel")
    before, now = event.get("previous_message"), event.get("message")
    message = now if change == "edited" else before
    user, at, root = _text(message, "user"), _text(message, "ts"), _text(message, "thread_ts")
    edit = message.get("edited") if change == "edited" and isinstance(message, dict) else None
    if not user or user == us or not at or not root or not channel or _text(message, "bot_id"):
        return Reply()
    if change == "edited" and (not isinstance(edit, dict) or _text(before, "text") == _text(now, "text")):
        return Reply()
    stamp = _text(edit, "ts") if change == "edited" else "deleted"
    text = mrkdwn.read(_text(now, "text"), us) if change == "edited" else ""
    said = Words(f"{channel}:{at}#{stamp}", text, change=change)
    where = among(team, user, channel, root)
    return Read(Delivery(key, change, thread(team, user, channel, root), said, among=where, only_where_known=True))


def _files(event: dict[str, Any]) -> list[File]:
    found = []
    for each in event.get("files") or []:
        if isinstance(each, dict) and _text(each, "id") and each.get("mode") != "tombstone":
            size = each.get("size")
            found.append(
                File(
                    _text(each, "id"),
                    _text(each, "name") or _text(each, "title") or "file",
                    _text(each, "mimetype"),
                    size if isinstance(size, int) else None,
                    _text(each, "url_private_download") or _text(each, "url_private"),
                )
            )
    return found[:MOST_FILES]


# ---- interactivity


def _interaction(payload: dict[str, Any], body: bytes, team: str | None) -> Read | Reply:
    kind = _text(payload, "type")
    user = payload.get("user")
    team_id = _text(payload.get("team"), "id") or _text(user, "team_id")
    workspace, person = _our_team(team_id, team), _text(user, "id")
    if not person:
        raise Refused("nobody pressed it", 400)
    trigger = _text(payload, "trigger_id")
    key = f"{kind}:{trigger or hashlib.sha256(body).hexdigest()}"
    if kind == "block_actions":
        return _pressed(key, payload, workspace, person, trigger)
    if kind == "view_submission":
        return _form(payload, workspace, person)
    if kind in ("shortcut", "message_action"):
        about = mrkdwn.read(_text(payload.get("message"), "text"), None)
        return Read(Delivery(key, kind), form_for=trigger, form_of=f"{workspace}:{person}", form_text=about)
    return Reply()


def _pressed(key: str, payload: dict[str, Any], team: str, person: str, trigger: str) -> Read | Reply:
    actions = payload.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else None
    name = _text(action, "action_id")
    if name == blocks.FORM:
        return Read(Delivery(key, "block_actions"), form_for=trigger, form_of=f"{team}:{person}")
    pressed = Pressed.read(_text(action, "value")) if name.startswith(f"{blocks.SAY}:") else None
    if pressed is None:
        return Reply()
    container = payload.get("container")
    channel = _text(container, "channel_id") or _text(payload.get("channel"), "id")
    root = _text(container, "thread_ts") or _text(payload.get("message"), "thread_ts")
    if channel.startswith("D") or not root:
        place = direct(team, person, channel or None, root or None)
    else:
        place = thread(team, person, channel, root)
    words = Words(key, pressed=pressed)
    at = root or _text(container, "message_ts")
    where = None if channel.startswith("D") or not channel else among(team, person, channel, at)
    # Somebody else's button, in a channel, makes no conversation.
    return Read(Delivery(key, "block_actions", place, words, among=where, only_where_known=True))


def _form(payload: dict[str, Any], team: str, person: str) -> Read | Reply:
    view = payload.get("view")
    if _text(view, "callback_id") != views.FORM or not isinstance(view, dict):
        return Reply()
    filled, empty = views.filled(view)
    if empty:
        return Reply(body=Spoken(f"{team}:{person}", partial(views.form_refused, empty)))
    # One opened form is one ticket, however often it is sent.
    return Read(
        Delivery(
            f"view:{_text(view, 'id')}",
            "view_submission",
            direct(team, person, None),
            happened=Happened("conversation.form_sent", filled),
            reply=Reply(body={"response_action": "clear"}),
        )
    )


# ---- commands


def _command(form: dict[str, str], team: str | None) -> Read | Reply:
    workspace = _our_team(form.get("team_id", ""), team)
    user, trigger, typed = form.get("user_id", ""), form.get("trigger_id", ""), form.get("text", "").strip()
    if not user or not trigger:
        raise Refused("a command without a user", 400)
    key, person = f"command:{trigger}", f"{workspace}:{user}"
    if typed.lower() in ("", "help"):
        return Reply(body=Spoken(person, partial(views.command_help, form.get("command", ""))))
    if typed.lower() in ("new", "ticket", "form"):
        return Read(Delivery(key, "command"), form_for=trigger, form_of=person)
    words = Words(key, mrkdwn.read(typed, None))
    taken = Reply(body=Spoken(person, partial(views.command_taken, typed)))
    return Read(Delivery(key, "command", direct(workspace, user, None), words, reply=taken))
