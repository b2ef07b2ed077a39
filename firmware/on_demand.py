"""Modules that are loaded when called for, and forgotten afterwards, to spare the heap."""
from __future__ import annotations

import gc
import sys
from binascii import crc32
from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from typing import Any

_SPARED = const(40960)  # free octets that a page may want beside the groups
_TEXTS = const(0)  # what the checks of texts begin with; the build writes it
_ALL = const(99)  # warm groups: none is ever forgotten
# Modules on demand that have native code, and what they hold of others
_NATIVE = (
    " firmware.fax.ccitt_core firmware.fax.ccitt_rare firmware.fax.lines firmware.fax.packed"
    " firmware.fax.plotter firmware.fax.turn firmware.mail.charset "
)
_stay: list[str] = [""]  # what is never forgotten, each name between blanks
_one: list[Any] = ["", None]  # name and module of what is held until another is loaded
_held: list[str] = []  # the groups that are in memory, in the order of loading
_most: list[int] = [2]  # warm groups at a time where less than that is free


def load(name: str) -> Any:
    """The module of that dotted name. Raises ImportError, MemoryError."""
    forget("g")
    if name not in sys.modules and hasattr(gc, "threshold"):  # where the heap's places matter
        gc.collect()  # it shall lie together, not between what is garbage
    try:
        return __import__(name, None, None, ("__name__",))
    except MemoryError:
        _unlist(name)
        forget("")
        gc.collect()
        return __import__(name, None, None, ("__name__",))


def held(name: str) -> Any:
    """The module of that dotted name, which stays until another is loaded or the heap is looked
    at. Raises ImportError, MemoryError.
    """
    if _one[0] != name:
        module = load(name)
        drop(name)
        _one[:] = name, module
    return _one[1]


class _Groups:
    """Its attributes are the groups of functions that the build took out of their modules because
    they are seldom called (`tools/packing/cold_list.py`), loaded when asked for. A cold one, g1 …,
    goes when another one comes, of the warm ones, w1 …, some stay.
    """

    def __getattr__(self, name: str) -> Any:
        warm = [one for one in _held if one[0] == "w"]
        if name[0] == "w" and len(warm) >= _most[0] and _is_short():
            forget(warm[0])
        module = load("firmware." + name)
        _unlist("firmware." + name)
        setattr(self, name, module)
        _held.append(name)
        return module

    def __getitem__(self, place: int) -> str:
        """The text at that place of the file in which the build puts what is seldom said
        (`tools/packing/texts.py`). Never raises: where it can't be read, or is not what this
        program means, its place is said, and what would have been filled in; without memory for
        that, as little as can be filled.
        """
        for _attempt in range(2):
            try:
                with open(__file__.rsplit("/", 1)[0] + "/texts", "rb") as file:
                    file.seek(place & -4)
                    count, high, low = file.read(3)
                    text = file.read(count)
                if crc32(text, _TEXTS) & 16383 == high << 7 | low:
                    return text.decode()
            except (OSError, ValueError):
                break
            except MemoryError:
                forget("")
                gc.collect()
        try:
            return "text %d" % place + " %s" * (place & 3)
        except MemoryError:
            return ("", "%s", "%s %s", "%s %s %s")[place & 3]


cold = _Groups()


def _is_short() -> bool:
    """True when so little is free that a warm group has to go where another one comes."""
    if not hasattr(gc, "mem_free"):
        return True
    gc.collect()
    return gc.mem_free() < _SPARED


# Which of a group's functions are methods that nothing in their class stands for: a line a group,
# "g1 Class.method.function Class.method.function ". The build writes it
_ELSEWHERE = ""


class Elsewhere:
    """The base of classes whose methods the build put into groups: what is not there is looked
    for in them when it is called.
    """

    def __getattr__(self, name: str) -> Any:
        at, end = _place(self, name)
        if at < 0:
            raise AttributeError(name)

        def called(*arguments: Any, **named: Any) -> Any:
            line = _ELSEWHERE.rfind("\n", 0, at) + 1
            group = getattr(cold, _ELSEWHERE[line : _ELSEWHERE.find(" ", line)])
            return getattr(group, _ELSEWHERE[at:end])(self, *arguments, **named)

        return called


def _place(owner: Elsewhere, method: str) -> tuple[int, int]:
    """Where the function's name stands and ends for a method; (-1, -1) when it is in no group."""
    said = " %s.%s." % (type(owner).__name__, method)
    at = _ELSEWHERE.find(said)
    return (at + len(said), _ELSEWHERE.find(" ", at + 1)) if at >= 0 else (-1, -1)


def keep_groups() -> None:
    """For a large heap: every warm group stays once it is loaded."""
    _most[0] = _ALL


def let_go() -> None:
    """Forget what is loaded again when called for; warm groups stay where there is room for all
    of them.
    """
    forget("g" if _most[0] >= _ALL else "")


def forget(start: str, room: str = "") -> None:
    """Forget the groups whose names begin so, and whose functions are of that room if one is
    told: "g" as a page begins, since what its beginning loaded would be in memory as long as it is
    recorded; "" where code that they are not needed beside takes their place.
    """
    if not room:
        _one[:] = "", None
    for name in list(_held):
        if name.startswith(start) and room in ("", getattr(cold, name).room):
            _held.remove(name)
            setattr(cold, name, None)  # MicroPython leaves the value in the place of a deleted one
            delattr(cold, name)


def _unlist(name: str) -> None:
    """Take a module out of the list of those that are loaded."""
    if name in sys.modules:
        sys.modules[name] = None  # type: ignore[assignment]  # see `forget`
        del sys.modules[name]
        room, _dot, short = name.rpartition(".")
        package = sys.modules.get(room)
        if hasattr(package, short):
            setattr(package, short, None)
            delattr(package, short)


def call(name: str, function: str, *arguments: Any) -> Any:
    """Call a module's function; the module stays only when it was there before."""
    stays = name in sys.modules
    try:
        return getattr(load(name), function)(*arguments)
    finally:
        if not stays:
            drop(name)


def keep_code() -> None:
    """For a machine whose MicroPython never gives native code back: modules that have some stay
    once they are loaded, else each loading would cost memory for good.
    """
    _stay[0] = _NATIVE


def drop(start: str, but: tuple[str, ...] = ()) -> None:
    """Forget all modules whose names begin so, `but` these; their memory is free when nobody holds
    a part of them.
    """
    for name in list(sys.modules):
        if name.startswith(start) and name not in but and " %s " % name not in _stay[0]:
            _unlist(name)
            forget("", name)
