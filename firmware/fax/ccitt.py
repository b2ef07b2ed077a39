"""CCITT lines out of coded octets, damage included: the driver around the decoder core."""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

from firmware.fax import ccitt_core as core
from firmware.fax import ccitt_rare
from firmware.fax.lines import CROWDED, DONE, DOUBT, FULL, GO_ON, MORE, LineQueue

if TYPE_CHECKING:
    from firmware.fax.buffers import FaxBuffers
    from firmware.fax.coded import Coded

MH_PLAIN = const(0)  # TIFF compression 2: no EOL, each line begins with an octet
MH = const(1)  # T.4 one-dimensional
MR = const(2)  # T.4 two-dimensional
MMR = const(3)  # T.6
MH_BARE = const(4)  # T.4 one-dimensional lines one behind the other, no EOL

_P = const(0)
_BITS = const(1)
_ACC = const(2)
_A0 = const(3)
_NEXT = const(4)
_BASE = const(5)
_LIMIT = const(6)
_WIDTH = const(7)
_STEP = const(8)
_B1 = const(9)
_REF = const(10)
_ROWS = const(12)
_START = const(13)
_AFTER = const(14)
_ALIGN = const(15)
_SIZE = const(24)
_NARROW = const(25)
_AHEAD = const(64)  # elements that may come without further input, and more
_CROWDED = const(6)  # beside what the core answers: the line has more elements than there is room

DAMAGED = "the coding is damaged"
_2D = const(0)
_LINE = const(16)
_EOL = const(32)
_TAG = const(64)
_JUDGED = const(32)  # bad lines of a page of which it is looked at why they are bad
_CODES = const(256)  # looked up of each: some milliseconds
_RUNS = const(1024)  # tables, see buffers.py
_LONG = const(3072)
_ONE = const(32768)
_EXTENDED = const(15)  # of 12 bits: the code that begins uncompressed mode in a line of runs
_WITHIN = const(35)  # steps that are no line's begin: runs of horizontal mode, and an EOL


class CcittDecoder(LineQueue):
    """Decodes strips of MH, MR and MMR."""

    def __init__(self, buffers: FaxBuffers, coded: Coded) -> None:
        super().__init__(buffers, coded)
        self._lost = False  # MR: no reference line until the next 1-D line
        self._eols = 0  # EOLs in a row, without a line between
        self._eols_at = -1
        self._bad_at = -1  # rows left at the last bad line, and how many came one after the other
        self._run = 0
        self._scheme = MMR

    def begin_strip(self, scheme: int, rows: int) -> None:
        """Begin a strip of at most `rows` lines, after `coded.begin`."""
        super().begin_strip(scheme, rows)
        state = self._state
        self._scheme = scheme
        self.hunting = self._lost = False
        self._eols = 0
        self._eols_at = self._bad_at = -1
        state[_ALIGN] = 7 if scheme == MH_PLAIN else 0
        state[_START] = state[_STEP] = (_LINE, _EOL, _EOL, _2D, _LINE)[scheme]
        state[_AFTER] = _TAG if scheme == MR else _LINE

    def decode(self) -> int:
        """Go on: MORE, FULL, DONE or DOUBT."""
        why = GO_ON
        while why == GO_ON:
            why = self._find_line() if self.hunting else core.READY
            if why == core.READY:
                why = self._decode()
            why = self.judge(why)
        return why

    def _decode(self) -> int:
        """What the core answers, or CROWDED; where a line may have more elements than there is
        room for, it gets only as much input as is sure to fit (the proof is there).
        """
        state = self._state
        limit = state[_LIMIT]
        if state[_NARROW]:
            stop, step = state[_SIZE], state[_STEP]
            modes = step < _LINE or (step >= _EOL and self._scheme == MR)
            if modes and state[_B1] > state[_NEXT]:
                stop = state[_B1]
            room = stop - state[_NEXT] - _AHEAD >> 3 & -2
            if room <= 0:
                return _CROWDED
            state[_LIMIT] = min(limit, state[_P] + room)
        why = core.decode(0, 0, state, self._input, self._elements, self._tables)
        state[_LIMIT] = limit
        return why

    def judge(self, why: int) -> int:
        """See `LineQueue.judge`."""
        if why == core.FULL:
            return FULL if self._state[_ROWS] else DONE
        if why == core.MORE and self._state[_P] < self._state[_LIMIT]:
            return GO_ON
        if self._coded.ended:
            return self._ended(why)
        if why == core.MORE:
            return MORE
        at_eol = self._at_eol()
        if self.suspect and (not at_eol or self._nothing_yet()):
            self.suspect = False
            return DOUBT
        why = self._end_of_data() if at_eol else self._damage(why)
        if why == core.READY:
            return GO_ON
        return FULL if why == core.FULL and self._state[_ROWS] else DONE

    def _ended(self, why: int) -> int:
        """The data are used up; what is left in the padding is at most the end mark: DONE, DOUBT.
        """
        if self.beyond or self.reason or not self._state[_ROWS]:
            return DONE
        whole = self._state[_STEP] == _EOL or (why == core.BAD and self._at_eol())
        if self._coded.cut:
            self.reason = "the file ends early"
        elif self.hunting:
            self.reason = DAMAGED
        elif not whole:
            self.reason = "the data end early"
        if not self.reason or not self.suspect:
            return DONE
        self.suspect = False
        self.reason = ""
        return DOUBT

    def _nothing_yet(self) -> bool:
        """True where MMR data end before their first row."""
        return self._scheme == MMR and self._state[_ROWS] == self._rows

    def _at_eol(self) -> bool:
        """True when the current line has not begun and an EOL, or fill, comes next."""
        state = self._state
        if state[_STEP] & _WITHIN or state[_NEXT] != state[_BASE]:
            return False
        bits = state[_BITS]
        word = state[_ACC] << 16
        if bits < 12:
            word |= self._input[state[_P]] << 8 | self._input[state[_P] + 1]
        return state[_A0] == 0 and not (word >> bits + 4) & 4094

    def _end_of_data(self) -> int:
        """An EOL where a line should begin: EOFB (T.6 §2.4.1.1), RTC (T.4 §4.1.4), or EOLs in data
        said to have none.
        """
        state = self._state
        if self._scheme == MMR:
            return core.BAD
        if state[_START] == _LINE:
            state[_START] = _EOL
            state[_ALIGN] = 0
        elif self._eols_at == state[_ROWS]:
            self._eols += 1
            if self._eols == 2:  # the third EOL
                return core.BAD
        else:
            self._eols_at = state[_ROWS]
            self._eols = 1
        state[_STEP] = _EOL
        return core.READY

    def _damage(self, why: int) -> int:
        """A code that is none, or no EOL behind a line: READY to go on, FULL, or BAD to end the
        strip.
        """
        state = self._state
        if self.beyond:
            return core.BAD
        if why == _CROWDED:
            self.reason = CROWDED
            return core.BAD
        if self.judged < _JUDGED:
            self.judged += 1
            self.extensions += why == core.EXTENSION or (why == core.BAD and self._extended())
        if self._scheme == MMR or (self._scheme != MR and state[_START] == _LINE):
            self.reason = DAMAGED
            return core.BAD
        self.hunting = True
        if why == core.NO_EOL:
            if state[_ROWS] != self._rows:
                self.bad_rows += 1  # the line before was too long
            return core.READY
        self._lost = self._scheme == MR
        state[_START] = _EOL
        return self._repeat()

    def _extended(self) -> bool:
        """True where the line is bad for the code of uncompressed mode, 000000001111 in place of a
        run (T.4 §4.2.1.3.4). The core doesn't tell where it gave up, so its way is gone again,
        slowly, from the begin of the line or what is in the input of it.
        """
        state, octets, tables = self._state, self._input, self._tables
        acc, bits, at = state[_ACC], state[_BITS], state[_P]
        black, left = state[_NEXT] & 1, state[_WIDTH] - state[_A0]
        for _code in range(_CODES if state[_STEP] == _LINE else 0):
            if bits < 13:
                if at >= state[_LIMIT]:
                    break
                acc = (acc & 4095) << 16 | octets[at] << 8 | octets[at + 1]
                bits, at = bits + 16, at + 2
            ahead = acc >> bits - 13 & 8191
            if ahead >> 1 == _EXTENDED:
                return True
            found = tables[_RUNS + (black << 10) + (ahead >> 3)]
            if found & _ONE:  # one run, else two
                found = found & 32767 or tables[_LONG + (ahead & 511)]
                left -= found >> 4
                black ^= found < 1024  # no make-up code
            else:
                left -= (found >> 4 & 63) + (found >> 10)
            if not found or left <= 0:
                break
            bits -= found & 15
        return False

    def _repeat(self) -> int:
        """In place of a bad line the one before (RFC 3949 §4.3.3); bad lines before the first good
        one are left out.
        """
        state = self._state
        self.bad_rows += 1
        self._run = self._run + 1 if self._bad_at == state[_ROWS] + 1 else 1
        self._bad_at = state[_ROWS]
        self.bad_run = max(self.bad_run, self._run)
        if self._any or state[_ROWS] != self._rows:
            ccitt_rare.repeat_line(state, self._elements)
            return self._close()
        state[_NEXT] = state[_BASE]
        state[_A0] = 0
        state[_B1] = state[_REF]
        state[_STEP] = _EOL
        return core.READY

    def _find_line(self) -> int:
        """After damage, go behind the next EOL; MR: of a 1-D line, with copies for the 2-D lines
        before it.
        """
        state = self._state
        while True:
            why = ccitt_rare.eol(state, self._input, 1)
            if why != core.READY:
                return why
            if not self._lost or state[_STEP] == _LINE:
                self.hunting = self._lost = False
                return why
            why = self._repeat()
            if why != core.READY:
                return why
