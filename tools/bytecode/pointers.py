"""What viper gives for nothing, for builds without native code: pointers into buffers, and the
casts of arguments.

Goes into bytecode trees only; `tools/device_source.py` points the decorators here.
"""

import struct

import uctypes


class _Words:
    """A buffer seen as words of 2 or 4 octets, little-endian as on every port that there is."""

    def __init__(self, octets, size, code):
        self._octets = octets
        self._size = size
        self._code = code

    def __getitem__(self, index):
        return struct.unpack_from(self._code, self._octets, index * self._size)[0]

    def __setitem__(self, index, value):
        struct.pack_into(self._code, self._octets, index * self._size, value)


class _Pointer:
    """A pointer whose address a function may take (`int(p)`) and make another from."""

    def __init__(self, address, size, code):
        self._address = address
        self._size = size
        self._code = code

    def __int__(self):
        return self._address

    def __getitem__(self, index):
        octets = uctypes.bytearray_at(self._address + index * self._size, self._size)
        return struct.unpack_from(self._code, octets, 0)[0]

    def __setitem__(self, index, value):
        octets = uctypes.bytearray_at(self._address + index * self._size, self._size)
        struct.pack_into(self._code, octets, 0, value)


def _cast(buffer, size, code):
    if isinstance(buffer, (int, _Pointer)):
        return _Pointer(int(buffer), size, code)
    if isinstance(buffer, _Words):
        buffer = buffer._octets
    view = memoryview(buffer)
    held = len(bytes(view[:1]))  # octets of one item: MicroPython's views need not have `itemsize`
    if held == size:
        return view
    octets = uctypes.bytearray_at(uctypes.addressof(view), len(view) * held)
    return octets if size == 1 else _Words(octets, size, code)


def ptr8(buffer):
    """`buffer` as octets."""
    return _cast(buffer, 1, "<B")


def ptr16(buffer):
    """`buffer` as 16-bit words."""
    return _cast(buffer, 2, "<H")


def ptr32(buffer):
    """`buffer` as 32-bit words."""
    return _cast(buffer, 4, "<I")


def moving(cast):
    """The cast of an argument that the function makes other pointers from."""

    def point(buffer):
        return cast(uctypes.addressof(memoryview(buffer)))

    return point


def casting(*casts):
    """Decorator: cast the arguments; None leaves one as it is."""

    def decorate(function):
        def call(*arguments):
            return function(
                *[cast(value) if cast else value for cast, value in zip(casts, arguments)]
            )

        return call

    return decorate
