"""Languages: which one a text is written in, and the catalogues of what we say in each.

A package of its own, like `encoder`, since the assistant in Rasa's environment and the help desk in its own both need
it. It needs the standard library and PyYAML only.
"""

from __future__ import annotations

from typing import Final

#: The language that everything is written in first: what has no translation is said in it.
SOURCE: Final = "en"
#: What people can be answered in, by code, in its own name.
SPOKEN: Final = {"en": "English", "es": "Español", "de": "Deutsch", "fr": "Français", "hi": "हिन्दी"}
#: Those that have catalogues.
TRANSLATED: Final = tuple(code for code in SPOKEN if code != SOURCE)
