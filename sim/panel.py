"""The operation panel: a 2 x 20 character display behind an HD44780-compatible I2C controller
(US2066), and the keys.
"""

from __future__ import annotations

COLUMNS = 20
_ROW_ADDRESSES = (0x00, 0x40)
_CLEAR = 0x01
_HOME_MASK = 0xFE
_HOME = 0x02
_SET_ADDRESS = 0x80
_CONTINUATION = 0x80
_IS_DATA = 0x40
_KEY_READS = (
    4  # a short press is seen by this many readings: enough for any debouncing of two or three
)


class Display:
    """Decodes what is written over I2C into two rows of text."""

    def __init__(self) -> None:
        self._cells = bytearray(b" " * 0x80)
        self._address = 0

    @property
    def rows(self) -> tuple[str, str]:
        """The two rows as they stand, 20 characters each."""
        upper, lower = (self._cells[at : at + COLUMNS].decode("latin-1") for at in _ROW_ADDRESSES)
        return upper, lower

    def write(self, data: bytes) -> None:
        """One I2C write: control octets (Co, D/C) with what they announce."""
        at = 0
        while at + 1 < len(data):
            control = data[at]
            end = at + 2 if control & _CONTINUATION else len(data)
            for octet in data[at + 1 : end]:
                if control & _IS_DATA:
                    self._put(octet)
                else:
                    self._command(octet)
            at = end

    def _put(self, octet: int) -> None:
        self._cells[self._address] = octet
        self._address = (self._address + 1) & 0x7F

    def _command(self, command: int) -> None:
        if command & _SET_ADDRESS:
            self._address = command & 0x7F
        elif command == _CLEAR:
            self._cells[:] = b" " * 0x80
            self._address = 0
        elif command & _HOME_MASK == _HOME:
            self._address = 0


class Keys:
    """Keys that pull their line low while they are held."""

    NAMES = ("start", "stop", "function")

    def __init__(self) -> None:
        self._readings = dict.fromkeys(self.NAMES, 0)
        self._held: set[str] = set()

    def press(self, name: str) -> None:
        """Hold a key down. Raises KeyError for a key that is not there."""
        self._readings[name] = 0
        self._held.add(name)

    def release(self, name: str) -> None:
        """Let a key go."""
        self._held.discard(name)

    def tap(self, name: str) -> None:
        """Press a key for as long as it takes to be seen. Raises KeyError for a key that is not
        there.
        """
        self._readings[name] += _KEY_READS

    def level(self, name: str) -> int:
        """The line's level at one reading: 0 while pressed."""
        if name in self._held:
            return 0
        if self._readings[name]:
            self._readings[name] -= 1
            return 0
        return 1
