"""A machine whose MicroPython runs no native code: viper functions written as plain ones, and the
same dots on paper.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from sim.head import LINE_OCTETS, WIDTH_DOTS
from tools import samples_tiff
from tools.build import ROOT
from tools.device_source import SourceError, device_source
from tools.micropython_binary import find, native_arch
from tools.romfs import image

BAND_ROWS = 62  # 4 mm; says when the mail was recorded
ROWS = 60
# MicroPython, but it says that it runs no native code
WITHOUT = """#!/bin/sh
case "$*" in
*_mpy*) echo 0 ;;
*) exec '%s' "$@" ;;
esac
"""


def drawing(width: int, height: int) -> Image.Image:
    """Lines of all slopes, a filled shape, single dots, and fine print."""
    image = Image.new("1", (width, height), 255)
    pen = ImageDraw.Draw(image)
    for end in range(0, width, 90):
        pen.line((0, height - 1, end, 0), fill=0)
    pen.ellipse((width // 2, 2, width - 9, height - 3), fill=0)
    pen.point([(x, x % 7) for x in range(0, width // 2, 3)], fill=0)
    pen.text((width // 3, height // 3), "The quick brown fox jumps over the lazy dog 0123456789")
    return image


def styled(coding: str, **more: int) -> bytes:
    turned = more.get("orientation", 1) > 4
    image = drawing(*((ROWS, 400) if turned else (WIDTH_DOTS, ROWS)))
    return samples_tiff.tiff(
        [samples_tiff.Page(image, 204, 196)],
        samples_tiff.Style(coding, **more),  # type: ignore[arg-type]
    )


def packed(compression: str) -> bytes:
    out = io.BytesIO()
    drawing(1000, ROWS).save(out, "TIFF", compression=compression, dpi=(200, 200))
    return out.getvalue()


def note() -> bytes:
    message = EmailMessage()
    message["From"] = "=?utf-8?q?J=C3=BCrgen?= <a@example.com>"
    message["Subject"] = "Note"
    message["Date"] = "Sat, 17 Oct 2026 10:00:00 +0000"
    message["Message-ID"] = "<1@example.com>"
    message.set_content("Grüße, and a line = that is quoted.\n" + "word " * 40 + "\n")
    return message.as_bytes()


MAILS = {
    "mh.tif": lambda: styled("MH"),
    "mr.tif": lambda: styled("MR", fill_order=2),
    "mmr.tif": lambda: styled("MMR"),
    "turned.tif": lambda: styled("MMR", orientation=6),
    "packbits.tif": lambda: packed("packbits"),
    "raw.tif": lambda: packed("raw"),
    "note.eml": note,
}


def sheets(micropython: str, mails: list[Path], paper: Path) -> Iterator[bytes]:
    """What a visit with these mails leaves on each sheet of paper."""
    command = [sys.executable, "-m", "sim", "--once", "--json", "--paper", str(paper)]
    done = subprocess.run(
        [*command, "--mail", *map(str, mails)],
        env={**os.environ, "MICROPYTHON": micropython},
        capture_output=True, text=True, check=False, timeout=280)
    facts = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, facts["pages"], facts["faults"]) == (0, len(mails), []), done.stdout
    for number in range(len(mails)):
        with Image.open(paper / ("%04d.png" % (number + 1))) as image:
            yield image.tobytes()[BAND_ROWS * LINE_OCTETS :]


def test_every_kind_of_page_comes_out_as_with_native_code(tmp_path: Path) -> None:
    real = find()
    if native_arch(real) == "bytecode":
        pytest.skip("this MicroPython runs no native code, so there is nothing to compare with")
    without = tmp_path / "micropython"
    without.write_text(WITHOUT % real.resolve())
    without.chmod(0o755)
    mails = [tmp_path / name for name in MAILS]
    for path in mails:
        path.write_bytes(MAILS[path.name]())
    wanted = dict(zip(MAILS, sheets(str(real), mails, tmp_path / "native"), strict=True))
    found = dict(zip(MAILS, sheets(str(without), mails, tmp_path / "plain"), strict=True))
    assert [name for name in MAILS if found[name] != wanted[name]] == []
    assert all(b"\0" in sheet for sheet in wanted.values())


POINTERS = (ROOT / "tests" / "unit" / "test_viper_pointers.py").read_text()
MORE = r"""
@micropython.viper
def kept(octets: ptr8, count: int) -> int:
    n = 0
    at = 0
    while at < count:
        n = n << 8 | int(octets[at])
        at += 1
    return n


@micropython.viper
def last(words: object, count: int) -> int:
    end = int(ptr32(words)) + (count << 2)
    w = ptr32(end)
    return int(w[-1]) + int(ptr16(end - 2)[0])


@micropython.viper
def down(words: ptr32) -> int:
    words[1] = -1
    words[2] = 0x1ffff << 16
    return 0


@micropython.viper
def moved(words: ptr16, at: int, end: int, by: int) -> int:
    while at < end:
        words[at] = int(words[by + at])
        at += 1
    return at


@micropython.viper
def shrunk(octets: ptr8, end: int) -> int:
    at = 1
    while at < 4:
        octets[at] = int(octets[at + at])
        at += 1
    return at


def test_copying() -> None:
    words = array("H", [1, 2, 3, 4, 5, 6])
    assert moved(words, 0, 4, 2) == 4 and list(words) == [3, 4, 5, 6, 5, 6]
    assert moved(words, 2, 6, -1) == 6 and list(words) == [3, 4, 4, 4, 4, 4]
    assert moved(words, 5, 2, -4) == 5 and list(words) == [3, 4, 4, 4, 4, 4]
    octets = bytearray(b"0123456")
    assert shrunk(octets, 4) == 4 and octets == b"0246456"


def test_the_rest() -> None:
    assert kept(b"\x01\x02\x03", 3) == 0x10203
    assert kept(bytes(range(32, 40)), 8) == 0x24252627
    assert kept(bytes(range(97, 105)), 8) & 0x7FFFFFFF == 0x65666768
    assert kept(b"\x7f\xff\xff\xff\xfe", 5) >> 8 & 0xFFFF == 0xFFFF
    assert last(array("I", [1, 2, 0x10005]), 3) == 0x10005 + 1
    words = array("I", [5] * 4)
    down(words)
    assert list(words) == [5, 0xFFFFFFFF, 0xFFFF0000, 5]
"""
CALL = """
for name in dir():
    if name[:5] == "test_":
        globals()[name]()
"""


def test_plain_functions_do_what_viper_does(tmp_path: Path) -> None:
    text = device_source(POINTERS + MORE, "all.py", native=False)
    assert "viper" not in text and text.count("while at < end") == 0
    program = tmp_path / "all.py"
    program.write_text(text + CALL)
    path = "%s:%s" % (ROOT / "tools" / "bytecode", ROOT / "sim" / "modules" / "micropython")
    done = subprocess.run(
        [find(), program], env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True,
        check=False, timeout=280)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


BEGIN = "from __future__ import annotations\n\n\n@micropython.viper\ndef f(p: ptr16) -> int:\n"


@pytest.mark.parametrize(("body", "why"), [
    ("    return g(p)", "what is done with p"), ("    p = 5\n    return 0", "p is a pointer"),
    ("    p = ptr8(int(p))\n    return 0", "words of two sizes"),
    ("    mem8 = 5\n    return mem8", "what is done with mem8"),
    ("    return g(ptr8(p))", "neither set nor used"),
    ("    n = n << int(p[0])\n    return n", "grows by"),
    ("    if p[0]: return 1\n    return 0", "longer")])
def test_what_plain_code_cant_do_is_refused(body: str, why: str) -> None:
    with pytest.raises(SourceError, match="m.py:.*" + why):
        device_source(BEGIN + body + "\n", "m.py", native=False)


def test_an_image_for_such_a_board_has_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "pointers.mpy").write_bytes(b"what stands for pointers")
    assert b"what stands for pointers" in image(tmp_path, ["pointers.mpy"])
