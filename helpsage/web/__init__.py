"""The web program: front page, chat page and script, the agents' console, health, live events."""
