"""The agents' pages: the queue, and a ticket."""
