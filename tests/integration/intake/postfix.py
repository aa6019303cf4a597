"""A real mail server (Debian's postfix) on loopback, in a folder of its own: the one that stands between the desk and
the world. It takes letters from the desk, hands the desk's own over by LMTP, everybody else's to another server.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

BINARY = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
#: Its master process needs the rights to become somebody with fewer.
CAN_RUN = BINARY is not None and os.getuid() == 0
START_S = 60.0
#: Answers in a row that are the new ones.
SURE_AFTER = 5

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {commands}
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
myhostname = mx.desk.example
mydestination =
relay_domains = desk.example, people.example
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_host_lookup = native
disable_dns_lookups = yes
alias_maps =
alias_database =
local_recipient_maps =
transport_maps = texthash:{folder}/transport
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = {answer}
smtpd_tls_security_level = none
smtp_tls_security_level = none
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
bounce_queue_lifetime = 1d
"""

_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def free_port() -> int:
    """One that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Postfix:
    """The server."""

    def __init__(self, desk_port: int, world_port: int, answer: str = "") -> None:
        """
        Args:
            desk_port: where the desk takes letters by LMTP.
            world_port: where everybody else's server listens.
            answer: what each recipient is answered with, for example `defer`; empty takes them.
        """
        assert BINARY is not None
        self.folder = Path(tempfile.mkdtemp(prefix="helpsage-postfix-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        commands = Path(BINARY).parent
        daemons = subprocess.check_output([commands / "postconf", "-dh", "daemon_directory"], text=True).strip()
        self._daemons = daemons
        self._main = {"folder": self.folder, "commands": commands, "daemons": daemons}
        for part in ("queue", "data", "etc"):
            (self.folder / part).mkdir()
        os.chown(self.folder / "data", pwd.getpwnam("postfix").pw_uid, -1)
        (self.folder / "etc" / "master.cf").write_text(_SERVICES.format(port=self.port))
        (self.folder / "transport").write_text(
            f"desk.example lmtp:inet:127.0.0.1:{desk_port}\npeople.example smtp:[127.0.0.1]:{world_port}\n"
        )
        self._configure(answer)
        self._call("check")
        self._process = subprocess.Popen(
            [Path(daemons) / "master", "-c", self.folder / "etc", "-d"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait()

    def answer(self, answer: str) -> None:
        """What it says to recipients from now on."""
        self._configure(answer)
        self._call("reload")
        # Processes that waited for a connection may still answer as before.
        agreeing, deadline = 0, time.monotonic() + START_S
        while agreeing < SURE_AFTER:
            assert time.monotonic() < deadline, self.log()
            agreeing = agreeing + 1 if self._refuses() == bool(answer) else 0

    def _refuses(self) -> bool:
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
            client.ehlo()
            client.mail("probe@people.example")
            return client.rcpt("probe@people.example")[0] >= 400

    def hand_over(self, letter: EmailMessage, sender: str, to: str) -> None:
        """As another server does."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as client:
            client.send_message(letter, from_addr=sender, to_addrs=[to])

    def log(self) -> str:
        """What it tells of its work."""
        path = self.folder / "mail.log"
        return path.read_text() if path.exists() else ""

    def remove(self) -> None:
        """Stop it, with whatever it still has."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        shutil.rmtree(self.folder)

    def _configure(self, answer: str) -> None:
        (self.folder / "etc" / "main.cf").write_text(_MAIN.format(**self._main, answer=answer))

    def _call(self, command: str) -> None:
        assert BINARY is not None
        done = subprocess.run([BINARY, "-c", self.folder / "etc", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr + self.log()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.settimeout(5)
                    if connection.recv(20).startswith(b"220"):
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"postfix does not start: {self.log()}")
