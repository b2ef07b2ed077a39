"""Instructions that decoding a fax takes on 32-bit ARM (Thumb-2), counted in an emulator.

    python -m tools.bench_fax_arm

One line for each content and coding: instructions of the compiled (viper) code per row of 1728
dots, in a piece of the pages that row S4 measures, and how long a page of 2200 rows would take at
125 million instructions a second. What the interpreter and the bands cost beside it is not in it.

The emulator and MicroPython for ARM are Debian's packages `qemu-user-static` and `micropython`
with the libraries that it needs, unpacked into build/arm and not installed. Where they can't be
had the tool says so and ends well.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.host.libtiff_corpus import put_together, row_octets, strips
from tools import debian_packages
from tools.bench_fax import CODINGS, CONTENTS, LAYOUT, WIDTH

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / "build" / "arm"
SUITES = [{"amd64": "bookworm", "armhf": suite} for suite in ("trixie", "sid")]
PACKAGES = ("qemu-user-static:amd64", "micropython:armhf", "libc6:armhf", "libffi8:armhf",
            "libgcc-s1:armhf", "libmbedtls21:armhf", "libmbedcrypto16:armhf",
            "libmbedx509-7:armhf")
QEMU = PLACE / "usr/bin/qemu-arm-static"
MICROPYTHON = PLACE / "usr/bin/micropython"
FIRST, ROWS = 400, 100  # the piece of a page of 2200 rows
MIPS = 125

START = (
    "import sys, asyncio; sys.path[:0] = ['sim/modules/micropython', '.']; "
    "import tools.bench_fax_device as device; device.ENOUGH = 0; "
    "asyncio.run(device.main()); "
    "print([line for line in open('/proc/self/maps') if ' rwx' in line])"
)


def fetch() -> None:
    """Unpack the packages into PLACE. Raises MissingError."""
    debian_packages.fetch(PLACE, SUITES, PACKAGES, debian_packages.run)
    library = PLACE / "lib"
    if not library.exists():
        library.symlink_to("usr/lib")


def _emulated(options: Sequence[str], asked: str) -> subprocess.Popen[str]:
    command = [str(QEMU), "-L", str(PLACE), *options, str(MICROPYTHON), "-X", "heapsize=2m"]
    process = subprocess.Popen(
        [*command, "-c", START],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    )
    if process.stdin is not None:
        process.stdin.write(asked)
        process.stdin.close()
    return process


def instructions(asked: str, expected: str) -> int:
    """Instructions of compiled code in one decoding. Raises ValueError when rows differ."""
    process = _emulated((), asked)
    lines = [] if process.stdout is None else process.stdout.readlines()
    if process.wait() or len(lines) != 2:
        raise ValueError("MicroPython for ARM: " + "".join(lines[-3:]))
    if json.loads(lines[0])[1] != expected:
        raise ValueError("pixels differ from libtiff's")
    # each function has its own mapping, and they lie together
    maps = [place.split("-") for place in _places(lines[1])]
    first, last = min(int(one[0], 16) for one in maps), max(int(one[1], 16) for one in maps)
    traced = ("-singlestep", "-d", "nochain,exec", "-dfilter", "0x%x..0x%x" % (first, last - 1))
    process = _emulated((*traced, "-D", "/dev/stdout"), asked)
    count = 0
    for line in process.stdout or ():
        count += line.startswith("Trace")
    process.wait()
    return count


def _places(said: str) -> list[str]:
    return [entry.split()[0] for entry in said.strip("[]'\n").split("', '")]


def main() -> int:
    """The command line."""
    try:
        if not MICROPYTHON.is_file():
            print("fetching an emulator and MicroPython for ARM ...", file=sys.stderr)
            fetch()
    except debian_packages.MissingError as error:
        print("skipped: no MicroPython for ARM here (%s)" % error)
        return 0
    print("instructions per row, 1728 dots; a page of 2200 rows at %d MIPS" % MIPS)
    with tempfile.TemporaryDirectory() as folder:
        for content, make in CONTENTS.items():
            piece = make(2200).crop((0, FIRST, WIDTH, FIRST + ROWS))
            rows = row_octets(piece)
            for coding in CODINGS:
                path = Path(folder) / ("%s.tif" % coding)
                data = put_together(piece, coding, LAYOUT, strips(piece, coding, LAYOUT))
                path.write_bytes(data)
                asked = "%s %d\n" % (path, len(rows))
                count = instructions(asked, hashlib.sha256(rows).hexdigest()) / ROWS
                said = (coding, content, count, count * 2200 / MIPS / 1e6)
                print("%-4s %-11s %7.0f   %5.2f s" % said, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
