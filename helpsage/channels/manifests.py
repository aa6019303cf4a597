"""What the applications are given to make our app there.

Slack: a manifest to paste, https://docs.slack.dev/reference/app-manifest/

Teams: a package to upload, of a manifest (https://learn.microsoft.com/microsoft-365/extensibility/schema/) and two
pictures (https://learn.microsoft.com/microsoftteams/platform/concepts/build-and-test/apps-package).
"""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, UUID, uuid5

from PIL import Image, ImageDraw

#: What the bot may do; the connection test compares it with what was granted.
SCOPES = (
    "app_mentions:read", "channels:history", "chat:write", "commands", "files:read", "groups:history", "im:history",
    "files:write", "im:write", "mpim:history", "users:read", "users:read.email",
)  # fmt: skip
EVENTS = (
    "app_home_opened", "app_mention", "message.channels", "message.groups", "message.im", "message.mpim",
)  # fmt: skip
#: More of both for an app that Slack shows as an assistant: https://docs.slack.dev/ai/developing-agents/
ASSISTANT_SCOPES = ("assistant:write",)
ASSISTANT_EVENTS = ("assistant_thread_started", "assistant_thread_context_changed")
COMMAND = "/help-sage"
LONGEST_NAME = 35

TEAMS_SCHEMA = "1.17"
TEAMS_VERSION = "1.0.0"
LONGEST_TEAMS_NAME = 30
#: Pixels of the two pictures.
COLOUR_SIDE, OUTLINE_SIDE = 192, 32
#: The leaf's middle line and edge, in parts of the picture's side.
_LEAF = ((0.2, 0.8), (0.22, 0.45), (0.42, 0.25), (0.8, 0.2), (0.75, 0.58), (0.55, 0.78), (0.2, 0.8))
_VEIN = ((0.2, 0.8), (0.62, 0.38))
BRAND = "#2c6b5b"


def scopes(assistant: bool) -> tuple[str, ...]:
    """What the bot may do, as an assistant or not."""
    return SCOPES + (ASSISTANT_SCOPES if assistant else ())


def slack(name: str, address: str, assistant: bool = False) -> dict[str, Any]:
    """The manifest of an installation's app.

    Parameters:
        address: where the assistant takes Slack's requests, without the last part.
        assistant: Slack shows it as an assistant, which can show that it types.
    """
    called = name[:LONGEST_NAME]
    shown_as = {"assistant_view": {"assistant_description": "Answers questions and files tickets."}}
    return {
        "display_information": {"name": called, "description": "Answers questions and files tickets."},
        "features": {
            **(shown_as if assistant else {}),
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": called, "always_online": True},
            "shortcuts": [
                _shortcut("New ticket", "global", "Open the ticket form"),
                _shortcut("Make a ticket of this", "message", "Open the ticket form with these words"),
            ],
            "slash_commands": [
                {
                    "command": COMMAND,
                    "url": f"{address}/commands",
                    "description": "Ask the desk, or open the ticket form",
                    "usage_hint": "what is wrong | new",
                    "should_escape": True,
                }
            ],
        },
        "oauth_config": {"scopes": {"bot": list(scopes(assistant))}},
        "settings": {
            "event_subscriptions": {
                "request_url": f"{address}/events",
                "bot_events": [*EVENTS, *(ASSISTANT_EVENTS if assistant else ())],
            },
            "interactivity": {"is_enabled": True, "request_url": f"{address}/interactivity"},
            "org_deploy_enabled": False,
            "socket_mode_enabled": False,
            "token_rotation_enabled": False,
        },
    }


def _shortcut(name: str, kind: str, description: str) -> dict[str, str]:
    return {"name": name, "type": kind, "callback_id": f"ticket_form_{kind}", "description": description}


def teams(name: str, app_id: str, web_url: str) -> dict[str, Any]:
    """The manifest of a bot's app.

    Parameters:
        app_id: of the bot.
        web_url: of the desk's pages.
    """
    called = name[:LONGEST_TEAMS_NAME]
    places = ["personal", "team", "groupChat"]
    return {
        "$schema": f"https://developer.microsoft.com/json-schemas/teams/v{TEAMS_SCHEMA}/MicrosoftTeams.schema.json",
        "manifestVersion": TEAMS_SCHEMA,
        "version": TEAMS_VERSION,
        "id": str(_app_of(app_id)),
        "developer": {
            "name": called,
            "websiteUrl": web_url,
            "privacyUrl": web_url,
            "termsOfUseUrl": web_url,
        },
        "name": {"short": called},
        "description": {
            "short": "Answers questions and files tickets.",
            "full": "Answers questions, files tickets, and tells you what became of them.",
        },
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": BRAND.upper(),
        "bots": [
            {
                "botId": app_id,
                "scopes": places,
                "supportsFiles": True,
                "isNotificationOnly": False,
                "commandLists": [
                    {
                        "scopes": places,
                        "commands": [
                            {"title": "Show my tickets", "description": "All of them, and how they are"},
                            {"title": "I want to talk to a person", "description": "Somebody of the desk"},
                        ],
                    }
                ],
            }
        ],
        "validDomains": [urlsplit(web_url).hostname or ""],
    }


def teams_package(name: str, app_id: str, web_url: str) -> bytes:
    """The manifest with its pictures, as Teams takes it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("manifest.json", json.dumps(teams(name, app_id, web_url), indent=2))
        package.writestr("color.png", _picture(COLOUR_SIDE, BRAND, "white", BRAND))
        package.writestr("outline.png", _picture(OUTLINE_SIDE, None, "white", None))
    return packed.getvalue()


def _app_of(app_id: str) -> UUID:
    """The app's own id beside the bot's: the same each time, so that a newer package replaces an older one."""
    return uuid5(NAMESPACE_URL, f"teams app of {app_id}")


def _picture(side: int, ground: str | None, leaf: str, vein: str | None) -> bytes:
    """The leaf; the outline is white on nothing."""
    drawn = Image.new("RGBA", (side, side), ground if ground is not None else (0, 0, 0, 0))
    pen = ImageDraw.Draw(drawn)
    pen.polygon([(x * side, y * side) for x, y in _LEAF], fill=leaf)
    pen.line([(x * side, y * side) for x, y in _VEIN], fill=vein or (0, 0, 0, 0), width=max(2, side // 32))
    written = io.BytesIO()
    drawn.save(written, "PNG")
    return written.getvalue()
