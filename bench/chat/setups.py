"""What is compared: our assistant and Rasa as `rasa init` sets it up, with the same data, actions and database."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import yaml

from bench.chat.traffic import Person, StockVisitor, Visitor
from helpsage.cli.up import programs
from helpsage.db import embedded, migrate
from helpsage.db.session import engine_for
from helpsage.settings import ROOT, Settings
from helpsage.setup import steps
from helpsage.supervisor import Program

START_TIMEOUT_S = 240.0
#: Limits meant for people are no part of what is measured.
NO_LIMITS = {
    "HELPSAGE_MESSAGES_PER_MINUTE": "1000000",
    "HELPSAGE_MESSAGE_BURST": "1000000",
    "HELPSAGE_SESSIONS_PER_MINUTE": "1000000",
}


@dataclass
class Setup:
    """One way to serve the same dialogue."""

    name: str
    model: Path
    training_seconds: float | None
    #: Where dialogue state is kept: ours, sql, memory.
    store: str
    url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    #: Of the stock server: what starts it, and its credentials.yml.
    module: str = "bench.chat.stock"
    credentials: Mapping[str, Any] = field(default_factory=lambda: {"socketio": {"user_message_evt": "user_uttered"}})

    @property
    def stock(self) -> bool:
        """Whether it is Rasa as it comes."""
        return self.store != "ours"

    def person(self) -> Person:
        """Somebody who talks to it."""
        return StockVisitor(self.url) if self.stock else Visitor(self.url)

    @property
    def memory_mb(self) -> float:
        """Resident memory of the assistant's process, in megabytes."""
        return float(psutil.Process(self.processes[-1].pid).memory_info().rss) / 1e6


def train_ours(folder: Path) -> tuple[Path, float]:
    """Train our model, nothing taken from a cache; returns it and the seconds."""
    with without_cache(folder):
        begin = time.perf_counter()
        model = _train(folder, "ours", ROOT / "config.yml")
        return model, time.perf_counter() - begin


def train_stock(folder: Path, kept: Path | None, epochs: int | None) -> tuple[Path, float | None]:
    """Train what `rasa init` writes on our data, or take a model trained before with the seconds noted beside it.

    Args:
        epochs: Fewer passes over the data than `rasa init` asks for: its accuracy suffers, its speed stays the same.
    """
    name = f"stock-{epochs or 'full'}-{steps.fingerprint([ROOT / 'data', ROOT / 'domain.yml'])}"
    model = kept or folder / f"{name}.tar.gz"
    note = model.with_suffix(".seconds")
    if not model.exists():
        config = folder / "stock-config.yml"
        config.write_text(_stock_config(epochs))
        with without_cache(folder):
            begin = time.perf_counter()
            _train(folder, model.name.removesuffix(".tar.gz"), config)
            note.write_text(f"{time.perf_counter() - begin:.1f}")
    return model, float(note.read_text()) if note.exists() else None


@contextlib.contextmanager
def database(folder: Path) -> Iterator[str]:
    """A PostgreSQL server with a fresh, migrated database."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    url = embedded.start(folder)
    try:
        admin = psycopg2.connect(url.replace("/helpsage?", "/postgres?"))
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("drop database if exists bench with (force)")
            cursor.execute("create database bench")
        admin.close()
        fresh = url.replace("/helpsage?", "/bench?")
        engine = engine_for(fresh.replace("postgresql://", "postgresql+psycopg2://"))
        migrate.upgrade(engine)
        engine.dispose()
        yield fresh
    finally:
        embedded.stop(folder)


@contextlib.contextmanager
def running(setup: Setup, folder: Path, database_url: str) -> Iterator[Setup]:
    """The setup's action server and assistant, up and warm."""
    assistant_port, actions_port = free_ports(2)
    found = Settings.model_validate(
        {
            "var": folder,
            "database_url": database_url,
            "assistant_port": assistant_port,
            "actions_port": actions_port,
            "secret": "benchmark",
            "encoder": steps.encoder_folder(),
        }
    )
    by_name = {program.name: program for program in programs(found, setup.model)}
    by_name["actions"].environment.update(_as_environment(found))
    setup.url = f"http://127.0.0.1:{assistant_port}"
    own = _stock_program(setup, folder, found) if setup.stock else by_name["assistant"]
    own.environment.update(NO_LIMITS)
    setup.processes = []
    try:
        for program, ready in (
            (by_name["actions"], f"http://127.0.0.1:{actions_port}/health"),
            (own, f"{setup.url}/{'' if setup.stock else 'webhooks/webchat/health'}"),
        ):
            setup.processes.append(start(program, folder))
            wait_for(ready, setup.processes[-1], folder / f"{program.name}.log")
        yield setup
    finally:
        end(setup.processes)


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Stop programs, the last one first."""
    for process in reversed(processes):
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def parse_times(model: Path, texts: list[str]) -> list[float]:
    """Milliseconds that a model needs to understand each text."""
    finished = subprocess.run(
        [str(steps.rasa_python()), str(Path(__file__).parent / "parsing.py"), str(model)],
        input="\n".join(texts),
        env=steps.rasa_environment(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1"),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in finished.stdout.splitlines() if line.startswith("MILLISECONDS "))
    found: list[float] = json.loads(line.removeprefix("MILLISECONDS "))
    return found


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for found in sockets:
        found.bind(("127.0.0.1", 0))
    ports = [int(found.getsockname()[1]) for found in sockets]
    for found in sockets:
        found.close()
    return ports


@contextlib.contextmanager
def without_cache(folder: Path) -> Iterator[None]:
    """Training from nothing, as on a new machine."""
    cache = folder / "rasa-cache"
    shutil.rmtree(cache, ignore_errors=True)
    before = os.environ.get("RASA_CACHE_DIRECTORY")
    os.environ["RASA_CACHE_DIRECTORY"] = str(cache)
    try:
        yield
    finally:
        os.environ.pop("RASA_CACHE_DIRECTORY")
        if before is not None:
            os.environ["RASA_CACHE_DIRECTORY"] = before
        shutil.rmtree(cache, ignore_errors=True)


def _train(folder: Path, name: str, config: Path) -> Path:
    log = folder / f"train-{name}.log"
    with log.open("w") as output:
        finished = subprocess.run(
            [
                *(str(steps.rasa_python()), "-m", "rasa", "train", "--force"),
                *("--config", str(config), "--domain", str(ROOT / "domain.yml"), "--data", str(ROOT / "data")),
                *("--out", str(folder), "--fixed-model-name", name),
            ],
            env=steps.rasa_environment(RASA_CACHE_DIRECTORY=os.environ["RASA_CACHE_DIRECTORY"]),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if finished.returncode != 0:
        raise SystemExit(f"training {name} failed: {log}")
    return folder / f"{name}.tar.gz"


def _stock_config(epochs: int | None) -> str:
    """The config.yml of `rasa init`, which leaves pipeline and policies to Rasa's defaults, with an id of its own."""
    (packages,) = (steps.ENVIRONMENTS / "rasa").glob("lib/*/site-packages/rasa")
    written = (packages / "cli" / "initial_project" / "config.yml").read_text().replace("placeholder_default", "stock")
    if epochs is None:
        return written
    defaults = yaml.safe_load((packages / "engine" / "recipes" / "config_files" / "default_config.yml").read_text())
    for part in (*defaults["pipeline"], *defaults["policies"]):
        if "epochs" in part:
            part["epochs"] = epochs
    return yaml.safe_dump({"assistant_id": "stock", **yaml.safe_load(written), **defaults})


def _stock_program(setup: Setup, folder: Path, found: Settings) -> Program:
    endpoints: dict[str, Any] = {
        "action_endpoint": {
            "url": f"{found.actions_url}/webhook",
            "headers": {"X-Help-Sage-Secret": found.derived("actions")},
        }
    }
    if setup.store == "sql":
        endpoints["tracker_store"] = {"type": "SQL", "url": found.sqlalchemy_url()}
    (folder / "stock-endpoints.yml").write_text(yaml.safe_dump(endpoints))
    (folder / "stock-credentials.yml").write_text(yaml.safe_dump(dict(setup.credentials)))
    arguments = [
        *(steps.rasa_python(), "-m", setup.module, "run", "--model", setup.model),
        *("--endpoints", folder / "stock-endpoints.yml", "--credentials", folder / "stock-credentials.yml"),
        *("--interface", "127.0.0.1", "--port", str(found.assistant_port)),
    ]
    return Program("stock", arguments, steps.rasa_environment(LOG_LEVEL="WARNING"))


def _as_environment(found: Settings) -> dict[str, str]:
    return {"HELPSAGE_VAR": str(found.var), "HELPSAGE_ACTIONS_PORT": str(found.actions_port)}


def start(program: Program, folder: Path) -> subprocess.Popen[bytes]:
    """Start a program; its words go to a log in the folder."""
    with (folder / f"{program.name}.log").open("wb") as log:
        return subprocess.Popen(
            [str(argument) for argument in program.arguments],
            env=program.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a program answers.

    Raises:
        SystemExit: it does not start.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        with contextlib.suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=3):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"did not start: {log}")
        time.sleep(0.2)
