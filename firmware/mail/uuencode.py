"""Files that stand uuencoded in a text, as mailers sent them before MIME. In memory while one is
read.
"""
from __future__ import annotations

from micropython import const

_NO_END = "its uuencode coding has no end"
_LONGEST = const(256)  # octets of a line; the coding has 61 and perhaps a check sum
_ROOM = const(512)  # decoded in one step: some milliseconds
_TYPES = {
    "tif": "image/tiff", "tiff": "image/tiff", "txt": "text/plain", "csv": "text/csv",
    "pdf": "application/pdf", "htm": "text/html", "html": "text/html", "jpg": "image/jpeg",
    "gif": "image/gif", "png": "image/png",
}


def file_name(line: bytes) -> str:
    """The file's name in the line `begin MODE NAME`; '' when it is no such line."""
    words = line.strip().split(None, 2)
    if len(words) < 3 or words[0] != b"begin" or len(words[1]) not in (3, 4):
        return ""
    if any(octet not in b"01234567" for octet in words[1]):
        return ""
    return str(bytes([octet if 32 <= octet < 127 else 63 for octet in words[2][:128]]), "utf-8")


def type_of(name: str) -> str:
    """The content type that a file's name tells of."""
    return _TYPES.get(name.lower().rsplit(".", 1)[-1], "application/octet-stream")


class Decoder:
    """Decodes one file. Lines that are too short end in blanks that were lost; what stands behind
    the coded octets of a line is passed over.
    """

    def __init__(self) -> None:
        self.damage = _NO_END
        self.ended = False
        self.made = 0  # octets in `view`, from the last `decode`
        self.view = memoryview(bytearray(_ROOM))

    def decode(self, octets: bytearray, start: int, stop: int, last: bool) -> int:
        """Decode lines of octets[start:stop]; returns how far. `last`: the part ends there.

        `ended` at a line that is none of the file, with nothing decoded in that call.
        """
        self.made = 0
        while start < stop and self.made < _ROOM - 64:
            limit = min(stop, start + _LONGEST)
            behind = octets.find(b"\n", start, limit) + 1
            if not behind and not last and limit - start < _LONGEST:
                break
            behind = behind or limit
            line = bytes(memoryview(octets)[start:behind]).rstrip(b"\r\n")
            ends = line.rstrip() == b"end"
            if ends or not _is_coded(line):
                if not self.made:
                    self.ended = True
                    self.damage = "" if ends else _NO_END
                    return behind if ends else start
                break
            self._line(line)
            start = behind
        return start

    def _line(self, line: bytes) -> None:
        view, made = self.view, self.made
        count = (line[0] - 32) & 63 if line else 0
        held = bits = at = 0
        while count:
            at += 1
            held = (held << 6 | ((line[at] - 32) & 63 if at < len(line) else 0)) & 0xFFFF
            bits += 6
            if bits >= 8:
                bits -= 8
                view[made] = held >> bits & 255
                made += 1
                count -= 1
        self.made = made


def _is_coded(line: bytes) -> bool:
    if len(line) > _LONGEST or any(not 32 <= octet <= 96 for octet in line):
        return False
    # the octets that its first character counts may have lost blanks, and be followed by some more
    return not line or len(line) <= 1 + ((line[0] - 32 & 63) + 2) // 3 * 4 + 4
