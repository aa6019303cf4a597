"""`python -m helpsage.schema`: write the JSON schemas of events into `docs/schemas` (a test compares)."""

from __future__ import annotations

import json

from helpsage.schema.events import MODELS
from helpsage.settings import ROOT

FOLDER = ROOT / "docs" / "schemas"
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def written(kind: str) -> str:
    """The JSON schema of an event, as its file has it."""
    schema = {"$schema": DIALECT, **MODELS[kind].model_json_schema(mode="serialization")}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for kind in MODELS:
        (FOLDER / f"{kind}.json").write_text(written(kind), encoding="utf-8")
