"""Python's own POP3 client as an oracle."""
from __future__ import annotations

import io
import poplib
import re


def by_poplib(octets: bytes) -> bytes:
    """The mail that these octets hold. It takes the dot off an unstuffed line, which we keep."""
    client = poplib.POP3.__new__(poplib.POP3)
    client._debugging = 0
    # its rule for a lone dot in front: one dot off, whatever follows
    kept = re.sub(rb"(^|\r\n)\.(?=[^.\r])", rb"\1..", octets)
    kept = re.sub(rb"(^|\r\n)\.(?=\r[^\n])", rb"\1..", kept)
    client.file = io.BytesIO(b"+OK\r\n" + kept)
    return b"".join(line + b"\r\n" for line in client._getlongresp()[1])
