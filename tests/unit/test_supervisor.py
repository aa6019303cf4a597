"""The supervisor keeps programs alive and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from helpsage.supervisor import Program, Supervisor, port_is_free

SLEEPER = "import time, sys; print('up', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); time.sleep(60)"
)


def eventually(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def program(code: str, name: str = "one") -> Program:
    return Program(name, [sys.executable, "-c", code], dict(os.environ))


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def supervisor(tmp_path: Path, events: list[str]) -> Iterator[Supervisor]:
    made = Supervisor(tmp_path, events.append)
    yield made
    made.stop()


def run(supervisor: Supervisor) -> threading.Thread:
    thread = threading.Thread(target=supervisor.run, daemon=True)
    thread.start()
    return thread


def test_a_program_that_is_killed_runs_again(supervisor: Supervisor, events: list[str]) -> None:
    one = program(SLEEPER)
    supervisor.start(one)
    run(supervisor)
    assert one.process is not None
    first = one.process.pid
    supervisor.signal("one", signal.SIGKILL)
    eventually(lambda: one.process is not None and one.process.pid != first)
    assert "SIGKILL" in events[0]


def test_a_program_that_keeps_failing_is_named(supervisor: Supervisor) -> None:
    supervisor.start(program("raise SystemExit(3)"))
    run(supervisor)
    eventually(lambda: [p.name for p in supervisor.failing()] == ["one"])


def test_stop_ends_even_the_stubborn_and_their_children(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helpsage.supervisor.STOP_TIMEOUT_S", 0.5)
    one = program(STUBBORN)
    supervisor.start(one)
    assert one.process is not None
    parent = psutil.Process(one.process.pid)
    eventually(lambda: bool(parent.children()))
    family = [parent, *parent.children(recursive=True)]
    supervisor.stop()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []


def test_children_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib; from helpsage.supervisor import Program, Supervisor;"
        f"s = Supervisor(pathlib.Path({str(tmp_path)!r}), print);"
        f"p = Program('one', [sys.executable, '-c', {SLEEPER!r}], dict(os.environ)); s.start(p);"
        "print(p.process.pid, flush=True); s.run()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_output_goes_to_the_programs_log(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(program(SLEEPER))
    eventually(lambda: (tmp_path / "one.log").exists() and "up" in (tmp_path / "one.log").read_text())


def test_a_busy_port_is_noticed() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not port_is_free("127.0.0.1", port)
    assert port_is_free("127.0.0.1", port)
