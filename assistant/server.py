"""Starts the assistant: loads the newest model, opens the channels of credentials.yml, serves until SIGTERM."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from assistant import environment

ROOT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1
#: For requests that are under way when the end is asked for, in seconds.
GRACE_S = 2.0

log = logging.getLogger("assistant")


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m assistant", description="Serve the assistant.")
    parser.add_argument("--model", type=Path, default=ROOT / "models", help="a model, or a folder with models")
    parser.add_argument("--credentials", type=Path, default=ROOT / "credentials.yml")
    parser.add_argument("--endpoints", type=Path, default=ROOT / "endpoints.yml")
    chosen = parser.parse_args()
    try:
        settings = environment.read(os.environ)
    except RuntimeError as error:
        sys.exit(f"assistant: {error}")
    if not chosen.model.exists():
        sys.exit(f"assistant: there is no model at {chosen.model}; `./sage train` makes one")
    if not port_is_free(settings.host, settings.port):
        sys.exit(f"assistant: port {settings.port} on {settings.host} is in use")
    serve(settings, chosen.model, chosen.credentials, chosen.endpoints)


def port_is_free(host: str, port: int) -> bool:
    """Whether we could listen there. Sanic finds out after the model is loaded, and then ends as if all were well."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def serve(settings: environment.Environment, model: Path, credentials: Path, endpoints: Path) -> None:
    """Serve until told to stop.

    Args:
        settings: Address, processes, secrets.
        model: A model file, or a folder whose newest model is taken.
        credentials: Channels.
        endpoints: Stores.
    """
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    # One message is small work: more threads wait for each other longer than they help, and take others' cores.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    os.environ.setdefault("HELPSAGE_ACTIONS_URL", settings.actions_url)
    # Imported here and not above: Rasa takes seconds to import, and a wrong command line should not.
    import rasa.server
    from rasa.core.run import configure_app, create_http_input_channels
    from rasa.core.utils import AvailableEndpoints
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    from assistant import database, fast_paths, models

    configure_logging_and_warnings(log_level=logging.WARNING, warn_only_once=True, filter_repeated_logs=True)
    configure_structlog(logging.WARNING)
    logging.getLogger("assistant").setLevel(logging.INFO)
    fast_paths.install()
    # Rasa's own CORS answers every preflight request itself, without our origins; the channel answers its own.
    rasa.server.configure_cors = lambda app, cors_origins: None
    channels = create_http_input_channels(None, str(credentials))
    app = configure_app(channels, enable_api=False, port=settings.port)
    app.config.PROXIES_COUNT = settings.proxies or None
    # An open chat is a connection that does not end by itself; its client comes back to the next process.
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = GRACE_S
    available = AvailableEndpoints.read_endpoints(str(endpoints))

    folder = model if model.is_dir() else model.parent

    async def load(running: Any, _: Any) -> None:
        if settings.workers > 1:
            # Until it serves, a worker has its parent's handler, which ends the others and leaves it alive.
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            end_with_parent()
        running.ctx.models = models.Models(
            database.current(), folder, settings.models_key, lambda path, beside: load_agent(path, available, beside)
        )
        running.ctx.agent = await running.ctx.models.first(model)
        log.info("model %s is loaded", running.ctx.agent.processor.model_filename)

    app.register_listener(load, "before_server_start")
    app.register_listener(_follow, "after_server_start")
    app.register_listener(_close, "after_server_stop")
    app.run(
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        backlog=512,
        access_log=False,
        motd=False,
    )


def load_agent(model: Path, endpoints: Any, beside: Any = None) -> Any:
    """Load a model with our stores.

    Args:
        model: A file, or a folder whose newest one is taken.
        endpoints: Stores and action server.
        beside: The agent that answers until this one does: its turns and ours wait for each other.

    Raises:
        Exception: there is no model, or it cannot be loaded. Rasa would serve without one.
    """
    from rasa.core.agent import Agent
    from rasa.core.lock_store import LockStore
    from rasa.core.tracker_store import TrackerStore

    from assistant import fast_paths
    from assistant.tracker import LiveTracker

    tracker_store = TrackerStore.create(endpoints.tracker_store)
    agent = Agent(
        generator=endpoints.nlg,
        tracker_store=tracker_store,
        lock_store=LockStore.create(endpoints.lock_store) if beside is None else beside.lock_store,
        action_endpoint=endpoints.action,
    )
    agent.load_model(str(model))
    # Rasa wraps the store in one that forgets in silence when the database is away.
    agent.tracker_store = agent.processor.tracker_store = tracker_store
    rules, stories = (
        find(agent.processor.graph_runner) for find in (fast_paths.longest_rule, fast_paths.longest_story)
    )
    if beside is None:
        LiveTracker.states_shown, LiveTracker.learned_states_shown = rules, stories
        settle_memory()
    else:  # both look at conversations for a while: enough for either
        LiveTracker.states_shown = _longer(LiveTracker.states_shown, rules)
        LiveTracker.learned_states_shown = _longer(LiveTracker.learned_states_shown, stories)
    return agent


def _longer(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def settle_memory() -> None:
    """Let the garbage collector look no more at what stays until the end: Rasa, the model and everything they import.

    That is more than a million objects. Going through all of them takes a tenth of a second and more, in which nobody
    is answered; it took a third of the processor's time (https://docs.python.org/3/library/gc.html#gc.freeze).
    """
    gc.collect()
    gc.freeze()


def end_with_parent() -> None:
    """Let the kernel end this worker when the process that started it dies, however it dies (prctl(2), Linux only)."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


async def _follow(running: Any, _: Any) -> None:
    running.ctx.models.follow(running)


async def _close(running: Any, _: Any) -> None:
    from assistant import action_server, database

    await running.ctx.models.close()
    await action_server.current().close()
    await database.current().close()
