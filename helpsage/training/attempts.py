"""An attempt to put a model to work: compared with the one in use first, and let through or not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helpsage.db.session import transaction
from helpsage.training import comparison, promotions, report
from helpsage.training.comparison import Comparison
from helpsage.training.models import ModelPromotion
from helpsage.training.promotions import Who


@dataclass(frozen=True)
class Attempt:
    """What came of it.

    Attributes:
        line: of the history; None: the gate said no.
        found: None: there was nothing to compare with.
    """

    line: ModelPromotion | None
    found: Comparison | None


def promote(path: Path, who: Who, why: str = "", *, anyway: bool = False, idly: bool = False) -> Attempt:
    """Compare, and promote unless it is worse; `anyway` also then, which the history keeps.

    Parameters:
        idly: only with what the processor has left over.

    Raises:
        NotGenuine, NotPossible: it must not be used at all.
        NotUnderstood: it cannot be loaded.
    """
    with transaction() as session:
        promotions.may_be_promoted(session, path)
        current = promotions.in_use(session)
        messages = comparison.lately(session)
    found = None
    if current is not None and current != path:
        # For a minute: no transaction is open meanwhile.
        found = comparison.compare(current, path, messages, idly=idly)
        report.of_comparison(found)
        if not found.verdict.allowed and not anyway:
            return Attempt(None, found)
    gate = found.verdict.as_json() if found is not None else None
    overruled = anyway and found is not None and not found.verdict.allowed
    with transaction() as session:
        return Attempt(promotions.promote(session, path, who, gate, why=why, anyway=overruled), found)
