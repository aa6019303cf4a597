"""`./sage status`: is everything well?"""

from __future__ import annotations

import httpx
import typer

from helpsage import settings
from helpsage.cli.output import AsJson, print_json, print_table


def status(as_json: AsJson = False) -> None:
    """Show each program's health and version, and the queue's depth. Exit code 1 unless all is well."""
    url = f"{settings.get().web_url}/healthz"
    try:
        answer = httpx.get(url, timeout=10).json()
    except (httpx.HTTPError, ValueError) as error:
        answer = {"status": "down", "error": f"{url}: {type(error).__name__}", "programs": {}}
    if as_json:
        print_json(answer)
    else:
        rows = [
            [name, str(found.get("status", "")), str(found.get("version") or ""), str(found.get("detail") or "")]
            for name, found in answer.get("programs", {}).items()
        ]
        print_table(["program", "status", "version", ""], rows, "Not running. Start with ./sage up")
        if "queue" in answer:
            typer.echo(f"queue: {answer['queue']}")
    raise typer.Exit(0 if answer.get("status") == "ok" else 1)
