"""What the settings pages' Python code says, and how the log of settings calls what was done."""

from __future__ import annotations

from collections.abc import Mapping

from helpsage.triage.rules import Move, Rule

DEPARTMENT_MADE = "Made the department {name}"
DEPARTMENT_CHANGED = "Changed the department {name}"
DEPARTMENT_KEY = "Gave {name} a new chat key"
TEAM_MADE = "Made the team {name}"
TEAM_CHANGED = "Changed the team {name}"
CATEGORY_MADE = "Made the category {name}"
CATEGORY_CHANGED = "Changed the category {name}"
CATEGORY_REMOVED = "Removed the category {name}"
QUESTION_MADE = "Made the question {name}"
QUESTION_CHANGED = "Changed the question {name}"
QUESTION_REMOVED = "Removed the question {name}"
GROUP_MADE = "Made the part {name} of the first menu"
GROUP_CHANGED = "Changed the part {name} of the first menu"
GROUP_REMOVED = "Removed the part {name} of the first menu"
REPLY_MADE = "Made the reply {name}"
REPLY_CHANGED = "Changed the reply {name}"
REPLY_REMOVED = "Removed the reply {name}"
PRIORITIES_CHANGED = "Changed the words that decide priorities"
CALENDAR_MADE = "Made the calendar {name}"
CALENDAR_CHANGED = "Changed the calendar {name}"
CALENDAR_REMOVED = "Removed the calendar {name}"
POLICY_MADE = "Made the policy {name}"
POLICY_CHANGED = "Changed the policy {name}"
POLICY_REMOVED = "Removed the policy {name}"
POLICY_MOVED = "Moved the policy {name}"
PROMISE_ON = "Let requesters read by when they are answered"
PROMISE_OFF = "Let requesters no longer read by when they are answered"
AGENT_CHANGED = "Changed what {name} works on"
PERSON_CHANGED = "Changed the account of {name}"
WENT_BACK = "Went back to the state of {when}"
UNDID = "Undid: {summary}"

NOBODY_HAS_ADDRESS = "Nobody here has proven that address."
NOT_YOURSELF = "Somebody else has to change your own role or switch off your own account."
OTHER_DEPARTMENT = "You may change replies of your own departments only."
CHOOSE = "Choose one of the list."
TRY_TOO_LONG = "At most 5,000 characters."

KINDS = {
    "text": "Any words",
    "choice": "One of a few answers",
    "amount": "An amount of money",
    "date": "A day",
    "transaction_id": "A transaction id",
    "email": "An e-mail address",
    "device": "A device",
    "place": "A place or room",
    "application": "A system, site or program",
}

ROLES = {"requester": "Requester", "agent": "Agent", "lead": "Lead", "administrator": "Administrator"}

#: What is wrong with what a category expects of the assistant.
NO_INTENT = "The assistant knows no intent “{intent}”: it cannot recognise this in people's words yet."
FEW_EXAMPLES = "“{intent}” has {count} examples; from {enough} on it is understood well."
GOOD_EXAMPLES = "“{intent}”: {count} examples."
NO_INTENTS = "No intent leads here: people reach it through the menu, a form or an agent, not by their own words."
NO_FAQ = "There is no FAQ entry “{faq}”."

WORDS_TITLES = {
    "urgent": "Urgent",
    "high": "High",
    "calm": "Low: the person is in no hurry",
    "keep_when_calm": "Stay, whatever the person says about hurry",
    "ignore": "Taken out before anything is read",
    "negations": "Negations",
    "breaks": "Words that end a negation",
}
WORDS_HELP = {
    "urgent": "Danger, and what is over in hours.",
    "high": "Matters today.",
    "calm": "Lower the priority, unless a word of danger stands there too.",
    "keep_when_calm": "Must stand among Urgent or High as well.",
    "ignore": "Phrases that hold a keyword and mean something else.",
    "negations": "A keyword within reach behind one of these does not count.",
    "breaks": "“Not urgent, but my laptop is on fire”.",
}
STRANDED = "“{phrase}” stands neither among Urgent nor among High."
WEEKDAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
WHO = {
    "assignee": "Whoever has it (or the team, when nobody has it or they are away)",
    "team": "Everyone in its team",
    "leads": "The leads of its department",
    "administrators": "The administrators",
}
DAY_OFF = "Day off"
NO_MOMENT = "Write a day and a time."
ASSIGNMENT = {
    "pull": "Agents take the next one, or choose",
    "round_robin": "The desk gives them out, to whoever is there and has room",
    "manual": "Somebody gives them out by hand",
}
NO_CAPACITY = "A number from 0 to 1,000, or nothing."
HAS_ACCOUNT = "This address has an account. Change its role instead."

NOTICE_CHANGED = "Changed the words of “{name}”"
NOTICE_SHIPPED = "Went back to the words that came with “{name}”"
TARGET_MADE = "Made the place {name} for notices"
TARGET_CHANGED = "Changed the place {name} for notices"
TARGET_REMOVED = "Removed the place {name} for notices"
WEBHOOK_MADE = "Made the webhook {name}"
WEBHOOK_CHANGED = "Changed the webhook {name}"
WEBHOOK_REMOVED = "Removed the webhook {name}"
WEBHOOK_ON = "Switched the webhook {name} on"
WEBHOOK_OFF = "Switched the webhook {name} off"
BOARD_PROJECT = "As chosen before ({id})"
BOARD_MADE = "Connected the task board {name}"
BOARD_CHANGED = "Changed the task board {name}"
BOARD_REMOVED = "Removed the task board {name}"
BOARD_ON = "Switched the task board {name} on"
BOARD_OFF = "Switched the task board {name} off"

#: What places outside may be told.
OUTSIDE = {
    "team": "A new ticket",
    "wrote": "The person writes",
    "replied": "An agent answers",
    "assigned": "It is given to someone",
    "alerted": "It cannot wait: escalated, due soon, too late, to the front of the queue",
    "progress": "It is being worked on, or waits",
    "finished": "It is solved, closed or open again",
}
EVERYBODYS = "The whole desk: every ticket"
TARGET_WORKS = "It arrived: the service took the test."
TARGET_FAILS = "It was not taken: {error}"
WEBHOOK_WORKS = "The other side took the test in {milliseconds} ms."
WEBHOOK_FAILS = "The test was not taken: {error}"
REPLAYED = "It is sent again now."
REPLAYED_ALL = "{count} are sent again now."

RULE_MADE = "Made the routing rule {name}"
RULE_CHANGED = "Changed the routing rule {name}"
RULE_REMOVED = "Removed the routing rule {name}"
RULE_MOVED = "Moved the routing rule {name}"
TWINS_CHANGED = "Changed what is done with tickets about the same thing"
UNSURE_TOPIC = "Nobody can tell (unsure)"
MOVES = {
    "queue": "To a team's queue",
    "front": "To the front of the queue, and someone is alerted",
    "senior": "To a senior colleague",
    "sort": "To people who sort",
}
ALERTS = {"team": "The team", "leads": "The leads"}
URGENCIES = {"low": "Low", "medium": "Medium", "high": "High"}
TONES = {"calm": "Calm", "confused": "Confused", "angry": "Angry"}
DAYS = {"mon": "Mon", "tue": "Tue", "wed": "Wed", "thu": "Thu", "fri": "Fri", "sat": "Sat", "sun": "Sun"}
CONDITION_NAMES = {
    "topics": "topic",
    "urgency": "urgency",
    "tone": "tone",
    "language": "language",
    "channels": "came by",
    "departments": "department",
    "tags": "tag",
}
EVERY_TICKET = "every ticket"


def conditions(rule: Rule, titles: Mapping[str, str]) -> str:
    """When a rule fits, in a line."""
    parts = []
    for name, called in CONDITION_NAMES.items():
        values = getattr(rule, name)
        if values:
            shown = [titles.get(value, value) if name in ("topics", "departments") else value for value in values]
            parts.append(f"{called}: {' or '.join(shown)}")
    if rule.hours is not None:
        days = ", ".join(title for day, title in DAYS.items() if day in rule.hours.days)
        span = f"{rule.hours.since:%H:%M} to {rule.hours.until:%H:%M}" if rule.hours.since != rule.hours.until else ""
        parts.append(f"{'outside ' if rule.hours.outside else ''}{days} {span}".strip())
    return "; ".join(parts) or EVERY_TICKET


def does(rule: Rule, teams: Mapping[str, str]) -> str:
    """What a rule does, in a line."""
    said = MOVES[rule.move]
    if rule.team:
        said = f"{said}: {teams.get(rule.team, rule.team)}"
    return f"{said} ({ALERTS[rule.alert].lower()})" if rule.move in (Move.FRONT, Move.SENIOR) else said


INTAKE_CHANGED = "Changed the ways in"
INTAKE_RENEWED = "Made a new secret for the {lane} lane of {department}"
LANES = {"email": "E-mail", "form": "Form", "chat": "Other chat tool", "api": "API"}
RECORD_FACTS = {
    "verdict": "What the mail server found",
    "client": "Network",
    "page": "Page it came from",
    "uid": "Number in the mailbox",
    "uid_validity": "Numbering of the mailbox",
    "full_size": "Whole size in bytes",
    "cut": "Only the beginning was fetched",
}
RECORD_STATES = {"waiting": "Waiting", "done": "Done", "ignored": "Left alone", "failed": "Given up"}
CHANNEL_MADE = "Connected {name}"
CHANNEL_CHANGED = "Changed {name}"
CHANNEL_ON = "Switched {name} on"
CHANNEL_OFF = "Switched {name} off"
CHANNEL_REMOVED = "Removed {name}"
CHANNEL_KEY_TAKEN = "Another one has this key."
CHANNEL_KEY = "Small letters, digits and hyphens, at most 40."
CHANNEL_NAME = "1 to 80 characters."
CHANNEL_REQUIRED = "It does not work without this."
CHANNEL_ADDRESS = "An https address."
CHANNEL_UNREADABLE = "The kept secrets cannot be read: the installation's own secret was changed. Enter them again."
CHANNEL_MANIFEST = "The manifest"
CHANNEL_COMMANDS = "The commands"
CHANNEL_AGAIN = "{count} conversations are tried again."

ALERT_MADE = "Made the place {name} for alerts"
ALERT_CHANGED = "Changed the place {name} for alerts"
ALERT_REMOVED = "Removed the place {name} for alerts"
ALERT_DEPARTMENT = "{name}: whatever has no place of a team's own"
ALERT_TICKETS = {
    "all": "Every new ticket",
    "urgent": "Only urgent ones: urgent, at the front of the queue, escalated, late",
    "none": "None",
}
#: How a channel becomes a place, whichever application it is in.
ALERT_STEPS = (
    "Add the assistant to the channel. Slack: /invite it. Teams: add the app. Telegram: add it to the group.",
    "Make a code on this page.",
    "Mention the assistant there with the code: “@name connect ABCD-EFGH”. It answers that it is connected.",
    "Each member proves who they are once: a direct message to the assistant with “link me to” and the address of "
    "their account, and the code that comes by mail. Where profiles count as proven (Channels) that is done already.",
    "Slack hears everything in the thread of a card. In Teams mention the assistant, unless the app may read the "
    "channel (ChannelMessage.Read.Group). In Telegram reply to one of its messages.",
)
