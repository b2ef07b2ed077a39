"""What viper gives for nothing, for builds without native code: memory by its addresses.

Goes into bytecode trees only; `tools/plain_viper.py` writes functions that use it. An address is
told from a place near the heap, so that it is a small integer and an index of these arrays, which
take any that lies before their end.
"""

import uctypes

_ABOVE = 1 << 26
_BELOW = 1 << 30
_SIZE = (1 << 27) - 1  # the largest that uctypes takes
_start = uctypes.addressof(bytearray(16)) + _ABOVE
mem8 = uctypes.struct(_start, (uctypes.ARRAY, _SIZE | uctypes.UINT8), uctypes.NATIVE)
mem16 = uctypes.struct(_start, (uctypes.ARRAY, _SIZE | uctypes.UINT16), uctypes.NATIVE)
mem32 = uctypes.struct(_start, (uctypes.ARRAY, _SIZE | uctypes.UINT32), uctypes.NATIVE)


def address_of(buffer):
    """Where the buffer begins, in octets. Raises ValueError when it is too far from the heap."""
    address = uctypes.addressof(buffer) - _start
    if not -_BELOW <= address < _SIZE:
        raise ValueError("a buffer is out of reach")
    return address


def copied(to, source, octets):
    """Copy so many octets (none when it is negative) from address to address, the lowest first;
    returns how many.
    """
    if octets <= 0:
        return 0
    if source < to < source + octets:  # what was copied is copied once more
        for at in range(octets):
            mem8[to + at] = mem8[source + at]
    else:
        place = uctypes.bytearray_at(to + _start, octets)
        place[:] = uctypes.bytearray_at(source + _start, octets)
    return octets
