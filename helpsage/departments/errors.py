"""What can go wrong with a department or a team, one type for each thing a caller can act on."""

from __future__ import annotations


class DepartmentError(Exception):
    """Anything the departments refuse."""


class DepartmentNotFound(DepartmentError):
    """No department has this id or key."""


class TeamNotFound(DepartmentError):
    """No team has this id."""


class InvalidDepartment(DepartmentError):
    """What was typed cannot be used.

    Attributes:
        problems: words for the person, by the field they belong to.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems.values()))
