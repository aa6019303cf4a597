"""`rasa ...` with its own Slack connector, which calls the Slack that `SLACK_API` names instead of slack.com.

Runs in Rasa's environment. Nothing else of this project is loaded, and nothing else of Rasa is changed.
"""

from __future__ import annotations

import functools
import os

import rasa.core.channels.slack as connector
from rasa.__main__ import main

if __name__ == "__main__":
    connector.AsyncWebClient = functools.partial(connector.AsyncWebClient, base_url=os.environ["SLACK_API"])
    main()
