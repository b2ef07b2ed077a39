"""POP3 servers of Debian that contradict each other as packages. They are not installed: their
files are fetched (`python -m tests.interop.servers`), and each runs in a cage (`cage.py`).
"""
from __future__ import annotations

import json
import os
import poplib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.interop import cyrus

ROOT = Path(__file__).resolve().parents[2]
TREES = ROOT / "build" / "servers"
OWNER = 991
PASSWORD = "secret word"
# of that password; made by `openssl passwd -6`
_HASH = ("$6$desk$lRVqk0WaZ5WqwGzntGuOQ16oOIiN984FRFckbKFCtQHyKPR3tSNajJmosKX0wTmfYcldvRch1"
         "Xn1752DiCoYQ.")
_ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n"
              "popa3d:x:990:990::/tmp:/bin/false\nspop3d:x:989:990::/tmp:/bin/false\n"
              "fax:x:991:991::/srv/fax:/bin/sh\ncyrus:x:988:8::/srv/fax:/bin/sh\n",
    "shadow": "root:*:19000::::::\nfax:%s:19000:0:99999:7:::\n" % _HASH,
    "group": "root:x:0:\nmail:x:8:\npopa3d:x:990:\nfax:x:991:\nnogroup:x:65534:\n",
    "pam": "auth required pam_unix.so\naccount required pam_permit.so\n",
}


@dataclass
class Kind:
    """One package, with the libraries that a bare Debian lacks.

    `command` serves one connection on its standard streams; empty: `before` starts a server.
    `store` is how mails lie in the mailbox.
    """

    packages: tuple[str, ...]
    command: list[str]
    before: str = ""
    store: str = "mbox"
    environment: dict[str, str] = field(default_factory=dict)
    each: str = ""  # run before each connection
    files: dict[str, str] = field(default_factory=dict)  # of /etc


KINDS = {
    "popa3d": Kind(("popa3d",), ["/usr/sbin/popa3d"]),
    "solid-pop3d": Kind(("solid-pop3d", "liblockfile1"), [], "/usr/sbin/solid-pop3d"),
    "mailutils-pop3d": Kind(
        ("mailutils-pop3d", "mailutils-common", "libmailutils9", "libmu-dbm9",
         "libkyotocabinet16v5", "libmariadb3", "liblzo2-2", "libgsasl18", "libgssglue1",
         "libntlm0", "libldap-2.5-0", "libwrap0", "libnsl2", "libgdbm6"),
        ["/usr/sbin/pop3d", "--inetd", "--no-config"]),
    "courier-pop": Kind(
        ("courier-pop", "courier-base", "courier-authdaemon", "courier-authlib",
         "libcourier-unicode4", "libltdl7", "libidn12", "libgdbm6"),
        ["/usr/lib/courier/courier/courierpop3login", "/usr/lib/courier/courier/courierpop3d",
         "Maildir"],
        "mkdir -p /run/courier/authdaemon; sed -i 's/^daemons=.*/daemons=1/'"
        " /etc/courier/authdaemonrc; setsid /usr/lib/courier/courier-authlib/authdaemond"
        " 2>/dev/null & for n in $(seq 400); do [ -S /run/courier/authdaemon/socket ] && break;"
        " sleep 0.05; done",
        "maildir", {"TCPREMOTEIP": "127.0.0.1", "TCPREMOTEPORT": "1", "TCPLOCALPORT": "110",
               "MAILDIRPATH": "Maildir"}),
    "cyrus-pop3d": Kind(
        cyrus.PACKAGES, [], cyrus.BEFORE, store="cyrus", each=cyrus.EACH, files=cyrus.FILES),
}


@cache
def reason_to_skip(name: str) -> str:
    """Why this server can't be started here, or ''."""
    if not (TREES / name / ".complete").is_file():
        return "%s is not here (python -m tests.interop.servers fetches it)" % name
    if sys.platform != "linux" or os.geteuid() != 0:
        return "a cage for %s needs root on Linux" % name
    try:
        with Caged(name):
            return ""
    except RuntimeError as error:
        return "%s does not start here: %s" % (name, error)


def fetch(name: str) -> None:
    """Fetch the packages and unpack them side by side. Raises CalledProcessError."""
    tree = TREES / name
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download",
                        *KINDS[name].packages], cwd=folder, check=True)
        for package in Path(folder).glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(package), str(tree)], check=True)
    if (tree / "lib").is_dir():  # where Debian has a link to usr/lib
        shutil.copytree(tree / "lib", tree / "usr" / "lib", symlinks=True, dirs_exist_ok=True)
        shutil.rmtree(tree / "lib")
    (tree / ".complete").touch()


class Caged:
    """A running server with one mailbox, user 'fax'; use it in a `with`."""

    def __init__(self, name: str) -> None:
        self.kind = KINDS[name]
        self.port = 0
        self._tree = TREES / name
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Caged:
        self._place = Path(tempfile.mkdtemp(prefix="cage-"))
        for folder in ("etc", "conf", "mail", "home", "home/Maildir", "home/Maildir/new",
                       "home/Maildir/cur", "home/Maildir/tmp", "home/new"):
            (self._place / folder).mkdir()
            if folder not in ("etc", "conf"):
                os.chown(self._place / folder, OWNER, OWNER)
        (self._place / "mail").chmod(0o1777)
        for file, text in _ACCOUNTS.items():
            (self._place / "etc" / file).write_text(text)
        for file, text in self.kind.files.items():
            (self._place / "conf" / file).write_text(text)
        order = {"tree": str(self._tree), "place": str(self._place),
                 "command": self.kind.command, "before": self.kind.before,
                 "each": self.kind.each, "environment": self.kind.environment}
        self._log = (self._place / "log").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.interop.cage", json.dumps(order)], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=self._log, stdin=subprocess.DEVNULL)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.strip().isdigit():
            log = self.log()
            self.__exit__()
            raise RuntimeError(log.strip().splitlines()[-1] if log.strip() else "it said nothing")
        self.port = int(line)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate()
            self._process = None
        self._log.close()
        shutil.rmtree(self._place, ignore_errors=True)

    def log(self) -> str:
        """What the server wrote."""
        self._log.seek(0)
        return self._log.read()

    def deliver(self, mails: Iterable[bytes]) -> None:
        """Put mails into the mailbox as a mail transport on this machine does: lines end in LF."""
        for number, mail in enumerate(mails):
            content = mail.replace(b"\r\n", b"\n")
            if self.kind.store == "cyrus":
                file = self._place / "home/new" / ("%d." % (number + 1))
                file.write_bytes(content.replace(b"\n", b"\r\n"))
            elif self.kind.store == "maildir":
                file = self._place / "home/Maildir/new" / ("%d.M1P1.desk" % (1700000000 + number))
                file.write_bytes(content)
            else:
                file = self._place / "mail" / "fax"
                with file.open("ab") as mbox:
                    mbox.write(b"From x@example.com Mon Nov 23 10:00:00 2026\n" + content)
                    mbox.write(b"\n" if content.endswith(b"\n") else b"\n\n")
                file.chmod(0o600)
            os.chown(file, OWNER, 8)

    def left(self) -> int:
        """Mails in the mailbox."""
        if self.kind.store == "cyrus":  # it takes files away when it finds the time
            fax = poplib.POP3("127.0.0.1", self.port, timeout=120)
            fax.user("fax")
            fax.pass_(PASSWORD)
            count = fax.stat()[0]
            fax.quit()
            return count
        if self.kind.store == "maildir":
            return sum(1 for folder in ("new", "cur")
                       for _ in (self._place / "home/Maildir" / folder).iterdir())
        mbox = self._place / "mail" / "fax"
        return mbox.read_bytes().count(b"From x@example.com ") if mbox.exists() else 0


if __name__ == "__main__":
    for each in KINDS:
        if (TREES / each / ".complete").is_file():
            continue
        try:
            fetch(each)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.stderr.write("%s: %s\n" % (each, error))
