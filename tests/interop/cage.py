"""A Debian package's mail server, run without being installed: its files lie over those of this
machine in a mount namespace of its own, with its own accounts, processes and network.

Started as `python -m tests.interop.cage ORDER` (JSON) by `tests/interop/servers.py`; says the
port it listens on at 127.0.0.1.
"""
from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from typing import Any

_NEW_MOUNTS, _NEW_PROCESSES, _NEW_NETWORK = 0x00020000, 0x20000000, 0x40000000
_SET_FLAGS, _UP = 0x8914, 0x1

INSIDE = ("127.0.0.1", 110)  # where a server listens that runs by itself

_MOUNTS = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
mkdir /mnt/up /mnt/work /mnt/root /mnt/tree
cp -a "$TREE/." /mnt/tree/
mount -t overlay overlay -o lowerdir=/mnt/tree:/,upperdir=/mnt/up,workdir=/mnt/work /mnt/root
cd /mnt/root
mount --bind /dev dev
mount -t proc proc proc
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p var/mail srv/fax var/lib/popa3d
mount --bind "$PLACE/mail" var/mail
mount --bind "$PLACE/home" srv/fax
cp "$PLACE"/etc/passwd "$PLACE"/etc/shadow "$PLACE"/etc/group etc/
cp "$PLACE"/conf/* etc/ 2>/dev/null || true
for service in popa3d solid-pop3d other mu-pop3d pop3; do
  cp "$PLACE/etc/pam" etc/pam.d/$service
done
ldconfig -r .
"""


def enter(order: dict[str, Any]) -> None:
    """Into the cage. Raises OSError, CalledProcessError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_MOUNTS | _NEW_PROCESSES | _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "no namespaces of its own")
    child = os.fork()
    if child:  # this one stays outside; when it ends, all inside ends
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) & 255)
    libc.prctl(1, signal.SIGKILL)
    _loopback_up()
    environment = dict(os.environ, TREE=order["tree"], PLACE=order["place"])
    subprocess.run(["sh", "-c", _MOUNTS], env=environment, check=True)
    os.chroot("/mnt/root")
    os.chdir("/")


def _loopback_up() -> None:
    """`ip link set lo up`, where there may be no `ip`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        fcntl.ioctl(probe, _SET_FLAGS, struct.pack("16sh22x", b"lo", _UP))


def serve(listener: socket.socket, order: dict[str, Any]) -> None:
    """Give every connection to a process of its own, or to the server inside."""
    while True:
        peer, _address = listener.accept()
        if order["command"]:
            line = peer.fileno()
            subprocess.Popen(order["command"], stdin=line, stdout=line, stderr=sys.stderr,
                             env=dict(os.environ, **order["environment"]))
        else:
            if order["each"]:
                subprocess.run(["sh", "-c", order["each"]], check=True, stdout=sys.stderr)
            inner = socket.create_connection(INSIDE)
            for pair in ((peer, inner), (inner, peer)):
                threading.Thread(target=_copy, args=pair, daemon=True).start()
            continue
        peer.close()


def _wait_until_it_listens() -> None:
    """Raises OSError."""
    until = time.monotonic() + 120
    while True:
        try:
            socket.create_connection(INSIDE).close()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _copy(source: socket.socket, sink: socket.socket) -> None:
    try:
        while octets := source.recv(65536):
            sink.sendall(octets)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        sink.close()


def main() -> None:
    """Run until killed."""
    order = json.loads(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    enter(order)
    if order["before"]:
        subprocess.run(["sh", "-c", order["before"]], check=True, stdout=sys.stderr)
    if not order["command"]:
        _wait_until_it_listens()
    sys.stdout.write("%d\n" % listener.getsockname()[1])
    sys.stdout.flush()
    serve(listener, order)


if __name__ == "__main__":
    main()
