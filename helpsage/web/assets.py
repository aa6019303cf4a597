"""What `npm run build` made: addresses of hashed files, and the chat script."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "static"
BUILD = STATIC / "build"
#: Sources, as the build's manifest names them.
STYLES = "src/styles/pages.scss"
SCRIPT = "src/pages/main.ts"
CHAT_SCRIPT = BUILD / "chat.js"


class AssetsMissingError(RuntimeError):
    """The web assets have not been built. `./sage up` builds them."""


def address(source: str) -> str:
    """The path under which browsers find what was built from `source`. Its name changes with its content.

    Raises:
        AssetsMissingError
    """
    manifest = BUILD / "manifest.json"
    try:
        return f"/static/build/{_manifest(manifest, manifest.stat().st_mtime_ns)[source]['file']}"
    except (OSError, KeyError) as error:
        raise AssetsMissingError(
            "the web assets are not built: run `./sage up`, or `npm run build` in frontend/"
        ) from error


@lru_cache(maxsize=2)
def _manifest(path: Path, changed_at: int) -> dict[str, dict[str, str]]:
    manifest: dict[str, dict[str, str]] = json.loads(path.read_text())
    return manifest


def chat_script(told: Mapping[str, Any]) -> str:
    """The widget as one classic script that knows this desk: its addresses, its name, its look.

    Raises:
        AssetsMissingError
    """
    try:
        code = CHAT_SCRIPT.read_text(encoding="utf-8")
    except OSError as error:
        raise AssetsMissingError("the chat script is not built") from error
    # JSON is a subset of JavaScript since ES2019; the script is served as a file, never inside a page.
    return f"(function(helpSage){{{code}}})({json.dumps(told)});\n"
