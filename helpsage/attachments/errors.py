"""Why a file is not taken."""

from __future__ import annotations

from typing import Literal

Problem = Literal[
    "empty",
    "too_large",
    "too_many",
    "not_allowed",
    "not_what_it_says",
    "damaged",
    "too_many_pixels",
    "gone",
    "not_kept",
]


class AttachmentRefused(Exception):
    """A file that cannot be attached. The message says why, for the person who chose it.

    Attributes:
        name: what the file is called, made safe.
    """

    def __init__(self, problem: Problem, name: str, message: str) -> None:
        self.problem = problem
        self.name = name
        super().__init__(message)
