"""The peers of `make kill`: how each is set up, and where it delivers to.

Each has its documented defaults, and what its documents say is safest. A mail counts as delivered
when a whole file of it lies in the Maildir's new/, or when the SMTP server has answered +250 for
it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

TOKEN, LAST = b"X-Mail: ", b"end of mail "


class Peer(NamedTuple):
    """One client in one setting."""

    name: str
    setting: str
    command: Callable[[Path, int, bool], list[str]]  # (folder, port, keep)
    is_there: Callable[[], bool]
    version: Callable[[], str]
    by_smtp: bool = False


class SmtpSink(threading.Thread):
    """An SMTP server on loopback that takes every mail (RFC 5321), as an MTA would that never
    loses one.
    """

    def __init__(self) -> None:
        super().__init__(name="smtp", daemon=True)
        self.mails: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.start()

    def run(self) -> None:
        """Serve one connection after the other."""
        while True:
            try:
                link, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        # a thread that waits in accept would go on at whatever gets this number next
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, link: socket.socket) -> None:
        with link, suppress(OSError):
            link.sendall(b"220 sink\r\n")
            lines = _quickly(link)
            for line in lines:
                verb = line[:4].upper()
                if verb == b"DATA":
                    link.sendall(b"354 go on\r\n")
                    if not self._take(lines):
                        return
                link.sendall(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")

    def _take(self, lines: Iterable[bytes]) -> bool:
        """False when the client was cut off: then it is no mail of ours."""
        content: list[bytes] = []
        for line in lines:
            if line == b".\r\n":
                self.mails.append(b"".join(content))
                return True
            content.append(line)
        return False


def _quickly(link: socket.socket) -> Iterator[bytes]:
    """Lines as they come; each is acknowledged at once, for clients that wait for that."""
    file = link.makefile("rb")
    while True:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        line = file.readline()
        if not line:
            return
        yield line


def maildir(folder: Path) -> list[bytes]:
    """What lies in new/ of the Maildir."""
    new = folder / "mail" / "new"
    return [path.read_bytes() for path in new.iterdir()] if new.exists() else []


def prepare(folder: Path) -> None:
    """An empty Maildir in the folder."""
    for part in ("new", "cur", "tmp"):
        (folder / "mail" / part).mkdir(parents=True)
    if os.geteuid() == 0:  # getmail6 delivers to nobody as root
        for path in (folder, folder / "mail", *(folder / "mail").iterdir()):
            shutil.chown(path, "nobody")


def _version(*command: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    words = (run.stdout or run.stderr).replace(",", " ").split()
    return next((word.split("+")[0] for word in words if word[:1].isdigit()), "?")


def _mpop(pipelining: str) -> Callable[[Path, int, bool], list[str]]:
    def command(folder: Path, port: int, keep: bool) -> list[str]:
        return [
            "mpop", "--host=127.0.0.1", "--port=%d" % port, "--user=user", "--auth=user",
            "--tls=off", "--passwordeval=echo secret", "--keep=%s" % ("on" if keep else "off"),
            "--pipelining=" + pipelining, "--only-new=on", "--quiet",
            "--uidls-file=%s/uidls" % folder, "--delivery=maildir,%s/mail" % folder,
        ]

    return command


def _fetchmail(safest: bool) -> Callable[[Path, int, bool], list[str]]:
    def command(folder: Path, port: int, keep: bool) -> list[str]:
        options = folder / ".fetchmailrc"
        smtp = (folder / "smtp-port").read_text()
        more = " expunge 1" if safest else ""
        uidl = " uidl" if safest or keep else ""  # keep makes no sense without
        options.write_text(
            "poll 127.0.0.1 protocol pop3 port %d auth password no dns%s\n"
            "  user user password secret is nobody here %s%s sslproto ''\n"
            "  smtphost 127.0.0.1/%s\n"
            % (port, uidl, "keep" if keep else "no keep", more, smtp)
        )
        options.chmod(0o600)
        return ["fetchmail", "--silent", "-f", str(options), "--pidfile", "%s/pid" % folder,
                "-i", "%s/fetchids" % folder]

    return command


def _getmail(safest: bool) -> Callable[[Path, int, bool], list[str]]:
    def command(folder: Path, port: int, keep: bool) -> list[str]:
        owner = "user = nobody\n" if os.geteuid() == 0 else ""
        more = "to_oldmail_on_each_mail = true\n" if safest else ""
        everything = "false" if keep or safest else "true"  # keep makes no sense with all
        (folder / "getmailrc").write_text(
            "[retriever]\ntype = SimplePOP3Retriever\nserver = 127.0.0.1\nport = %d\n"
            "username = user\npassword = secret\n[destination]\ntype = Maildir\npath = %s/mail/\n"
            "%s[options]\nread_all = %s\ndelete = %s\nverbose = 0\nreceived = false\n"
            "delivered_to = false\n%s"
            % (port, folder, owner, everything, "false" if keep else "true", more)
        )
        program = Path(sys.executable).with_name("getmail")
        return [str(program), "--getmaildir=%s" % folder, "--rcfile=getmailrc"]

    return command


def _has(program: str) -> Callable[[], bool]:
    return lambda: shutil.which(program) is not None


def _has_getmail() -> bool:
    return importlib.util.find_spec("getmailcore") is not None


PEERS = (
    Peer("fetchmail", "defaults, SMTP", _fetchmail(False), _has("fetchmail"),
         lambda: _version("fetchmail", "--version"), by_smtp=True),
    Peer("fetchmail", "uidl, expunge 1, SMTP", _fetchmail(True), _has("fetchmail"),
         lambda: _version("fetchmail", "--version"), by_smtp=True),
    Peer("mpop", "defaults, Maildir", _mpop("auto"), _has("mpop"),
         lambda: _version("mpop", "--version")),
    Peer("mpop", "pipelining=off, Maildir", _mpop("off"), _has("mpop"),
         lambda: _version("mpop", "--version")),
    Peer("getmail6", "defaults, Maildir", _getmail(False), _has_getmail,
         lambda: importlib.metadata.version("getmail6")),
    Peer("getmail6", "to_oldmail_on_each_mail, Maildir", _getmail(True), _has_getmail,
         lambda: importlib.metadata.version("getmail6")),
)
