"""What people read about tokens."""

from __future__ import annotations

NAME = "Please give a name of 1 to {most} characters: what is the token for?"
SCOPES = "Choose at least one of the list."
DAYS = "Choose a number of days from 1 to {most}."
NO_ADMINISTRATOR = "Only administrators make tokens for programs."
DEPARTMENT = "There is no such department (any more)."
TOO_MANY = "You have {most} tokens. Revoke one that is no longer used first."
