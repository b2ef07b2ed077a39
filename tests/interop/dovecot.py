"""A private Dovecot: its own configuration, port, passwd-file and Maildirs in a temporary folder.
"""
from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

MAIL_OWNER = "nobody"  # Dovecot does not serve mails as root
_SHOWN_LOG = 2000

_CONFIG = """
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
protocols = pop3
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain apop
auth_failure_delay = 0
mail_location = maildir:{place}/mail/%u
first_valid_uid = 1
first_valid_gid = 1
default_process_limit = 20
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {place}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={place}/mail/%u
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {port}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
# no growing delays after logins refused to this machine
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{tls}
{extra}
"""
_TLS = """
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
service pop3-login {{
  inet_listener pop3s {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
}}
"""


@cache
def reason_to_skip() -> str:
    """Why no Dovecot can be started here, or ''."""
    binary = _binary()
    if binary is None:
        return "Dovecot is not installed (apt-get install dovecot-pop3d)"
    if os.geteuid() != 0:
        return "a private Dovecot needs root"
    if not Path("/usr/lib/dovecot/pop3").exists():
        return "Dovecot has no POP3 here (apt-get install dovecot-pop3d)"
    version = subprocess.run([binary, "--version"], capture_output=True, text=True,
                             check=True).stdout
    return "" if version.startswith("2.3.") else "configuration is for Dovecot 2.3, not " + version


def _binary() -> str | None:
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


class Dovecot:
    """A running server; use it in a `with`.

    :param users: name -> password
    :param extra: further configuration
    :param certificate: files of a certificate and its key; with them there is TLS, on `tls_port`
        and by STLS
    """

    host = "127.0.0.1"

    def __init__(self, users: dict[str, str], extra: str = "",
                 certificate: tuple[Path, Path] | None = None) -> None:
        self.users = users
        self.port, self.tls_port = free_ports()
        self._extra = extra
        self._tls = ""
        if certificate is not None:
            self._tls = _TLS.format(certificate=certificate[0], key=certificate[1],
                                    port=self.tls_port)
        self._place = Path()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Dovecot:
        binary = _binary()
        if binary is None:
            raise FileNotFoundError("dovecot")
        self._place = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._place.chmod(0o755)
        for name in ("run", "state", "mail"):
            (self._place / name).mkdir()
        owner = pwd.getpwnam(MAIL_OWNER)
        os.chown(self._place / "mail", owner.pw_uid, owner.pw_gid)
        users = self._place / "users"
        users.write_text("".join("%s:%s\n" % user for user in self.users.items()))
        config = self._place / "conf"
        config.write_text(_CONFIG.format(place=self._place, port=self.port, uid=owner.pw_uid,
                                         gid=owner.pw_gid, tls=self._tls, extra=self._extra))
        self._process = subprocess.Popen([binary, "-F", "-c", str(config)],
                                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self._wait_until_it_listens()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._place, ignore_errors=True)

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                with socket.create_connection((self.host, self.port), 1) as peer:
                    if peer.recv(3) == b"+OK":
                        return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("Dovecot did not start:\n" + self.log())

    def log(self) -> str:
        """The end of what Dovecot wrote."""
        file = self._place / "log"
        return file.read_text()[-_SHOWN_LOG:] if file.exists() else ""

    def deliver(self, user: str, mails: Iterable[bytes]) -> None:
        """Put mails into the user's Maildir, in this order."""
        maildir = self._place / "mail" / user
        owner = pwd.getpwnam(MAIL_OWNER)
        for folder in (maildir, maildir / "new", maildir / "cur", maildir / "tmp"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        for mail in mails:
            file = maildir / "new" / ("%d.%d.desk" % (time.time_ns(), len(mail)))
            file.write_bytes(mail)
            os.chown(file, owner.pw_uid, owner.pw_gid)

    def contents(self, user: str) -> list[bytes]:
        """The mails that lie in the user's Maildir, in the order of their delivery."""
        maildir = self._place / "mail" / user
        files = [file for folder in ("new", "cur") for file in (maildir / folder).glob("*")]
        return [file.read_bytes() for file in sorted(files, key=lambda file: file.name)]


def free_ports() -> tuple[int, int]:
    """Two ports on loopback that nobody listens on, and that nobody is given who asks for any, nor
    takes in their order (tests/unit/test_hal_network.py, from 20110 on).
    """
    found: list[int] = []
    for port in random.SystemRandom().sample(range(10_000, 20_000), 1000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
            if len(found) == 2:
                return found[0], found[1]
    raise OSError("no port is free")
