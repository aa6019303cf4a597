"""What each chat application asks administrators for, and where to find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Asked:
    """A field of the form.

    Attributes:
        secret: kept sealed, and never shown again.
        choices: what can be chosen, with words; empty: anything.
    """

    name: str
    label: str
    help: str = ""
    secret: bool = False
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Kind:
    """An application.

    Attributes:
        asked: what is typed on its page.
        steps: how it is set up there, in order; `{address}` is where it finds us, `{key}` the installation's.
    """

    name: str
    title: str
    asked: tuple[Asked, ...]
    steps: tuple[str, ...]

    @property
    def options(self) -> frozenset[str]:
        """Names of what is no secret."""
        return frozenset(each.name for each in self.asked if not each.secret) | ADDRESSES[self.name]

    @property
    def secrets(self) -> frozenset[str]:
        """Names of what is."""
        return frozenset(each.name for each in self.asked if each.secret)

    @property
    def required(self) -> tuple[Asked, ...]:
        """What it cannot do without."""
        return tuple(each for each in self.asked if each.required)

    def missing(self, installation: Mapping[str, Any]) -> list[str]:
        """What an installation cannot do without and does not have, as its page calls it."""
        values = {**installation["options"], **installation["secrets"]}
        return [each.label for each in self.required if not values.get(each.name)]


#: Options that hold an address of the application's; a proxy of one's own, or a test.
ADDRESSES: Mapping[str, frozenset[str]] = {
    "slack": frozenset({"url"}),
    "teams": frozenset({"metadata_url", "login_url"}),
    "telegram": frozenset({"url"}),
}

TRUSTED = Asked(
    "trusted",
    "Addresses in people's profiles",
    "Whoever has an address in their profile here is taken for its owner on every channel.",
    choices=(("", "Prove nothing: people prove their address by a code"), ("yes", "Count as proven: this is our own")),
)
SLACK = Kind(
    "slack",
    "Slack",
    (
        Asked("token", "Bot token", "Begins with xoxb-: OAuth & Permissions, after installing.", True, True),
        Asked("signing_secret", "Signing secret", "Basic Information, App Credentials.", True, True),
        TRUSTED,
        Asked(
            "assistant",
            "How Slack shows it",
            "As an assistant it shows that it types. The manifest follows: paste it again and reinstall the app.",
            choices=(("", "As an app to write to"), ("yes", "As an assistant (Slack's paid plans)")),
        ),
    ),
    (
        "Save this page once with a name; the manifest below then has the right addresses.",
        "At api.slack.com/apps choose Create New App, From a manifest, your workspace, and paste the manifest (JSON).",
        "Choose Install to Workspace and allow it.",
        "Copy the bot token (OAuth & Permissions) and the signing secret (Basic Information) here, save, and test.",
        "In the app's settings, Event Subscriptions and Interactivity should show their addresses as verified.",
    ),
)
TEAMS = Kind(
    "teams",
    "Microsoft Teams",
    (
        Asked("app_id", "Application (client) id", "Of the bot's app registration.", required=True),
        Asked("tenant", "Directory (tenant) id", "Of a single-tenant bot; empty for one of many tenants."),
        Asked("app_secret", "Client secret", "The value, not the id: Certificates & secrets.", True, True),
        TRUSTED,
    ),
    (
        "In the Azure portal make an Azure Bot; note whether it is single-tenant.",
        "Set its messaging endpoint to {address}/messages and add the Microsoft Teams channel.",
        "Copy the application id, the tenant id and a client secret here, save, and test.",
        "Keep the app package of this page as a file and upload it in the Teams admin center under Manage apps; "
        "it allows the bot personal chats, teams, group chats and files.",
    ),
)
TELEGRAM = Kind(
    "telegram",
    "Telegram",
    (
        Asked("bot_token", "Bot token", "From @BotFather.", True, True),
        Asked("secret_token", "Secret of the webhook", "1 to 256 letters, digits, _ and -; invent one.", True, True),
        Asked(
            "mode",
            "How updates come",
            "Webhook needs an address that Telegram can reach over https.",
            choices=(("webhook", "Telegram calls us (webhook)"), ("polling", "We ask Telegram (polling)")),
        ),
    ),
    (
        "Write /newbot to @BotFather and follow it; copy the token here.",
        "Write /setcommands to @BotFather, choose the bot, and paste the list below.",
        "Groups: the bot hears commands, mentions and replies to it; that is enough.",
        "Save and test: the test tells Telegram our address {address}/updates, or takes it away for polling.",
    ),
)
#: What @BotFather is given for the bot's menu; the words are the assistant's (vendors/telegram/words.py).
TELEGRAM_COMMANDS = """new - Report a problem
tickets - My tickets
status - How is my ticket?
person - Talk to a person
cancel - Leave what was begun
help - What can you do?"""
KINDS: Mapping[str, Kind] = {each.name: each for each in (SLACK, TEAMS, TELEGRAM)}
