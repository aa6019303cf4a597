"""The models there are, by whatever name somebody gives them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from helpsage.setup import steps
from helpsage.training import signing

CURRENT = "current"
ENDING = ".tar.gz"
NONE = "no model is called {name!r} (./sage models lists them)"
SEVERAL = "{name!r} may be any of: {found}"


class NoSuchModel(RuntimeError):
    """There is no such model, or the name fits several."""


@dataclass(frozen=True)
class Model:
    """A file of the library.

    Attributes:
        trouble: why it must not be used; empty when it may.
        today: made of exactly what `data/`, `domain.yml` and `config.yml` hold now.
    """

    name: str
    made_at: datetime
    megabytes: float
    trouble: str
    today: bool


def folder() -> Path:
    """Where models lie."""
    return steps.MODELS


def all_models() -> list[Model]:
    """Every model, the newest first."""
    today = steps.model_path().name
    found = []
    for path in sorted(folder().glob(f"*{ENDING}"), key=lambda each: each.stat().st_mtime, reverse=True):
        about = path.stat()
        made_at = datetime.fromtimestamp(about.st_mtime, UTC)
        found.append(Model(path.name, made_at, about.st_size / 1e6, trouble(path), path.name == today))
    return found


def trouble(path: Path) -> str:
    """Why a model must not be put to work; empty when it may."""
    try:
        seal = signing.verify(path)
    except signing.NotGenuine as error:
        return str(error)
    return "" if seal.code == steps.code_version() else other_code(path.name)


def other_code(name: str) -> str:
    """What to say of a model that another version of the program trained."""
    return f"{name} was trained by another version of this program and may not fit: train again (./sage train)"


def find(name: str, current: Path | None) -> Path:
    """The model of this name: a file, the name of one, a part of its version, or `current`.

    Parameters:
        current: the one in use.

    Raises:
        NoSuchModel
    """
    if name == CURRENT:
        if current is None or not current.is_file():
            raise NoSuchModel("no model is in use yet: ./sage train makes one")
        return current
    if Path(name).is_file():
        return Path(name).resolve()
    fitting = [path for path in sorted(folder().glob(f"*{ENDING}")) if _fits(path.name, name)]
    if not fitting:
        raise NoSuchModel(NONE.format(name=name))
    if len(fitting) > 1:
        raise NoSuchModel(SEVERAL.format(name=name, found=", ".join(path.name for path in fitting)))
    return fitting[0]


def _fits(file: str, name: str) -> bool:
    stem = file.removesuffix(ENDING)
    return name in (file, stem) or (len(name) >= 4 and stem.removeprefix("sage-").startswith(name))
