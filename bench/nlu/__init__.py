"""What understanding costs and reaches: public sets of questions through this project's pipeline and Rasa's own."""

from __future__ import annotations
