"""Changing one category, question or group of the catalogue, with what is wrong said beside the field it stands in."""

from __future__ import annotations

from typing import Any

from helpsage.configuration import assistant, words
from helpsage.configuration.service import Content, InvalidContent
from helpsage.tickets.categories import FOR_A_PERSON, LONGEST_TITLE, LONGEST_WORDS, NAME, UNSORTED

#: Questions that one category may ask: a person answers them one by one.
MOST_QUESTIONS = 12
MOST_CHOICES = 20
#: Addresses of the pages that make something new.
RESERVED = frozenset({"new"})


def with_category(content: Content, name: str, fields: dict[str, Any]) -> Content:
    """The catalogue with this category as given; a new one comes last.

    Raises:
        InvalidContent
    """
    problems = _name_problem(name)
    problems |= _line_problems(fields, ("title",), LONGEST_TITLE)
    if fields["group"] not in content["groups"]:
        problems["group"] = words.CHOOSE
    if not fields["team"].strip():
        problems["team"] = words.CHOOSE
    asked = fields["questions"]
    if any(question not in content["questions"] for question in asked):
        problems["questions"] = words.CHOOSE
    elif len(set(asked)) != len(asked):
        problems["questions"] = words.TWICE
    elif len(asked) > MOST_QUESTIONS:
        problems["questions"] = words.TOO_MANY.format(most=MOST_QUESTIONS)
    problems |= _claimed(content, name, "intents", fields["intents"])
    problems |= _claimed(content, name, "faqs", fields["faqs"])
    _refuse(problems)
    # A first sentence of its own has no field on the page, and stays.
    own = {key: value for key, value in content["categories"].get(name, {}).items() if key == "acknowledge"}
    content["categories"][name] = {**own, **fields}
    return content


def without_category(content: Content, name: str) -> Content:
    """The catalogue without this category. Its tickets keep its name.

    Raises:
        InvalidContent: something still leads there.
    """
    if name in (UNSORTED, FOR_A_PERSON):
        raise InvalidContent(words.CATEGORY_STAYS)
    leads = [group["title"] for group in content["groups"].values() if group["otherwise"] == name]
    if leads:
        raise InvalidContent(words.GROUP_LEADS_HERE.format(group=leads[0]))
    content["categories"].pop(name, None)
    return content


def with_question(content: Content, name: str, fields: dict[str, Any]) -> Content:
    """The catalogue with this question as given.

    Raises:
        InvalidContent
    """
    problems = _name_problem(name)
    problems |= _line_problems(fields, ("label",), LONGEST_TITLE)
    problems |= _line_problems(fields, ("ask", "help"), LONGEST_WORDS)
    for field in ("ask", "help"):
        problems |= _unknown_response(field, fields[field])
    choices = fields.get("choices") or []
    if fields["kind"] == "choice" and not choices:
        problems["choices"] = words.NO_CHOICES
    elif fields["kind"] != "choice" and choices:
        problems["choices"] = words.CHOICES_ELSEWHERE
    elif len(choices) > MOST_CHOICES:
        problems["choices"] = words.TOO_MANY.format(most=MOST_CHOICES)
    else:
        problems |= _choice_problems(choices)
    _refuse(problems)
    content["questions"][name] = fields
    return content


def without_question(content: Content, name: str) -> Content:
    """The catalogue without this question.

    Raises:
        InvalidContent: a category asks it.
    """
    asking = [category["title"] for category in content["categories"].values() if name in category["questions"]]
    if asking:
        raise InvalidContent(words.STILL_ASKED.format(categories=", ".join(asking)))
    content["questions"].pop(name, None)
    return content


def with_group(content: Content, name: str, fields: dict[str, Any]) -> Content:
    """The catalogue with this part of the first menu as given.

    Raises:
        InvalidContent
    """
    problems = _name_problem(name)
    problems |= _line_problems(fields, ("title",), LONGEST_TITLE)
    problems |= _line_problems(fields, ("acknowledge",), LONGEST_WORDS)
    problems |= _unknown_response("acknowledge", fields["acknowledge"])
    if fields["otherwise"] not in content["categories"]:
        problems["otherwise"] = words.CHOOSE
    _refuse(problems)
    content["groups"][name] = fields
    return content


def without_group(content: Content, name: str) -> Content:
    """The catalogue without this part of the first menu.

    Raises:
        InvalidContent: a category stands in it.
    """
    inside = [category["title"] for category in content["categories"].values() if category["group"] == name]
    if inside:
        raise InvalidContent(words.GROUP_IN_USE.format(categories=", ".join(inside)))
    content["groups"].pop(name, None)
    return content


def free_name(title: str, taken: Any) -> str:
    """A name for something new, made from its title: `Lost property` becomes `lost_property`."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in title.lower())
    base = "_".join(part for part in plain.split("_") if part)[:36] or "item"
    base = base if base[0].isalpha() else f"c_{base}"
    name, number = base, 2
    while name in taken or name in RESERVED:
        name, number = f"{base}_{number}", number + 1
    return name


def _refuse(problems: dict[str, str]) -> None:
    if problems:
        raise InvalidContent(problems)


def _name_problem(name: str) -> dict[str, str]:
    return {} if NAME.fullmatch(name) else {"name": words.INVALID_NAME}


def _line_problems(fields: dict[str, Any], names: tuple[str, ...], longest: int) -> dict[str, str]:
    return {
        name: words.LINE.format(longest=longest)
        for name in names
        if not fields[name].strip() or len(fields[name]) > longest or not fields[name].isprintable()
    }


def _unknown_response(field: str, said: str) -> dict[str, str]:
    unknown = assistant.RESPONSE.fullmatch(said) and said not in assistant.taught().responses
    return {field: words.NO_RESPONSE} if unknown else {}


def _choice_problems(choices: list[dict[str, Any]]) -> dict[str, str]:
    values = [choice["value"] for choice in choices]
    if len(set(values)) != len(values):
        return {"choices": words.SAME_VALUE}
    for choice in choices:
        said = [choice["title"], *choice["words"]]
        too_long = any(not 0 < len(word) <= LONGEST_TITLE or not word.isprintable() for word in said)
        if not NAME.fullmatch(choice["value"]) or too_long:
            return {"choices": words.INVALID_CHOICE.format(choice=choice["value"][:40])}
    return {}


def _claimed(content: Content, name: str, field: str, keys: list[str]) -> dict[str, str]:
    for other, category in content["categories"].items():
        both = set(keys) & set(category.get(field, ()))
        if other != name and both:
            return {field: words.BELONGS_TO.format(key=min(both), category=category["title"])}
    wrong = [key for key in keys if not NAME.fullmatch(key)]
    return {field: words.NOT_A_NAME.format(key=wrong[0][:40])} if wrong else {}
