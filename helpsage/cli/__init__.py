"""The command line: `./sage`. Each module holds the commands of one noun."""

from __future__ import annotations
