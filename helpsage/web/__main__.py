"""`python -m helpsage.web`: serve the pages on the configured address."""

from __future__ import annotations

import uvicorn

from helpsage import settings
from helpsage.web.app import create_app

#: Open event streams are cut after this long, so that stopping never waits for a reader.
STOP_WITHIN_S = 3


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    configured = settings.get()
    uvicorn.run(
        create_app(),
        host=configured.host,
        port=configured.web_port,
        access_log=False,  # paths carry what people search for
        server_header=False,
        timeout_graceful_shutdown=STOP_WITHIN_S,
    )


if __name__ == "__main__":
    main()
