"""Rows as libtiff reads them: every coding, bit order, byte order, strip layout, many widths.

The corpus is made by libtiff (through Pillow) at test time; the decoder runs on MicroPython, as on
a device, and over a part of it on CPython.
"""
from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from tests.host.libtiff_corpus import (
    CODINGS,
    CONTENTS,
    WIDTHS,
    Case,
    Layout,
    image,
    layouts,
    put_together,
    row_octets,
    strips,
    write_case,
)
from tests.unit.fax_support import decode
from tools import micropython_binary

ROOT = Path(__file__).resolve().parents[2]
START = "import tests.host.fax_rows as rows; rows.main()"
FILES = int(os.environ.get("ORACLE_FILES", "900"))


def micropython() -> list[str]:
    """The command that decodes on MicroPython."""
    paths = "import sys; sys.path[:0] = ['sim/modules/micropython', '.']; "
    return [str(micropython_binary.find()), "-c", paths + START]


def corpus(folder: Path, count: int) -> list[Case]:
    """`count` files, all codings in turn, the rest by chance, always the same."""
    chance = random.Random(4)
    every = list(layouts())
    codings = itertools.cycle(CODINGS)
    return [
        write_case(
            folder,
            number,
            WIDTHS[number % len(WIDTHS)],
            chance.choice(CONTENTS),
            next(codings),
            chance.choice(every),
        )
        for number in range(count)
    ]


def answers(
    command: list[str], paths: Sequence[Path | str], folders: str = ""
) -> list[list[object]]:
    """What the decoder says to each file."""
    environment = {**os.environ, "PYTHONPATH": folders} if folders else None
    done = subprocess.run(
        command,
        input="".join("%s\n" % path for path in paths),
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=280,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(paths), done.stderr
    return found


def check(cases: list[Case], found: list[list[object]], head: bool = False) -> None:
    """Every page equals libtiff's, without a complaint."""
    wrong = [
        "%s: %s" % (case.what, pages)
        for case, pages in zip(cases, found, strict=True)
        if [page[1:] for page in pages if isinstance(page, list)]
        != [[case.head if head else case.digest, 0, ""]]
    ]
    assert not wrong, "%d of %d differ\n%s" % (len(wrong), len(cases), "\n".join(wrong[:10]))


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    return corpus(tmp_path_factory.mktemp("libtiff"), FILES)


def test_micropython_reads_every_file_as_libtiff_does(cases: list[Case]) -> None:
    check(cases, answers(micropython(), [case.path for case in cases]))


def test_the_head_records_what_libtiff_read_scaled(cases: list[Case]) -> None:
    some = [case for case in cases if case.head]
    check(some, answers(micropython(), ["+%s" % case.path for case in some]), True)


def test_cpython_reads_them_the_same(cases: list[Case]) -> None:
    some = cases[:: max(17, len(cases) // 80)]
    command = [sys.executable, "-c", START]
    check(some, answers(command, [case.path for case in some], ".:sim/modules/cpython"))


def test_all_pages_of_a_file_that_libtiff_wrote_itself(tmp_path: Path) -> None:
    chance = random.Random(9)
    pages = [
        Image.frombytes("1", (width, 60), chance.randbytes((width + 7) // 8 * 60))
        for width in (1728, 33, 2432)
    ]
    for coding, (compression, _number, options) in CODINGS.items():
        path = tmp_path / ("%s.tif" % coding.replace(" ", "-"))
        tags = {292: options} if options else {}
        rest = pages[1:]
        pages[0].save(
            path, save_all=True, append_images=rest, compression=compression, tiffinfo=tags
        )
        (found,) = answers(micropython(), [path])
        digests = [hashlib.sha256(row_octets(page)).hexdigest() for page in pages]
        assert [page[1] for page in found if isinstance(page, list)] == digests, coding


def test_damaged_g3_data_come_out_as_libtiff_has_them_up_to_the_damage() -> None:
    """Up to the first damage both are equal. Behind it libtiff may be out of step by a row, with
    parts of a damaged one in its place; the device has the row before again and keeps step.
    """
    chance = random.Random(5)
    for number in range(24):
        picture = image(chance.choice((200, 1728)), 60, "text", number)
        layout = Layout("<", 1, 0, 0, True)
        (strip,) = strips(picture, "MH aligned", layout)
        # the line of a few rows is overwritten with ones, which are no code; its EOL stays
        marks = [at for at in range(len(strip) - 1) if strip[at] & 15 == 0 and strip[at + 1] == 1]
        lost = sorted(chance.sample(range(5, 55), 3))
        data = bytearray(strip)
        for row in lost:
            start = marks[row] + 2
            end = min(start + 2, marks[row + 1])
            data[start:end] = b"\xff" * (end - start)
        file = put_together(picture, "MH aligned", layout, [bytes(data)])
        octets = (picture.width + 7) // 8
        rows = row_octets(picture)
        lines = [rows[at : at + octets] for at in range(0, len(rows), octets)]
        assert len(marks) == len(lines)
        with Image.open(io.BytesIO(file)) as back:
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            back.load()
            seen = row_octets(back)
        assert seen[: lost[0] * octets] == rows[: lost[0] * octets]
        page = decode(file)
        bits = [bin(int.from_bytes(b"\1" + line, "big"))[3:][: picture.width] for line in lines]
        differ = [row for row in range(60) if page.rows[0][row] != bits[row]]
        assert len(page.rows[0]) == 60 and set(differ) <= set(lost)
        assert page.quality[0].bad_rows <= len(lost) and not page.quality[0].note


def _lines(octets: bytes, width: int) -> list[str]:
    """Packed rows as strings of 0 and 1."""
    size = (width + 7) // 8
    rows = (octets[at : at + size] for at in range(0, len(octets), size))
    return [bin(int.from_bytes(b"\1" + row, "big"))[3:][:width] for row in rows]


def _damaged(coding: str, number: int) -> tuple[bytes, list[str], int]:
    """A file with one damaged octet; its rows as they were, and the row that the octet is in (of
    MR: they begin with EOLs).
    """
    chance = random.Random("%s %d" % (coding, number))
    picture = image(chance.choice((200, 1728)), 60, chance.choice(("text", "lines")), number)
    layout = Layout("<", 1, 0, 0, True)
    (strip,) = strips(picture, coding, layout)
    at = chance.randrange(len(strip) // 4, len(strip) * 9 // 10)
    data = bytearray(strip)
    data[at] ^= chance.randrange(1, 256)
    bits = bin(int.from_bytes(b"\1" + strip[:at], "big"))[3:]
    rows = _lines(row_octets(picture), picture.width)
    return put_together(picture, coding, layout, [bytes(data)]), rows, bits.count("0" * 11 + "1")


def _libtiff(file: bytes, width: int) -> list[str]:
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    with Image.open(io.BytesIO(file)) as back:
        back.load()
        return _lines(row_octets(back), width)


def test_damaged_g4_data_give_libtiffs_rows_up_to_where_the_device_stops() -> None:
    """What cannot be known to be wrong is read the same; what can is told."""
    stopped = 0
    for number in range(24):
        file, rows, _row = _damaged("MMR", number)
        page = decode(file)
        seen = _libtiff(file, len(rows[0]))
        got = page.rows[0]
        assert got == seen[: len(got)], number
        stopped += page.quality[0].bad_rows > 0
    assert stopped > 12


def test_damaged_two_dimensional_g3_data_cost_no_more_rows_than_with_libtiff() -> None:
    """Nothing before the damage is lost, and behind it no more than libtiff loses."""
    ours = theirs = 0
    for number in range(24):
        file, rows, row = _damaged("MR", number)
        page = decode(file)
        got = page.rows[0]
        seen = _libtiff(file, len(rows[0]))
        assert got[: row - 1] == seen[: row - 1] == rows[: row - 1], number
        ours += sum(mine != right for mine, right in zip(got, rows, strict=False))
        theirs += sum(other != right for other, right in zip(seen, rows, strict=True))
    assert 0 < ours <= theirs


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    width=st.integers(1, 70),
    rows=st.lists(st.integers(0, (1 << 70) - 1), min_size=1, max_size=9),
    coding=st.sampled_from(sorted(CODINGS)),
    layout=st.sampled_from([one for one in layouts() if one.strip_rows in (0, 1, 7)]),
)
def test_any_small_picture(width: int, rows: list[int], coding: str, layout: Layout) -> None:
    octets = (width + 7) // 8
    data = b"".join((row << 2 & (1 << 72) - 1).to_bytes(9, "big")[:octets] for row in rows)
    picture = Image.frombytes("1", (width, len(rows)), data)
    file = put_together(picture, coding, layout, strips(picture, coding, layout))
    with Image.open(io.BytesIO(file)) as back:
        back.load()
        seen = row_octets(back)
    got = decode(file, 5).rows[0]
    expected = [
        bin(int.from_bytes(b"\1" + seen[at : at + octets], "big"))[3:][:width]
        for at in range(0, len(seen), octets)
    ]
    assert got == expected
