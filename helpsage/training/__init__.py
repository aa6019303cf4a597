"""The trainers' workbench: is the data sound, is a model better, which one answers people, and what it learns from them.

Nothing here needs Rasa's environment to be imported; what must run there is started as a process of its own.
"""

from __future__ import annotations
