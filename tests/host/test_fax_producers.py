"""Fax files as other programs write them, whichever of these are installed: rows as libtiff reads
them. What was wrong with such files once is in tests/unit/test_fax_producers.py, without them.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.host.libtiff_corpus import image, row_octets
from tests.host.test_libtiff_oracle import answers, micropython

WIDTH, ROWS = 1728, 200
# a program, and its command lines: of IN, a PBM or TIFF file, OUT is made, or else what it prints
PROGRAMS: dict[str, tuple[str, ...]] = {
    "tiffcp": tuple(
        "tiffcp -c %s -f %s -r %s %s in.tif OUT" % (coding, order, rows, endian)
        for coding in ("none", "packbits", "g3:1d", "g3:2d", "g3:1d:fill", "g3:2d:fill", "g4")
        for order in ("lsb2msb", "msb2lsb")
        for rows, endian in (("16", "-L"), ("1", "-B"), ("9999", "-B"))
    ),
    "fax2tiff": tuple(
        "fax2tiff -M %s -o OUT in.g3" % options
        for options in ("-7 -5", "-7 -6", "-7 -6 -p", "-8", "-8 -m", "-c", "-s", "-r 8", "-R 98")
    ),
    "pamtotiff": tuple(
        "pamtotiff %s -xresolution 204 -yresolution 196 in.pbm" % options
        for options in ("-g3 -2d -fill -lsb2msb", "-g4 -minisblack", "-packbits -rowsperstrip 3")
    ),
    "gs": tuple(
        "gs -q -dNOPAUSE -dBATCH -dSAFER -sDEVICE=%s -r%s -sOutputFile=OUT in.ps" % (device, dpi)
        for device in ("tiffg3", "tiffg32d", "tiffg4", "tiffcrle", "tiffpack")
        for dpi in ("204x98", "300x300", "600x600")
    ),
    "gm": tuple(
        "gm convert in.pbm -density 80x77 -units PixelsPerCentimeter -compress %s OUT" % coding
        for coding in ("None", "Fax", "Group4", "RLE")
    ),
    "efix": ("efix -i pbm -o tiffg3 in.pbm",),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the picture lies in the formats that the programs read."""
    folder = tmp_path_factory.mktemp("producers")
    picture = image(WIDTH, ROWS, "text", 1)
    picture.save(folder / "in.pbm")
    picture.save(folder / "in.tif", compression="group4", tiffinfo={262: 0})
    picture.save(folder / "g3.tif", compression="group3", tiffinfo={262: 0, 278: ROWS})
    with Image.open(folder / "g3.tif") as made:
        offset, octets = made.tag_v2[273][0], made.tag_v2[279][0]
    end = b"\x00\x10\x01" * 3  # RTC
    data = (folder / "g3.tif").read_bytes()[offset : offset + octets]
    (folder / "in.g3").write_bytes(data + end)
    text = "".join("60 %d moveto (Line %d) show " % (9 * row, row) for row in range(90))
    (folder / "in.ps").write_text(
        "%!\n<</PageSize [594 842]>> setpagedevice /Courier findfont 9 scalefont setfont "
        + text + "20 20 554 802 rectstroke showpage\n"
    )
    return folder


@pytest.mark.parametrize("program", sorted(PROGRAMS))
def test_what_the_program_writes_is_read_as_libtiff_reads_it(program: str, folder: Path) -> None:
    if shutil.which(program) is None:
        pytest.skip("%s is not installed" % program)
    paths: dict[Path, str] = {}
    for number, line in enumerate(PROGRAMS[program]):
        path = folder / ("%s%d.tif" % (program, number))
        command = line.replace("OUT", str(path)).split()
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=280, check=False)
        if "OUT" not in line:
            path.write_bytes(done.stdout)
        if not done.returncode and path.exists() and path.stat().st_size:
            paths[path] = line
    assert paths, "the program makes no file"
    wrong = []
    for path, found in zip(paths, answers(micropython(), list(paths)), strict=True):
        with Image.open(path) as back:
            back.load()
            digest = hashlib.sha256(row_octets(back)).hexdigest()
            if found != [[back.height, digest, 0, ""]]:
                wrong.append((paths[path], found))
    assert not wrong
