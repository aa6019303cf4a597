"""What the operator hears when it cannot start: one clear line, and an exit code."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpsage import settings

ROOT = settings.ROOT


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "HELPSAGE_VAR": str(tmp_path),
        "HELPSAGE_ENCODER": str(tmp_path),
        "HELPSAGE_WEB_PORT": free_port(),
        "HELPSAGE_ASSISTANT_PORT": free_port(),
        "HELPSAGE_ACTIONS_PORT": free_port(),
    }


def sage(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "helpsage.cli", *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def only_line(finished: subprocess.CompletedProcess[str]) -> str:
    assert finished.returncode == 1
    lines = [line for line in finished.stderr.splitlines() if line.strip()]
    assert "Traceback" not in finished.stderr
    assert len(lines) == 1, finished.stderr
    return lines[0]


@pytest.mark.parametrize("which", ["WEB_PORT", "ASSISTANT_PORT", "ACTIONS_PORT"])
def test_a_busy_port_is_named_with_the_way_out(environment: dict[str, str], taken_port: int, which: str) -> None:
    environment[f"HELPSAGE_{which}"] = str(taken_port)
    line = only_line(sage(environment, "up"))
    assert f"port {taken_port} is in use" in line
    assert f"HELPSAGE_{which}" in line


def test_a_second_start_of_the_same_installation_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    with (tmp_path / "sage.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        assert "already running (process 4711)" in only_line(sage(environment, "up"))


def test_an_unreachable_database_is_said_plainly(environment: dict[str, str]) -> None:
    environment["DATABASE_URL"] = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    finished = sage(environment, "ticket", "list")
    assert "database does not answer" in only_line(finished)


def test_an_address_of_another_kind_of_database_is_refused(environment: dict[str, str]) -> None:
    environment["DATABASE_URL"] = "mysql://root@localhost/desk"
    assert "must begin with postgresql://" in only_line(sage(environment, "ticket", "list"))


def test_without_a_database_the_way_to_one_is_told(environment: dict[str, str]) -> None:
    environment.pop("DATABASE_URL", None)
    assert "./sage up" in only_line(sage(environment, "ticket", "list"))


def test_a_chat_with_nobody_there_says_so(environment: dict[str, str]) -> None:
    assert "is it running? ./sage up" in only_line(sage(environment, "chat"))


@pytest.fixture
def newcomer(tmp_path: Path) -> Path:
    """A checkout with nothing installed: the script and its lists."""
    shutil.copy(ROOT / "sage", tmp_path / "sage")
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "dirname", "mkdir", "cat", "cksum", "df", "awk", "date", "rm", "sleep"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    return tmp_path


def script(newcomer: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./sage", "up"], cwd=newcomer, env={"PATH": str(newcomer / "bin")},
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_a_machine_without_python_is_told_what_to_install(newcomer: Path) -> None:
    assert "Python 3.11 is needed" in only_line(script(newcomer))


def test_another_python_is_not_taken(newcomer: Path) -> None:
    old = newcomer / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    assert "Python 3.11 is needed" in only_line(script(newcomer))


def test_a_full_disk_is_noticed_before_anything_is_installed(newcomer: Path) -> None:
    (newcomer / "bin" / "python3").symlink_to(sys.executable)
    disk = newcomer / "bin" / "df"
    disk.unlink()
    disk.write_text(
        "#!/bin/sh\necho 'Filesystem 1024-blocks Used Available Capacity Mounted'\necho 'x 9 9 102400 99% /'\n"
    )
    disk.chmod(0o755)
    assert "disk full: 4 GB are needed" in only_line(script(newcomer))
    assert not (newcomer / "var" / "envs" / "helpsage").exists()
