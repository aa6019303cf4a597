"""`python -m assistant`: Rasa's server with our channel, stores and fast paths."""

from __future__ import annotations

from assistant.server import main

if __name__ == "__main__":
    main()
