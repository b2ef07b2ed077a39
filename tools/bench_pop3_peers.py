"""The peers of rows S1 to S3: how each fetches all mails into what it delivers to; they stay."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 120
_RAM = "/dev/shm"  # a RAM disk, where there is one: a Maildir there waits for no disk


@dataclass
class Target:
    """A mailbox to fetch from. `security`: plain, tls or stls; `ca`: file with the authority."""

    port: int
    user: str
    password: str
    mails: int
    security: str = "plain"
    ca: str = ""


def available() -> dict[str, Callable[[Target], float] | None]:
    """Peers by name, None for one that isn't installed; each gives the seconds of its process."""
    getmail = importlib.util.find_spec("getmailcore") is not None
    found: dict[str, Callable[[Target], float] | None] = {
        "mpop to Maildir": mpop if shutil.which("mpop") else None,
        "curl to files": curl if shutil.which("curl") else None,
        "fetchmail to BSMTP": fetchmail if shutil.which("fetchmail") else None,
        "getmail6 to Maildir": getmail6 if getmail else None,
    }
    if os.path.isdir(_RAM):
        found["mpop to Maildir in RAM"] = mpop_in_ram if shutil.which("mpop") else None
    return found


def drain(target: Target) -> float:
    """Seconds to receive everything, all commands sent ahead, nothing looked at."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", target.port)) as plain:
        link = plain
        if target.security != "plain":
            if target.security == "stls":
                _talk(plain, b"STLS\r\n", 2)
            context = ssl.create_default_context(cafile=target.ca)
            link = context.wrap_socket(plain, server_hostname="localhost")
        login = b"USER %s\r\nPASS %s\r\n" % (target.user.encode(), target.password.encode())
        _talk(link, login, 2 if target.security == "stls" else 3)
        ends = 0
        tail = b""
        link.sendall(b"".join(b"RETR %d\r\n" % number for number in range(1, target.mails + 1)))
        block = bytearray(1 << 16)
        while ends < target.mails:
            count = link.recv_into(block)
            if not count:
                raise RuntimeError("the server ended the connection")
            piece = tail + block[:count]
            ends += piece.count(b"\r\n.\r\n")
            tail = b"" if piece.endswith(b"\r\n.\r\n") else piece[-4:]
        _talk(link, b"QUIT\r\n", 1)
    return time.monotonic() - began


def _talk(link: socket.socket, commands: bytes, replies: int) -> None:
    link.sendall(commands)
    said = b""
    while said.count(b"\r\n") < replies:
        piece = link.recv(4096)
        if not piece:
            raise RuntimeError("the server ended the connection")
        said += piece
    if said.count(b"+OK") != replies:
        raise RuntimeError("the server said %r" % said)


def _timed(command: list[str], folder: Path) -> float:
    began = time.monotonic()
    subprocess.run(
        command,
        check=True,
        timeout=LIMIT_S,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder), "FETCHMAILHOME": str(folder)},
    )
    return time.monotonic() - began


def _maildir(folder: Path) -> Path:
    mail = folder / "mail"
    for part in ("new", "cur", "tmp"):
        (mail / part).mkdir(parents=True)
    return mail


def _all_came(count: int, target: Target, who: str) -> None:
    if count != target.mails:
        raise RuntimeError("%s fetched %d of %d mails" % (who, count, target.mails))


def mpop_in_ram(target: Target) -> float:
    """mpop as below, on a RAM disk: its `fsync` of each mail costs nothing."""
    return mpop(target, _RAM)


def mpop(target: Target, place: str | None = None) -> float:
    """mpop, pipelined, into a new Maildir."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        mail = _maildir(folder)
        tls = ["--tls=off"]
        if target.security != "plain":
            starttls = "on" if target.security == "stls" else "off"
            tls = ["--tls=on", "--tls-starttls=" + starttls, "--tls-trust-file=" + target.ca]
        took = _timed(
            [
                "mpop",
                "--host=localhost",
                "--port=%d" % target.port,
                "--user=" + target.user,
                "--auth=user",
                *tls,
                "--passwordeval=echo " + target.password,
                "--keep=on",
                "--pipelining=on",
                "--uidls-file=%s/uidls" % folder,
                "--delivery=maildir,%s" % mail,
                "--quiet",
            ],
            folder,
        )
        _all_came(sum(1 for _ in (mail / "new").iterdir()), target, "mpop")
    return took


def curl(target: Target) -> float:
    """curl, one mail after the other, into files."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        scheme = "pop3s" if target.security == "tls" else "pop3"
        tls = [] if target.security == "plain" else ["--ssl-reqd", "--cacert", target.ca]
        took = _timed(
            [
                "curl",
                "--silent",
                "--fail",
                *tls,
                "--user",
                "%s:%s" % (target.user, target.password),
                "%s://localhost:%d/[1-%d]" % (scheme, target.port, target.mails),
                "--output",
                "mail#1",
            ],
            folder,
        )
        _all_came(sum(1 for _ in folder.glob("mail*")), target, "curl")
    return took


def fetchmail(target: Target) -> float:
    """fetchmail, into one BSMTP file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tls = {
            "plain": "sslproto ''",
            "tls": "ssl sslcertck sslcertfile " + target.ca,
            "stls": "sslproto 'auto' sslcertck sslcertfile " + target.ca,
        }[target.security]
        options = folder / ".fetchmailrc"
        options.write_text(
            "poll localhost protocol pop3 port %d auth password no dns uidl\n"
            "  user %s password %s keep fetchall %s bsmtp %s/out\n"
            % (target.port, target.user, target.password, tls, folder)
        )
        options.chmod(0o600)
        pid = "%s/pid" % folder
        took = _timed(["fetchmail", "--silent", "-f", str(options), "--pidfile", pid], folder)
        count = (folder / "out").read_bytes().count(b"\nRCPT TO:")
        _all_came(count, target, "fetchmail")
    return took


def getmail6(target: Target) -> float:
    """getmail6, into a new Maildir."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mail = _maildir(folder)
        if target.security == "stls":
            raise LookupError("getmail6 has no STLS")
        kind = "SimplePOP3SSLRetriever" if target.security == "tls" else "SimplePOP3Retriever"
        owner = ""
        if os.geteuid() == 0:  # it delivers to nobody as root
            owner = "user = nobody\n"
            for path in (folder, mail, *mail.iterdir()):
                shutil.chown(path, "nobody")
        certs = "ca_certs = %s\n" % target.ca if target.ca and target.security == "tls" else ""
        (folder / "getmailrc").write_text(
            "[retriever]\ntype = %s\nserver = localhost\nport = %d\nusername = %s\n"
            "password = %s\n%s[destination]\ntype = Maildir\npath = %s/\n%s"
            "[options]\nread_all = true\ndelete = false\nverbose = 0\nreceived = false\n"
            "delivered_to = false\n"
            % (kind, target.port, target.user, target.password, certs, mail, owner)
        )
        getmail = Path(sys.executable).with_name("getmail")
        took = _timed([str(getmail), "--getmaildir=%s" % folder, "--rcfile=getmailrc"], folder)
        _all_came(sum(1 for _ in (mail / "new").iterdir()), target, "getmail6")
    return took
