"""A line editor for a VT100: octets in, what to send to the terminal out. It does no input or
output of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = const(200)  # characters of a line
_HISTORY = const(8)  # lines
_COLUMNS = const(79)
_SECRETS = ("password ", "token ")  # what follows is shown as asterisks
_NEVER_KEPT = ("pass", "token")

_CONTROLS = {
    1: "home",
    2: "left",
    3: "cancel",
    4: "delete",
    5: "end",
    6: "right",
    8: "rubout",
    9: "complete",
    10: "enter",
    11: "kill",
    13: "enter",
    14: "down",
    16: "up",
    21: "clear",
    23: "word",
    127: "rubout",
}
_FINALS = {"A": "up", "B": "down", "C": "right", "D": "left", "F": "end", "H": "home"}
_NUMBERS = {"1": "home", "3": "delete", "4": "end", "7": "home", "8": "end"}


class LineEditor:
    """One line at a time: `start`, then `feed` octets until `done`; then the text is in `line`.

    :param complete: gives the words that a first word may become
    """

    def __init__(self, prompt: str, complete: Callable[[str], list[str]]) -> None:
        self.line = ""
        self.done = False
        self._prompt = prompt
        self._complete = complete
        self._at = 0
        self._history: list[str] = []
        self._shown = 0  # line of the history that is shown, counted from the newest; 0: a new one
        self._escape = ""
        self._character = b""
        self._after_return = False

    def start(self) -> str:
        """Begin an empty line."""
        self._show("")
        self._shown = 0
        self.done = False
        return self._redrawn()

    def feed(self, octet: int) -> str:
        """Take one octet; returns what to send to the terminal."""
        after_return, self._after_return = self._after_return, octet == 13
        if octet == 10 and after_return:
            return ""
        if self._escape or octet == 27:
            return self._sequence(octet)
        if octet < 32 or octet == 127:
            self._character = b""
            return self._act(_CONTROLS.get(octet, ""))
        return self._typed(octet)

    def remember(self, line: str) -> None:
        """Keep the line for the up key, unless a secret may stand in it."""
        secret = any(word in line.lower() for word in _NEVER_KEPT)
        if line and not secret and line not in self._history[-1:]:
            self._history.append(line)
            del self._history[:-_HISTORY]

    def _typed(self, octet: int) -> str:
        """Gather the octets of one UTF-8 character and insert it."""
        self._character = (
            self._character + bytes([octet]) if octet & 0xC0 == 0x80 else bytes([octet])
        )
        first = self._character[0]
        wanted = 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        if len(self._character) < wanted:
            return ""
        try:
            text = self._character.decode()
        except UnicodeError:
            return ""
        if len(self.line) >= _LONGEST:
            return "\a"
        at_end = self._at == len(self.line)
        self._show(self.line[: self._at] + text + self.line[self._at :], self._at + 1)
        if at_end and len(self._prompt) + self._at < _COLUMNS:
            return self._masked()[-1:]
        return self._redrawn()

    def _sequence(self, octet: int) -> str:
        """ESC [ digits letter, ESC O letter; all others are dropped."""
        self._escape += chr(octet)
        text = self._escape
        if (
            len(text) == 1
            or text in ("\x1b[", "\x1bO")
            or (octet in b"0123456789;" and len(text) < 8)
        ):
            return ""
        self._escape = ""
        if text[-1] == "~":
            return self._act(_NUMBERS.get(text[2:3], ""))
        return self._act(_FINALS.get(text[-1], "") if len(text) > 2 else "")

    def _act(self, key: str) -> str:
        if key == "enter":
            self.done = True
            return "\r\n"
        if key == "cancel":
            return "^C\r\n" + self.start()
        if key == "complete":
            return self._completed()
        if key in ("up", "down"):
            self._browse(1 if key == "up" else -1)
        elif key in ("home", "end", "left", "right"):
            self._move(key)
        elif key:
            self._cut(key)
        else:
            return ""
        return self._redrawn()

    def _move(self, key: str) -> None:
        at, end = self._at, len(self.line)
        self._at = {"home": 0, "end": end, "left": max(0, at - 1), "right": min(end, at + 1)}[key]

    def _cut(self, key: str) -> None:
        """Take out what the key takes out, before or behind the cursor."""
        before, behind = self.line[: self._at], self.line[self._at :]
        if key == "rubout":
            before = before[:-1]
        elif key == "delete":
            behind = behind[1:]
        elif key == "kill":
            behind = ""
        elif key == "clear":
            before = ""
        else:
            before = before.rstrip(" ")
            before = before[: before.rfind(" ") + 1]
        self._show(before + behind, len(before))

    def _browse(self, step: int) -> None:
        shown = self._shown + step
        if 0 <= shown <= len(self._history):
            self._shown = shown
            self._show(self._history[-shown] if shown else "")

    def _completed(self) -> str:
        """Complete the first word, as far as it is certain; else list what it may become."""
        if " " in self.line or self._at < len(self.line):
            return ""
        names = self._complete(self.line)
        if not names:
            return "\a"
        if len(names) == 1:
            self._show(names[0] + " ")
            return self._redrawn()
        length = len(self.line)
        while all(name[: length + 1] == names[0][: length + 1] for name in names) and length < len(
            names[0]
        ):
            length += 1
        listed = (
            "" if length > len(self.line) else "\r\n# " + "  ".join(names)[: _COLUMNS - 2] + "\r\n"
        )
        self._show(names[0][:length])
        return listed + self._redrawn()

    def _show(self, line: str, at: int = -1) -> None:
        self.line = line
        self._at = len(line) if at < 0 else at

    def _masked(self) -> str:
        for word in _SECRETS:
            found = self.line.find(word)
            if found >= 0:
                found += len(word)
                return self.line[:found] + "*" * (len(self.line) - found)
        return self.line

    def _redrawn(self) -> str:
        """Prompt and line anew; a line too long for the screen is shown from where the cursor is
        in sight.
        """
        room = _COLUMNS - len(self._prompt)
        left = max(0, self._at - room)
        text = self._masked()[left : left + room]
        back = left + len(text) - self._at
        return "\r%s%s\x1b[K%s" % (self._prompt, text, "\x1b[%dD" % back if back else "")
