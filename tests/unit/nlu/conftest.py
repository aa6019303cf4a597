"""The encoder that the tests of understanding share."""

from __future__ import annotations

from pathlib import Path

import pytest

from encoder import build
from encoder.model import Encoder, default_folder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    """The encoder of the checkout when it is up to date, else one made for this run."""
    folder = default_folder()
    if build.installed_version(folder) != build.version_of(build.source_folder()):
        folder = tmp_path_factory.mktemp("encoder") / "encoder"
        build.build(folder)
    return Encoder(folder)


@pytest.fixture
def lookups() -> Path:
    """The project's word lists and regular expressions."""
    return Path(__file__).resolve().parents[3] / "data" / "lookups"
