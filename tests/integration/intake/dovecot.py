"""A real IMAP server (Debian's dovecot-imapd) on loopback, with an account and no rights, for one test module."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from email.message import EmailMessage
from pathlib import Path

from imap_tools import BaseMailBox

from helpsage.mailroom import mailbox
from helpsage.settings import Mailbox

BINARY = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
USER, PASSWORD = "support", "open sesame"

_CONFIGURATION = """
base_dir = {folder}/run
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_location = maildir:{folder}/mail/%u
first_valid_uid = 1
mail_max_userip_connections = 50
{more}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""


class Dovecot:
    """The server; started anew with the same letters, or with new numbers for them."""

    def __init__(self, more: str = "") -> None:
        """
        Args:
            more: Lines of its configuration.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="helpsage-dovecot-"))
        self.folder.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        who = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self._who = who
        (self.folder / "dovecot.conf").write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                user=who.pw_name,
                group=grp.getgrgid(who.pw_gid).gr_name,
                uid=who.pw_uid,
                gid=who.pw_gid,
                port=self.port,
                password=PASSWORD.replace(" ", "_"),
                more=more,
            )
        )
        for part in ("run", "mail"):
            (self.folder / part).mkdir()
        if os.getuid() == 0:
            for path in (self.folder, *self.folder.iterdir()):
                os.chown(path, who.pw_uid, who.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def mailbox(self) -> Mailbox:
        """As the settings have it."""
        return Mailbox.model_validate(
            {
                "host": "127.0.0.1",
                "port": self.port,
                "user": USER,
                "password": PASSWORD.replace(" ", "_"),
                "security": "none",
                "every": 2,
            }
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        assert BINARY is not None
        errors = (self.folder / "stderr").open("ab")
        as_user = {"user": self._who.pw_uid, "group": self._who.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        self._process = subprocess.Popen(
            [BINARY, "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
            **as_user,  # type: ignore[arg-type]
        )
        errors.close()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as connection:
                    connection.settimeout(2)
                    if connection.recv(20).startswith(b"* OK"):
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"dovecot does not start: {self._said()}")

    def _said(self) -> str:
        logs = (self.folder / name for name in ("stderr", "dovecot.log"))
        return "\n".join(log.read_text() for log in logs if log.exists())

    def stop(self) -> None:
        """Stop it; letters stay."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(20)
            # Whoever serves a connection does not hear of it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process = None

    def remove(self) -> None:
        """Stop it for good."""
        self.stop()
        shutil.rmtree(self.folder)

    def connected(self) -> contextlib.AbstractContextManager[BaseMailBox]:
        """As our program connects."""
        return mailbox.connected(self.mailbox)

    def put(self, *letters: EmailMessage | bytes, seen: bool = False) -> None:
        """Lay letters into the mailbox."""
        with self.connected() as client:
            for letter in letters:
                raw = letter if isinstance(letter, bytes) else letter.as_bytes()
                client.append(raw, "INBOX", flag_set=["\\Seen"] if seen else None)

    def number_anew(self) -> None:
        """As after a restore from a backup: the same letters under new numbers and a new UIDVALIDITY."""
        self.stop()
        for path in (self.folder / "mail" / USER).glob("dovecot*"):
            path.unlink()
        # The next UIDVALIDITY is made of the time in seconds.
        time.sleep(1.1)
        self.start()
