"""The trainers' workbench: is the data sound, is a model better, which one answers, what it learns.

Nothing here needs Rasa's environment to be imported; what must run there is started as a process of its own.
"""

from __future__ import annotations
