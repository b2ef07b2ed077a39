"""SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), without channel binding."""
from __future__ import annotations

import hashlib
import os
from binascii import a2b_base64
from typing import TYPE_CHECKING

from micropython import const

from firmware.pop3.auth.hashes import hmac, pbkdf2
from firmware.pop3.auth.sasl import Sasl, base64, escaped
from firmware.pop3.parsing import is_printable
from firmware.recording.faults import NO_LOGIN_METHOD, PROTOCOL, SERVER_FALSE, Fault

if TYPE_CHECKING:
    from typing import Any

    from firmware.pop3.auth.login import Login

MOST_ROUNDS = const(100000)  # about half a minute at 125 MHz
# RFC 7677 section 4. Fewer make it easier to try passwords out on what was overheard.
LEAST_ROUNDS = const(4096)
_NONCE_OCTETS = const(18)
_KEY_OCTETS = const(16)
_KEPT = const(4)  # mailboxes


def fresh_nonce() -> bytes:
    """Printable and never the same again."""
    return base64(os.urandom(_NONCE_OCTETS))


def prepared(text: bytes) -> bytes:
    """`text` as SCRAM wants it (RFC 5802 section 5.1). Raises Fault NOT_CONFIGURED."""
    if is_printable(text):
        return text
    from firmware.pop3.auth import saslprep

    return saslprep.prepared(text)


class Client:
    """The client's side, free of any connection: `first`, then `challenge`, `final`, `verify`.

    :param new: the constructor of the hash
    :param user: UTF-8, prepared already; so is the password
    """

    def __init__(self, new: Any, user: bytes, nonce: bytes) -> None:
        self._new = new
        self._nonce = nonce
        self._bare = b"n=" + escaped(user) + b",r=" + nonce
        self._said = b""
        self._both = b""  # the nonces of both sides
        self._signature = b""
        self.salt = b""
        self.rounds = 0

    def first(self) -> tuple[bytes, bytes]:
        """The client's first message, in pieces."""
        return b"n,,", self._bare

    def challenge(self, said: bytes) -> None:
        """Read the server's first message. Raises Fault PROTOCOL, SERVER_FALSE."""
        self._said = said
        fields = said.split(b",")
        if len(fields) < 3 or any(fields[at][:2] != (b"r=", b"s=", b"i=")[at] for at in range(3)):
            raise Fault(PROTOCOL, "SCRAM: not a server's first message")
        self._both, count = fields[0][2:], fields[2][2:]
        if not self._both.startswith(self._nonce) or self._both == self._nonce:
            raise Fault(SERVER_FALSE, "it does not answer our nonce")
        try:
            self.salt = a2b_base64(fields[1][2:])
        except ValueError:
            self.salt = b""
        if not self.salt or not count.isdigit() or count[:1] == b"0" or len(count) > 9:
            raise Fault(PROTOCOL, "SCRAM: salt or count of rounds missing")
        self.rounds = int(count)

    def final(self, salted: bytes) -> tuple[bytes, bytes, bytes]:
        """The client's final message, in pieces; the last is the proof.

        :param salted: the salted password
        """
        new = self._new
        without_proof = b"c=biws,r=" + self._both
        whole = self._bare + b"," + self._said + b"," + without_proof
        key = hmac(new, salted, b"Client Key")
        seal = hmac(new, new(key).digest(), whole)
        self._signature = hmac(new, hmac(new, salted, b"Server Key"), whole)
        proof = bytes([key[at] ^ seal[at] for at in range(len(key))])
        return without_proof, b",p=", base64(proof)

    def verify(self, said: bytes | None) -> None:
        """Read the server's final message, None for none. Raises Fault SERVER_FALSE."""
        if said is None or said.split(b",")[0] != b"v=" + base64(self._signature):
            raise Fault(SERVER_FALSE, "its SCRAM signature is %s"
                        % ("missing" if said is None else "wrong"))


async def run(who: Login) -> None:
    """Log in by the mechanism `who.name`. Raises Refused, Fault SERVER_FALSE, NO_LOGIN_METHOD."""
    new = hashlib.sha1 if who.name == "scram-sha-1" else hashlib.sha256
    client = Client(new, prepared(who.user), fresh_nonce())
    sasl = Sasl(who.session, who.name.upper().encode())
    said = await sasl.open(*client.first())
    if said is None:
        who.session.close()
        raise Fault(SERVER_FALSE, "it wants no proof")
    said = await sasl.decoded(said)
    try:
        client.challenge(said)
        _check_rounds(who, client.rounds)
    except Fault as fault:
        await sasl.give_up(fault.code, fault.detail)
    message = client.final(await _salted(who, new, client))
    who.session.hide(message[-1])
    last = await sasl.answer(*message)
    await _finish(who, client, sasl, None if last is None else await sasl.decoded(last))


async def _salted(who: Login, new: Any, client: Client) -> bytes:
    """The salted password, reckoned once for as long as salt, rounds and password stay the same
    (RFC 5802 section 5.1 advises so): on a small machine that is seconds a visit.
    """
    password, kept = prepared(who.password), who.session.salted
    what = b"%s %d %d " % (who.name.encode(), client.rounds, len(client.salt))
    key = hashlib.sha256(what + client.salt + password).digest()[:_KEY_OCTETS]
    if key not in kept:
        salted = await pbkdf2(new, password, client.salt, client.rounds)
        if len(kept) >= _KEPT:
            kept.clear()
        kept[key] = salted
    return kept[key]


async def _finish(who: Login, client: Client, sasl: Sasl, last: bytes | None) -> None:
    if last is not None and last[:2] == b"e=":
        await sasl.answer()  # the refusal, in its proper form
    try:
        client.verify(last)
    except Fault:
        who.session.close()  # who claims to know the password and does not shall hear no more
        raise
    if await sasl.answer(last=True) is not None:
        await sasl.give_up(PROTOCOL, "the server asks on after all was said")


def _check_rounds(who: Login, rounds: int) -> None:
    if rounds > MOST_ROUNDS:
        raise Fault(NO_LOGIN_METHOD, "the server wants %d rounds of %s, %d are the most"
                    % (rounds, who.name, MOST_ROUNDS))
    if rounds < LEAST_ROUNDS and not who.session.secured:
        raise Fault(NO_LOGIN_METHOD, "the server wants only %d rounds of %s; without TLS %d are "
                    "the least" % (rounds, who.name, LEAST_ROUNDS))
