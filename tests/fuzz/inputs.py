"""Inputs for fuzzing, on either runtime: a seed decides them, to the octet."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCH = 250  # inputs of one seed
_KEPT = 64  # inputs that later ones are made of
_MOST = 4000  # octets


class Chance:
    """Numbers that the seed decides, the same on both runtimes."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 2654435761 + 12345) & 0x7FFFFFFF

    def below(self, limit: int) -> int:
        """0 to limit - 1; limits up to 2**16."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % limit


def damaged(data: bytes, chance: Chance) -> bytes:
    """A few octets or bits changed, a piece cut out, doubled, or cut off."""
    result = bytearray(data)
    for _time in range(1 + chance.below(4)):
        at = chance.below(len(result))
        what = chance.below(6)
        if what < 2:
            result[at] ^= 1 << chance.below(8)
        elif what == 2:
            result[at] = (0, 255, 1, 128)[chance.below(4)]
        elif what == 3:
            result = result[:at] + result[at + chance.below(9):]
        elif what == 4:
            piece = bytes(result[at:at + 1 + chance.below(40)])
            result = result[:at] + piece + result[at:]
        elif at > 8:
            result = result[:at]
        if not result:
            return bytes(data)
    return bytes(result)


def inputs(pieces: Sequence[bytes], sound: Sequence[bytes], seed: int,
           count: int) -> Iterator[bytes]:
    """So many inputs: joins of pieces of a grammar, sound inputs damaged, and both of what came
    before, one behind the other.
    """
    chance = Chance(seed)
    kept = list(sound)
    for _number in range(count):
        what = chance.below(8)
        if what < 4 or not kept:
            made = _joined(pieces, chance)
        elif what < 7:
            made = damaged(kept[chance.below(len(kept))], chance)
        else:
            one, other = (kept[chance.below(len(kept))] for _ in range(2))
            made = one[:chance.below(len(one) + 1)] + other[chance.below(len(other) + 1):]
        made = made[:_MOST]
        if made and chance.below(16) == 0:
            if len(kept) < _KEPT + len(sound):
                kept.append(made)
            else:
                kept[len(sound) + chance.below(_KEPT)] = made
        yield made


def _joined(pieces: Sequence[bytes], chance: Chance) -> bytes:
    joined = [bytes([chance.below(256)])]
    for _piece in range(chance.below(24)):
        if chance.below(8):
            joined.append(pieces[chance.below(len(pieces))])
        else:
            joined.append(bytes([chance.below(256) for _ in range(chance.below(5))]))
    return b"".join(joined)
