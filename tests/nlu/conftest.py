"""The trained model of today's data, shared by the tests that need it."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpsage.setup import steps


@pytest.fixture(scope="session")
def model() -> Path:
    """The model archive; trained now when there is none of exactly this data."""
    return steps.ensure_model()
