"""TLS and STLS on both runtimes: against Dovecot, and against servers that do it wrong."""
from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from firmware.recording import faults
from tests.certificates import Authority, Certificate
from tests.interop.dovecot import Dovecot, reason_to_skip
from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[2]
RUNTIMES = ("cpython", "micropython")
PASSWORD = "s3cret word"
MAILS = [b"Subject: one\r\n\r\n" + text for text in (
    b"hello\r\n", b"".join(b"." * (n % 5) + b"line %d\r\n" % n + b".\r\n" * (n % 3 == 0)
                           for n in range(4000)), (b"A" * 76 + b"\r\n") * 3000)]

needs_dovecot = pytest.mark.skipif(bool(reason_to_skip()), reason=reason_to_skip())


@dataclass
class World:
    """Certificates, and a Dovecot with one of them."""

    root: Authority
    other: Authority
    good: Certificate
    files: Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    root = Authority()
    return World(root, Authority("Other Root"), root.issue("localhost"),
                 tmp_path_factory.mktemp("certificates"))


@dataclass
class Servers:
    """Ports of one Dovecot."""

    dovecot: Dovecot
    plain: int
    tls: int


@pytest.fixture(scope="module")
def dovecot(world: World) -> Iterator[Servers]:
    with Dovecot({"fax": PASSWORD}, "", world.good.write(world.files, "dovecot")) as server:
        server.deliver("fax", MAILS)
        yield Servers(server, server.port, server.tls_port)


def session(runtime: str, port: int, security: str, **changes: Any) -> dict[str, Any]:
    """One session by the device's code; keys of `changes` have '_' for '.'."""
    order: dict[str, Any] = {
        "pop.host": "localhost", "pop.port": port, "pop.security": security, "pop.pin": "",
        "pop.user": "fax", "pop.password": PASSWORD, "pop.allow_plain": False,
        "clock.sntp": "", "pop.connect_s": 60, "pop.reply_s": 60, "pop.silence_s": 60}
    order.update({name.replace("pop_", "pop.").replace("clock_", "clock."): value
                  for name, value in changes.items()})
    order["roots"] = [root.der.hex() for root in order.get("roots", ())]
    path = [str(ROOT / "sim/modules" / runtime), str(ROOT)]
    program = [sys.executable]
    if runtime == "micropython":
        program = [str(micropython_binary.find()), "-X", "heapsize=1m"]
    environment = dict(os.environ, PYTHONPATH=":".join(path),
                       MICROPYPATH=":".join([*path, ".frozen"]))
    done = subprocess.run([*program, "-m", "tests.interop.secure"], cwd=ROOT, env=environment,
                          input=json.dumps(order) + "\n", capture_output=True, text=True,
                          timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert PASSWORD not in done.stdout
    result: dict[str, Any] = json.loads(done.stdout)
    assert result["runtime"] == runtime
    return result


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@needs_dovecot
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("security", ["tls", "stls"])
def test_mails_come_octet_for_octet(dovecot: Servers, world: World, runtime: str,
                                    security: str) -> None:
    port = dovecot.tls if security == "tls" else dovecot.plain
    result = session(runtime, port, security, roots=[world.root])
    assert (result["code"], result["detail"], result["secured"]) == (0, "", True)
    assert result["digests"] == [digest(content) for content in MAILS] and result["quit"]
    assert result["trace"].count("C STLS") == (security == "stls")
    # what the server says it can do is asked under TLS, where STLS is offered no more
    assert result["trace"].count("C CAPA") == 1 and "STLS" not in result["capabilities"]


@needs_dovecot
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_authority_among_others_will_do_and_a_wrong_one_will_not(
        dovecot: Servers, world: World, runtime: str) -> None:
    several = session(runtime, dovecot.tls, "tls", roots=[world.other, world.root])
    assert several["code"] == 0
    for security, port in (("tls", dovecot.tls), ("stls", dovecot.plain)):
        wrong = session(runtime, port, security, roots=[world.other])
        assert wrong["code"] == faults.CERTIFICATE_UNTRUSTED and wrong["digests"] == []
        assert not any(line.startswith("C USER") for line in wrong["trace"])


@needs_dovecot
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_pinned_certificate_needs_no_authority_no_name_and_no_clock(
        dovecot: Servers, world: World, runtime: str) -> None:
    pin = world.good.fingerprint
    right = session(runtime, dovecot.tls, "tls", pop_pin=pin, pop_host="127.0.0.1", clock=0)
    assert right["code"] == 0 and len(right["digests"]) == len(MAILS)
    assert session(runtime, dovecot.plain, "stls", pop_pin=pin)["code"] == 0
    # one digit is another, whatever it was: the key is made anew for each run
    other = ("1" if pin[0] == "0" else "0") + pin[1:]
    wrong = session(runtime, dovecot.tls, "tls", pop_pin=other, roots=[world.root])
    assert wrong["code"] == faults.CERTIFICATE_PIN and wrong["trace"] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_nothing_to_check_by_is_told_before_anything_is_sent(runtime: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        port = listener.getsockname()[1]
        assert session(runtime, port, "tls")["code"] == faults.NO_CERTIFICATES
        with pytest.raises(BlockingIOError):
            listener.accept()


class Server:
    """A server that serves one connection by a script, in a thread; use it in a `with`."""

    def __init__(self, script: Callable[[socket.socket], Any]) -> None:
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(120)
        self.port: int = self._listener.getsockname()[1]
        self.seen = b""
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes a thread that waits for a device
        self._listener.close()
        self._thread.join(10)

    def _run(self) -> None:
        try:
            peer, _address = self._listener.accept()
            peer.settimeout(120)
            with peer:
                self._script(peer)
        except OSError:
            pass  # the device went away, which is what most of these scripts are about


def context(certificate: Certificate, world: World, name: str) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*certificate.write(world.files, name))
    return made


def speak(peer: Any, mails: list[bytes], pieces: Callable[[bytes], list[bytes]]) -> None:
    """POP3 as far as these tests need it; each answer is sent in `pieces`, one TLS record each."""
    answers = {b"CAPA": b"+OK\r\nUSER\r\n.\r\n", b"STAT": b"+OK %d 99\r\n" % len(mails),
               b"QUIT": b"+OK bye\r\n"}
    buffer = b""
    while True:
        while b"\r\n" not in buffer:
            data = peer.recv(1000)
            if not data:
                return
            buffer += data
        line, buffer = buffer.split(b"\r\n", 1)
        verb, _blank, rest = line.partition(b" ")
        answer = answers.get(verb, b"+OK\r\n")
        if verb == b"RETR":
            content = mails[int(rest) - 1]
            answer += re.sub(rb"(?m)^\.", b"..", content) + b".\r\n"
        for piece in pieces(answer):
            peer.sendall(piece)
        if verb == b"QUIT":
            return


def tls_server(world: World, certificate: Certificate, name: str, mails: list[bytes],
               pieces: Callable[[bytes], list[bytes]] = lambda answer: [answer],
               ragged: bool = False, newest: ssl.TLSVersion | None = None) -> Server:
    made = context(certificate, world, name)
    if newest:
        made.maximum_version = newest

    def script(peer: socket.socket) -> None:
        secure = made.wrap_socket(peer, server_side=True)
        secure.sendall(b"+OK ready\r\n")
        speak(secure, mails, pieces)
        if ragged:
            os.close(secure.detach())  # the connection ends without TLS having said so
        else:
            secure.close()

    return Server(script)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("names", "begins", "ends", "code", "words"), [
    (("mail.example.com",), -1, 365, faults.CERTIFICATE_NAME, "not for localhost"),
    (("localhost",), -30, -1, faults.CERTIFICATE_DATE, "expired"),
    (("localhost",), 1, 30, faults.CERTIFICATE_DATE, "not valid yet"),
])
def test_a_certificate_that_does_not_fit_has_its_own_fault(
        world: World, runtime: str, names: tuple[str, ...], begins: int, ends: int, code: int,
        words: str) -> None:
    bad = world.root.issue(*names, begins=begins, ends=ends)
    with tls_server(world, bad, "bad-" + runtime, []) as server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    assert result["code"] == code and words in result["detail"]
    assert result["trace"] == [] and result["sentence"].endswith(result["advice"])


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_dates_are_checked_by_the_boards_own_clock(world: World, runtime: str) -> None:
    for clock, words in ((time.time() - 9 * 86400, "not valid yet"),
                         (time.time() + 400 * 86400, "expired")):
        with tls_server(world, world.good, "clock-" + runtime, []) as server:
            result = session(runtime, server.port, "tls", roots=[world.root], clock=int(clock))
        assert result["code"] == faults.CERTIFICATE_DATE and words in result["detail"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_authority_in_between_rsa_and_a_large_certificate(world: World, runtime: str) -> None:
    between = Authority("Between", world.root)
    for name, certificate in (
            ("between", between.issue("localhost")), ("ip", world.root.issue("127.0.0.1")),
            ("rsa", world.root.issue("localhost", curve=False)),
            ("wild", world.root.issue("*.example.com", "localhost")),
            ("large", world.root.issue("localhost", padding=6000))):
        with tls_server(world, certificate, name + runtime, MAILS[:1]) as server:
            host = "127.0.0.1" if name == "ip" else "localhost"
            result = session(runtime, server.port, "tls", roots=[world.root], pop_host=host)
        assert (result["code"], result["detail"]) == (0, ""), name
        assert result["digests"] == [digest(MAILS[0])]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_records_may_end_anywhere(world: World, runtime: str) -> None:
    def octets(answer: bytes) -> list[bytes]:
        if len(answer) > 1000:
            return [answer[at:at + 1021] for at in range(0, len(answer), 1021)]
        return [bytes([octet]) for octet in answer]

    mail = b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\nend\r\n"
    with tls_server(world, world.good, "octets" + runtime, [mail, MAILS[1]], octets) as server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    assert (result["code"], result["detail"]) == (0, "")
    assert result["digests"] == [digest(mail), digest(MAILS[1])] and result["quit"]


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_answer_counts_when_the_server_then_just_hangs_up(world: World, runtime: str) -> None:
    with tls_server(world, world.good, "ragged" + runtime, MAILS[:1], ragged=True) as server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    assert (result["code"], result["quit"]) == (0, True)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_server_that_breaks_off_inside_a_mail_leaves_it_incomplete(
        world: World, runtime: str) -> None:
    cut = [b"+OK\r\n" + MAILS[2][:50000]]

    def pieces(answer: bytes) -> list[bytes]:
        if len(answer) > 1000:
            raise OSError
        return [answer]

    made = context(world.good, world, "cut" + runtime)

    def script(peer: socket.socket) -> None:
        secure = made.wrap_socket(peer, server_side=True)
        secure.sendall(b"+OK ready\r\n")
        try:
            speak(secure, [MAILS[2]], pieces)
        except OSError:
            secure.sendall(cut[0])
            os.close(secure.detach())

    with Server(script) as server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    assert result["code"] == faults.SERVER_BROKE_OFF and result["digests"] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_octets_that_are_not_tls_in_the_middle_of_a_mail_are_never_taken_for_it(
        world: World, runtime: str) -> None:
    made = context(world.good, world, "forged" + runtime)

    def pieces(answer: bytes) -> list[bytes]:
        if len(answer) > 1000:
            raise OSError
        return [answer]

    def script(peer: socket.socket) -> None:
        secure = made.wrap_socket(peer, server_side=True)
        secure.sendall(b"+OK ready\r\n")
        try:
            speak(secure, [MAILS[2]], pieces)
        except OSError:
            secure.sendall(b"+OK\r\nSubject: x\r\n\r\n")
            with socket.socket(fileno=secure.detach()) as bare:
                bare.sendall(b"\x17\x03\x03\x00\x40" + bytes(64) + b"\r\n.\r\n")
                bare.recv(1000)

    with Server(script) as server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    assert result["code"] == faults.TLS_FAILED and result["digests"] == [], result


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("greeting", [b"+OK POP3 without TLS\r\n",
                                      b"\x15\x03\x01\x00\x02\x02\x28"])
def test_a_server_without_tls_on_its_port_is_a_fault_of_its_own(
        runtime: str, world: World, greeting: bytes) -> None:
    def script(peer: socket.socket) -> None:
        peer.recv(1)
        peer.sendall(greeting)

    with Server(script) as server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    # Windows of time: a reset may overtake what was sent before it
    assert result["code"] in (faults.TLS_FAILED, faults.SERVER_BROKE_OFF), result
    assert result["trace"] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_server_that_never_shakes_hands_is_left_in_time(world: World, runtime: str) -> None:
    with Server(lambda peer: peer.recv(1) and peer.recv(4000) and peer.recv(1)) as server:
        result = session(runtime, server.port, "tls", roots=[world.root], pop_reply_s=1)
    assert result["code"] == faults.SERVER_SILENT and result["trace"] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_server_that_shakes_hands_without_an_end_is_left(world: World, runtime: str) -> None:
    def script(peer: socket.socket) -> None:
        peer.sendall(b"\x16\x03\x03\x40\0")
        while True:
            peer.sendall(b"\0")
            time.sleep(0.2)

    with Server(script) as server:
        result = session(runtime, server.port, "tls", roots=[world.root], pop_reply_s=1)
    assert result["code"] == faults.SERVER_SILENT and result["trace"] == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_old_version_of_tls_is_refused(world: World, runtime: str) -> None:
    with pytest.warns(DeprecationWarning):
        server = tls_server(world, world.good, "old" + runtime, [], newest=ssl.TLSVersion.TLSv1_1)
    with server:
        result = session(runtime, server.port, "tls", roots=[world.root])
    assert result["code"] in (faults.TLS_FAILED, faults.SERVER_BROKE_OFF)


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize(("answer", "code"), [
    (b"-ERR what?\r\n", faults.STLS_NOT_OFFERED),
    (b"+OK begin\r\n+OK logged in\r\n", faults.TAMPERED),
    (b"+OK begin\r\n ", faults.TAMPERED),
    (b"STLS\r\n", faults.PROTOCOL),
])
def test_stls_that_is_refused_or_tampered_with_ends_the_session(
        world: World, runtime: str, answer: bytes, code: int) -> None:
    heard = []

    def script(peer: socket.socket) -> None:
        peer.sendall(b"+OK ready\r\n")
        heard.append(peer.recv(1000))
        peer.sendall(answer)
        heard.append(peer.recv(1000))

    with Server(script) as server:
        result = session(runtime, server.port, "stls", roots=[world.root])
    assert result["code"] == code
    assert heard == [b"STLS\r\n", b""]  # nothing else was said, and nothing behind it


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_octets_that_come_in_clear_after_stls_are_never_taken_for_answers(
        world: World, runtime: str) -> None:
    def script(peer: socket.socket) -> None:
        peer.sendall(b"+OK ready\r\n")
        peer.recv(1000)
        peer.sendall(b"+OK begin\r\n")
        time.sleep(0.2)
        peer.sendall(b"+OK\r\nUSER\r\n.\r\n")
        peer.recv(2000)

    with Server(script) as server:
        result = session(runtime, server.port, "stls", roots=[world.root])
    # on a slow machine they have come before the answer to STLS is looked at
    assert result["code"] in (faults.TLS_FAILED, faults.SERVER_BROKE_OFF, faults.TAMPERED)
    assert not any(line.startswith("C USER") for line in result["trace"])


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_plain_is_refused_until_somebody_allows_it(runtime: str) -> None:
    heard = []

    def script(peer: socket.socket) -> None:
        peer.sendall(b"+OK ready\r\n")
        speak(peer, [], lambda answer: [answer])
        heard.append(True)

    with Server(script) as server:
        refused = session(runtime, server.port, "plain")
        assert refused["code"] == faults.PLAIN_REFUSED and refused["trace"] == []
        allowed = session(runtime, server.port, "plain", pop_allow_plain=True)
    assert allowed["code"] == 0 and not allowed["secured"] and heard == [True]


class TimeServer:
    """An SNTP server on loopback; `change` alters an answer."""

    def __init__(self, change: Callable[[bytearray], bytes | None] = bytes) -> None:
        self._change = change
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.place = "127.0.0.1:%d" % self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> TimeServer:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        ender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ender.sendto(b"", self._socket.getsockname())
        ender.close()
        self._thread.join(10)
        self._socket.close()

    def _run(self) -> None:
        while True:
            question, peer = self._socket.recvfrom(100)
            if not question:
                return
            seconds = int(time.time()) + 2208988800 & 0xFFFFFFFF
            answer = bytearray(struct.pack("!BBBb", 0x24, 2, 6, -20) + bytes(20) + question[40:48]
                               + bytes(8) + struct.pack("!II", seconds, 0))
            changed = self._change(answer)
            if changed is not None:
                self._socket.sendto(changed, peer)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_the_clock_is_set_before_the_first_tls_connection(world: World, runtime: str) -> None:
    with TimeServer() as clock, tls_server(world, world.good, "sntp" + runtime, []) as server:
        result = session(runtime, server.port, "tls", roots=[world.root], clock=0,
                         clock_sntp=clock.place)
    assert (result["code"], result["detail"]) == (0, "")
    assert abs(result["clock"] - time.time()) < 300  # however slow


def _other_question(answer: bytearray) -> bytes:
    answer[24] ^= 1
    return bytes(answer)


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_clock_that_could_not_be_set_is_a_fault_of_its_own(world: World, runtime: str) -> None:
    with TimeServer(_other_question) as clock:
        result = session(runtime, 1, "tls", roots=[world.root], clock=0, clock_sntp=clock.place)
    assert result["code"] == faults.CLOCK_NOT_SET and "another question" in result["detail"]
    assert result["clock"] == 0
