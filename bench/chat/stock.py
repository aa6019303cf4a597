"""`rasa ...` as it comes, except that its WebSockets receive: on Python 3.11 they close at the first message.

Runs in Rasa's environment. Nothing else of this project is loaded.
"""

from __future__ import annotations

from rasa.__main__ import main

from assistant.channels import websockets

if __name__ == "__main__":
    websockets.install()
    main()
