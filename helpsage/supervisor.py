"""Keeps the programs running: starts them, restarts the one that dies, stops them all in order, leaves no orphan."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import logging.handlers
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

#: A program that has run this long is healthy again: its next failure is restarted at once.
HEALTHY_AFTER_S = 30.0
LONGEST_PAUSE_S = 15.0
STOP_TIMEOUT_S = 10.0
LOG_BYTES = 10 * 1024 * 1024
PR_SET_PDEATHSIG = 1  # prctl(2)

log = logging.getLogger(__name__)


@dataclass
class Program:
    """One child process and how it is doing."""

    name: str
    arguments: Sequence[str | Path]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    #: Monotonic time of the next start; 0 while it runs.
    restart_at: float = field(default=0.0)


class Supervisor:
    """A set of programs that live and die together."""

    def __init__(self, log_folder: Path, on_event: Callable[[str], None]) -> None:
        """
        Args:
            log_folder: Each program writes to `<name>.log` there, rotated at 10 MB.
            on_event: Told in words when a program ends unexpectedly.
        """
        self._log_folder = log_folder
        self._on_event = on_event
        self._programs: list[Program] = []
        self._stopping = threading.Event()
        log_folder.mkdir(parents=True, exist_ok=True)

    def start(self, program: Program) -> None:
        """Start a program and keep it running from now on."""
        self._programs.append(program)
        self._launch(program)

    def run(self) -> None:
        """Watch until `request_stop`; then stop everything."""
        while not self._stopping.wait(0.2):
            self.look_after_all()
        self.stop()

    @property
    def stop_requested(self) -> bool:
        """Whether the end has been asked for."""
        return self._stopping.is_set()

    def look_after_all(self) -> None:
        """Restart what has ended and is due."""
        for program in self._programs:
            self._look_after(program)

    def request_stop(self) -> None:
        """End `run` soon. Safe in a signal handler."""
        self._stopping.set()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to one program; when it ends from it, it is started again as after any failure."""
        process = self._named(name).process
        if process is not None:
            process.send_signal(number)

    def hold(self, name: str) -> None:
        """Kill one program and keep it down until `release`: for rehearsing failures."""
        program = self._named(name)
        program.restart_at = float("inf")
        process = program.process
        program.process = None
        if process is not None:
            process.kill()
            process.wait()

    def release(self, name: str) -> None:
        """Let a held program start again now."""
        self._named(name).restart_at = 0.0

    def _named(self, name: str) -> Program:
        return next(program for program in self._programs if program.name == name)

    def failing(self) -> list[Program]:
        """Programs that have ended at least three times in a row."""
        return [program for program in self._programs if program.failures >= 3]

    def stop(self) -> None:
        """Stop every program, the last started first, by SIGTERM and after ten seconds by SIGKILL."""
        self._stopping.set()
        running = [program.process for program in reversed(self._programs) if program.process]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + STOP_TIMEOUT_S
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            # What it started itself and left behind goes with it: it has a process group of its own.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    def _look_after(self, program: Program) -> None:
        if program.process is None:
            if time.monotonic() >= program.restart_at:
                self._launch(program)
            return
        code = program.process.poll()
        if code is None:
            if program.failures and time.monotonic() - program.started_at > HEALTHY_AFTER_S:
                program.failures = 0
            return
        program.process = None
        pause = min(LONGEST_PAUSE_S, 0.2 * 3**program.failures)
        program.failures += 1
        program.restart_at = time.monotonic() + pause
        self._on_event(f"{program.name} ended with {_ending(code)}; starting it again in {pause:.1f} s")

    def _launch(self, program: Program) -> None:
        program.started_at = time.monotonic()
        program.process = subprocess.Popen(
            [str(argument) for argument in program.arguments],
            env=program.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
        threading.Thread(target=self._keep_log, args=(program.name, program.process), daemon=True).start()

    def _keep_log(self, name: str, process: subprocess.Popen[bytes]) -> None:
        handler = logging.handlers.RotatingFileHandler(
            self._log_folder / f"{name}.log", maxBytes=LOG_BYTES, backupCount=4, encoding="utf-8"
        )
        output = process.stdout
        if output is None:  # started with a pipe, so there is one
            return
        try:
            for line in output:
                text = line.decode(errors="replace").rstrip("\n")
                handler.emit(logging.LogRecord(name, logging.INFO, "", 0, text, None, None))
        finally:
            output.close()
            handler.close()


def _die_with_parent() -> None:
    """Linux: be told to stop when the supervisor is killed without a chance to stop us."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
