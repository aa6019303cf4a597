"""Jobs: everything that may be slow or fail. They are rows in PostgreSQL (schema `jobs`), made from outbox events.

`app` is procrastinate's, `queue` puts jobs in, `retries` says when to try again and when to give up, the other modules
hold the tasks. Every task is safe to run twice: a worker can be killed after its work and before it could say so.
"""

from __future__ import annotations
