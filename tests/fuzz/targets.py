"""What is fuzzed. A target is a coroutine function of octets, on either runtime, that raises when
they bring out something wrong.

A further one is a row here.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence
    from typing import Any


class Target:
    """A coroutine function of octets, 'module:name', and pieces that its inputs are made of.

    :param sound: function of the same module that gives sound inputs, '' for none
    :param loops: it wants an event loop
    :param alone: it wants CPython
    """

    def __init__(self, place: str, pieces: Sequence[bytes], sound: str = "",
                 loops: bool = False, alone: bool = False) -> None:
        self.pieces = pieces
        self.loops = loops
        self.alone = alone
        self._module, _, self._name = place.partition(":")
        self._sound = sound
        self._made: list[bytes] | None = None

    def load(self) -> Callable[[bytes], Coroutine[Any, Any, None]]:
        """The coroutine function."""
        function: Callable[[bytes], Coroutine[Any, Any, None]] = self._attribute(self._name)
        return function

    def sound(self) -> list[bytes]:
        """Inputs that bring out nothing wrong, to be damaged."""
        if self._made is None:
            self._made = list(self._attribute(self._sound)()) if self._sound else []
        return self._made

    def _attribute(self, name: str) -> Any:
        return getattr(__import__(self._module, None, None, (name,)), name)


_LINES = (b"+OK\r\n", b"+OK ", b"-ERR ", b"\r\n", b"\n", b"\r", b".", b"..", b".\r\n",
          b"\r\n.\r\n", b"\n.\n",
          b"1 100\r\n", b"2 200\r\n", b"1 abc\r\n", b"1  x\r\n", b"9" * 20, b"x" * 500,
          b"\0", b"\xff", b" ", b"\t", b"[IN-USE] ", b"[", b"]", b"<1@a>")
_SESSION = [b"+OK <1.2@host>\r\n", b"+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\n.\r\n",
            b"+OK\r\n", b"+OK 2 300\r\n", b"+OK\r\n1 100\r\n2 200\r\n.\r\n",
            b"+OK\r\n1 a\r\n2 b\r\n.\r\n", b"+OK\r\nFrom: a\r\n\r\nhi\r\n.\r\n",
            b"-ERR\r\n", b".\r\n"]
_SESSION += _LINES
_MIME = (b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b", b"--bb", b"--b--", b"\r\n--b\r\n",
         b"\n--bb\n", b"\r\n--b--\r\n", b" ", b"\t", b":", b";", b"=", b'"', b"x",
         b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Type: message/rfc822\n\n",
         b'Content-Type: multipart/alternative; boundary="bb"\n', b"Content-Type: text/plain\n",
         b"Content-Type: image/tiff\r\n", b"Content-Transfer-Encoding: base64\r\n",
         b"Content-Transfer-Encoding: quoted-printable\n", b"QUJD", b"QQ==", b"=41", b"=\r\n",
         b"Content-Disposition: attachment; filename*0*=utf-8''a%", b"SUkqAAgAAAA=", b"From: ",
         b"Subject: ", b"=?utf-8?Q?", b"?=", b"<a@b>", b" folded", b"\0\xff", b"y" * 90,
         b"z" * 1100, b"\x0c", b"\xc3", b"\xa4", b"\xef\xbb\xbf", b"II*\0\x08\0\0\0", b"%PDF-")
_STRIP = (b"\0\2\0", b"\1\3\0", b"\2\4\1", b"\3\5\2", b"\7\6\x11", b"\0\x10\1", b"\0\1", b"\xff",
          b"\0", b"\x35", b"\x4d\x9a\x80", b"\x26\xa0", b"\x5e", b"\x81", b"\xaa", b"\x03\x0f")
_TIFF = [b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"\x06\0", b"\0\1\3\0\1\0\0\0\x40\0\0\0",
         b"\1\1\3\0\1\0\0\0\x08\0\0\0", b"\3\1\3\0\1\0\0\0\4\0\0\0",
         b"\x11\1\4\0\1\0\0\0\x80\0\0\0", b"\x16\1\4\0\1\0\0\0\2\0\0\0",
         b"\x17\1\4\0\1\0\0\0\x20\0\0\0", b"\x0a\1\3\0\1\0\0\0\2\0\0\0",
         b"\0\0\0\0", b"\xff\xff\xff\xff"]
_TIFF += _STRIP

TARGETS = {
    "reply": Target("tests.fuzz.pop3:reply", _LINES, "replies"),
    "listing": Target("tests.fuzz.pop3:listing", _LINES),
    "body": Target("tests.fuzz.pop3:body", _LINES, "bodies"),
    "visit": Target("tests.fuzz.visits:visit", _SESSION, "conversations", True),
    "mime": Target("tests.fuzz.mail:mime", _MIME, "mails"),
    "header": Target("tests.fuzz.mail:header", _MIME),
    "charset": Target("tests.fuzz.mail:charset", _MIME),
    "mail": Target("tests.fuzz.whole:whole_mail", _MIME, "mails", True, True),
    "ccitt": Target("tests.faults.fuzz_fax:ccitt", _STRIP, "seeds"),
    "tiff": Target("tests.faults.fuzz_fax:tiff", _TIFF, "files"),
}
