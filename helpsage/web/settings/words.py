"""What the settings pages' Python code says, and how the log of settings calls what was done."""

from __future__ import annotations

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
PERSON_CHANGED = "Changed the account of {name}"
WENT_BACK = "Went back to the state of {when}"
UNDID = "Undid: {summary}"

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
HAS_ACCOUNT = "This address has an account. Change its role instead."
