"""What is said about articles: titles of their categories, and what is wrong with what somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping

#: Titles of the categories that the shipped articles have; another one is called by its name.
CATEGORIES: Mapping[str, str] = {
    "accounts": "Accounts and signing in",
    "network": "Wi-Fi and network",
    "email": "E-mail",
    "devices": "Devices and printing",
    "software": "Software and learning platforms",
    "studies": "Exams and studies",
    "money": "Fees, refunds and scholarships",
    "campus": "Hostel and campus",
    "security": "Safety and security",
    "desk": "For the help desk",
}

SLUG = "small letters, digits and single dashes, at most {most}: connect-to-eduroam"
SLUG_TAKEN = "another article has this address already"
TITLE = "a title has 1 to {most} characters in one line"
SUMMARY = "a summary has at most {most} characters in one line"
BODY = "a text has 1 to {most:,} characters"
CATEGORY = "a category is small letters, digits and dashes: network"
AUDIENCE = "one of public, staff, brand"
LANGUAGE = "a language is written like en, de or pt-BR"
DEPARTMENT_NEEDED = "an article of one brand needs the department that it belongs to"
DEPARTMENT_UNKNOWN = "there is no such department"
DEPARTMENT_IDLE = "only an article of one brand has a department"
NOTE = "a note has at most {most} characters"
NOT_NOW = "an article that is {status} cannot be {deed}"
NOTHING_TO_PUBLISH = "this version is what people read already"
TOO_MANY_FILES = "an article has at most {most} files"
#: Of a suggestion.
STAFF_ONLY = "{name} (for staff)"
MORE = "More about it: [{title}]({link})"
SOLVED = "{reference}: {subject}"


def category_title(category: str) -> str:
    """What people call a category."""
    return CATEGORIES.get(category) or category.replace("-", " ").capitalize()
