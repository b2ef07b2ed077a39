"""Trees built for devices, and flashing them to a MicroPython on a PTY."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host.board import Board
from tools import build, flash, micropython_binary
from tools.build import BuildError, build_tree, read_manifest
from tools.device import Device, DeviceError, Kind
from tools.device_source import SourceError, device_source
from tools.micropython_binary import native_arch

MODULE = '''"""A module."""
from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import micropython

if TYPE_CHECKING:
    from nowhere import (
        Any,
    )


@micropython.viper
def total(words: ptr16, count: int) -> int:
    sum = 0
    for i in range(count):
        sum += int(words[i])
    return sum


@micropython.viper
def put(octets: ptr8, value: int) -> int:
    wide = ptr16(octets)
    wide[1] = value
    return int(octets[2])


@micropython.viper
def third(words: ptr16, count: int) -> int:
    end = ptr16(int(words) + 2 * count)
    last = ptr8(int(end) - 2)
    end[0] = 770
    return int(last[0]) + int(end[0])


@micropython.native
def twice(number: int) -> int:
    return 2 * number


def fails(reason: str) -> None:
    assert reason == "", "never: -O3 leaves assertions out"
    raise ValueError(reason)
'''

# each octet of the file of texts is another one, and the file is cut there
DAMAGE = """
def damaged():
    with open('firmware/texts', 'rb') as file:
        whole = file.read()
    for at in range(len(whole) - 2):
        for other in (bytes([whole[at] ^ 1 << at % 8]), b'\\xff', b'%'):
            for rest in (whole[at + 1:], b''):
                with open('firmware/texts', 'wb') as file:
                    file.write(whole[:at] + other + rest)
                yield None
    with open('firmware/texts', 'wb') as file:
        file.write(whole)
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project in place of this one."""
    root = tmp_path / "project"
    for folder in ("firmware/text", "hal"):
        (root / folder).mkdir(parents=True)
        (root / folder / "__init__.py").write_text("")
    (root / "firmware" / "module.py").write_text(MODULE)
    (root / "firmware" / "main.py").write_text(
        "from __future__ import annotations\n\n\ndef run() -> None:\n    print('up')\n"
    )
    (root / "firmware" / "devices.py").write_text("from typing import Protocol\n")
    (root / "firmware" / "text" / "small.fnt").write_bytes(bytes(range(256)))
    monkeypatch.setattr(build, "ROOT", root)
    return root


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    folder = tmp_path / "board"
    folder.mkdir()
    board = Board(folder)
    yield board
    board.close()


def run(tree: Path, text: str) -> str:
    done = subprocess.run(
        [micropython_binary.find(), "-c", text],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.stdout + done.stderr


def file_of(tree: Path, module: str) -> str:
    """The file of a tree that a module has become."""
    return next(path for path, name in build.modules(tree).items() if name == module)


def test_manifest_has_the_sum_of_every_file(project: Path, tmp_path: Path) -> None:
    tree = build_tree(tmp_path / "out", "x64")
    files = json.loads((tree / "manifest.json").read_text())["files"]
    assert (
        file_of(tree, "firmware.module") in files
        and "firmware/main.mpy" in files
        and "main.py" in files
        and "firmware/text/small.fnt" in files
    )
    for name, entry in files.items():
        content = (tree / name).read_bytes()
        assert (entry["size"], entry["sha256"]) == (
            len(content),
            hashlib.sha256(content).hexdigest(),
        )


def test_types_only_module_is_left_out(project: Path, tmp_path: Path) -> None:
    assert "firmware.devices" not in build.modules(build_tree(tmp_path / "out")).values()
    tree = build_tree(tmp_path / "modules", packed=False)
    assert not (tree / "firmware" / "devices.mpy").exists()


@pytest.mark.parametrize("arch", ["x64", "bytecode"])
def test_built_functions_compute_and_tell_where_they_fail(
    project: Path, tmp_path: Path, arch: str
) -> None:
    tree = build_tree(tmp_path / "out", arch, packed=False)
    said = run(
        tree,
        "from firmware.module import *\nb = bytearray(b'\\1\\2\\3\\4')\n"
        "print(total(b, 2), total(array('H', [5, 600]), 2), put(b, 0x0907), b, twice(4),"
        " third(b, 1))\n"
        "fails('reason')",
    )
    assert "1540 605 7 bytearray(b'\\x01\\x02\\x02\\x03') 8 771" in said.replace("\\x09", "\\t")
    place = next(line for line in said.splitlines() if 'File "firmware/module.py"' in line)
    assert place.endswith(", in fails")
    assert "ValueError: reason" in said


def test_a_traceback_of_the_packed_program_can_be_read(project: Path, tmp_path: Path) -> None:
    (project / "firmware" / "says.py").write_text(
        "from __future__ import annotations\n\n\n"
        "class Sheet:\n    def __init__(self) -> None:\n"
        "        for say in (self.unheard, self.unheard):\n            say()\n\n"
        "    def unheard(self) -> None:\n"
        "        raise ValueError('reason')\n\n\ndef run() -> None:\n    Sheet()\n"
    )
    tree = build_tree(tmp_path / "out")
    said = run(tree, "__import__(%r).run()" % file_of(tree, "firmware.says").removesuffix(".mpy"))
    places = re.findall(r'File "([^"<]+)",.* in (\w+)', said)
    functions = build.packed(tree)["functions"]
    meant = [functions[module][name] for module, name in places]
    assert meant == [["run"], ["Sheet.__init__"], ["Sheet.unheard"]]
    assert places[-1][1] != "unheard"


@pytest.mark.parametrize("arch", [arch for arch in build.ARCHES if arch != "bytecode"])
def test_every_architecture_is_in_its_header(project: Path, tmp_path: Path, arch: str) -> None:
    tree = build_tree(tmp_path / "out", arch)
    header = (tree / file_of(tree, "firmware.module")).read_bytes()[:4]
    assert (
        header[2] >> 2
        == {"x86": 1, "x64": 2, "armv6m": 4, "armv7m": 5, "armv7emsp": 7, "xtensawin": 10}[arch]
    )


@pytest.mark.parametrize(
    ("said", "arch"), [(1, "x86"), (2, "x64"), (0, "bytecode"), (7, "armv7emsp")]
)
def test_a_micropython_says_which_native_code_it_runs(
    tmp_path: Path, said: int, arch: str
) -> None:
    binary = tmp_path / "micropython"
    binary.write_text("#!/bin/sh\necho %d\n" % said)
    binary.chmod(0o755)
    assert native_arch(binary) == arch


def test_a_micropython_that_says_nothing_is_told_of(tmp_path: Path) -> None:
    binary = tmp_path / "micropython"
    binary.write_text("#!/bin/sh\nexit 1\n")
    binary.chmod(0o755)
    with pytest.raises(OSError, match="does not say"):
        native_arch(binary)


def test_second_build_touches_nothing_and_a_change_only_its_module(
    project: Path, tmp_path: Path
) -> None:
    tree = build_tree(tmp_path / "out")
    before = {path: path.stat().st_mtime_ns for path in tree.rglob("*") if path.is_file()}
    build_tree(tmp_path / "out")
    assert {path: path.stat().st_mtime_ns for path in tree.rglob("*") if path.is_file()} == before
    (project / "firmware" / "main.py").write_text("x = 1\n")
    (project / "hal" / "__init__.py").unlink()
    build_tree(tmp_path / "out")
    module = tree / file_of(tree, "firmware.module")
    assert module.stat().st_mtime_ns == before[module]
    assert (tree / "firmware" / "main.mpy").stat().st_mtime_ns != before[
        tree / "firmware" / "main.mpy"
    ]
    assert not (tree / "hal").exists()


@pytest.mark.parametrize("arch", ["x64", "bytecode"])
def test_texts_are_read_beside_the_code_or_told_by_their_place(
    project: Path, tmp_path: Path, arch: str
) -> None:
    real = Path(build.__file__).parents[1] / "firmware" / "on_demand.py"
    (project / "firmware" / "on_demand.py").write_text(real.read_text())
    text = "from __future__ import annotations\ndef run() -> None:\n"
    text += "    print('only %d of all are there' % 3)\n"
    source = project / "firmware" / "says.py"
    source.write_text(text)
    tree = build_tree(tmp_path / "out", arch)
    says, file = file_of(tree, "firmware.says"), tree / "firmware" / "texts"
    said = "__import__(%r).run()" % says.removesuffix(".mpy")
    assert "firmware/texts" in read_manifest(tree)
    assert b"of all" in file.read_bytes()
    assert b"of all" not in (tree / says).read_bytes()
    assert run(tree, said) == "only 3 of all are there\n"
    shown = set(run(tree, DAMAGE + "for _ in damaged():\n    " + said).splitlines())
    shown.remove("only 3 of all are there")  # the damage is in another text
    assert len(shown) == 1 and re.fullmatch(r"text \d+ 3", shown.pop()), "never a wrong sentence"
    old = file.read_bytes()
    source.write_text(text.replace("only", "just"))
    build_tree(tmp_path / "out", arch)
    assert run(tree, said) == "just 3 of all are there\n"
    file.write_bytes(old)
    assert re.fullmatch(r"text \d+ 3\n", run(tree, said))
    file.write_bytes(b"")
    assert re.fullmatch(r"text \d+ 3\n", run(tree, said))
    file.unlink()
    assert re.fullmatch(r"text \d+ 3\n", run(tree, said))


def test_shadows_lie_at_the_root(project: Path, tmp_path: Path) -> None:
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "machine.py").write_text("answer = 42\n")
    tree = build_tree(tmp_path / "out", "x64", [tmp_path / "shadow"])
    assert "42" in run(tree, "import machine; print(machine.answer)")


def test_syntax_error_names_file_and_line(project: Path, tmp_path: Path) -> None:
    (project / "firmware" / "main.py").write_text("x = 1\ny = = 2\n")
    with pytest.raises(BuildError, match=r"firmware/main\.py:2"):
        build_tree(tmp_path / "out")


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    if TYPE_CHECKING:\n        import a\n",
        "from typing import TYPE_CHECKING; x = 1\n",
    ],
)
def test_what_cannot_be_taken_out_is_refused(text: str) -> None:
    with pytest.raises(SourceError, match=r"^name:"):
        device_source(text, "name")


def test_else_branch_of_a_type_check_stays() -> None:
    text = "if TYPE_CHECKING:\n    import a\n    import b\nelse:\n    a = 1\nc = 2\n"
    assert device_source(text, "name").splitlines() == [
        "if False: pass",
        "",
        "",
        "else:",
        "    a = 1",
        "c = 2",
    ]


def test_flash_copies_verifies_and_starts(project: Path, tmp_path: Path, board: Board) -> None:
    tree = build_tree(tmp_path / "out")
    said: list[str] = []
    device = Device(board.port)
    (board.folder / "firmware").mkdir()
    (board.folder / "firmware" / "module.py").write_text("stale = True\n")
    (board.folder / "old.mpy").write_bytes(b"of the program before")
    (board.folder / "boot.py").write_text("of the board's owner\n")
    (board.folder / "manifest.json").write_text('{"files": {"old.mpy": {}, "main.py": {}}}')
    flash.flash(device, tree, "x64", say=said.append)
    device.close()
    for name in json.loads((tree / "manifest.json").read_text())["files"]:
        assert (board.folder / name).read_bytes() == (tree / name).read_bytes()
    assert not (board.folder / "firmware" / "module.py").exists()
    assert not (board.folder / "hold").exists()
    assert said[:2] == ["remove firmware/module.py", "remove old.mpy"]
    assert not (board.folder / "old.mpy").exists() and (board.folder / "boot.py").exists()
    assert said[-1].endswith("verified by SHA-256")


def test_only_what_changed_is_copied_again(project: Path, tmp_path: Path, board: Board) -> None:
    tree = build_tree(tmp_path / "out")
    device = Device(board.port)
    flash.flash(device, tree, "x64", start=False, say=lambda line: None)
    (board.folder / "firmware" / "main.mpy").write_bytes(b"M\x06 damaged")
    with pytest.raises(flash.VerifyError, match=r"1 of \d+ files .*firmware/main\.mpy"):
        flash.verify(device, flash.wanted(tree))
    said: list[str] = []
    flash.flash(device, tree, "x64", start=False, say=said.append)
    device.close()
    assert [line for line in said if line.startswith("copy")] == ["copy 1/1 firmware/main.mpy"]


def test_command_line_flashes_compares_and_finds_damage(
    project: Path, tmp_path: Path, board: Board, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = str(build_tree(tmp_path / "out"))
    arguments = [board.port, "--tree", tree, "--no-start"]
    assert flash.main(arguments) == 0
    assert flash.main([*arguments, "--verify"]) == 0
    assert "the device holds the tree as built" in capsys.readouterr().out
    (board.folder / "firmware" / "text" / "small.fnt").write_bytes(bytes(256))
    assert flash.main([*arguments, "--verify"]) == 1
    assert "firmware/text/small.fnt" in capsys.readouterr().err
    assert not (board.folder / "hold").exists()


def test_damage_on_the_way_is_detected(project: Path, tmp_path: Path, board: Board) -> None:
    class Noisy(Device):
        def put(self, name: str, content: bytes) -> None:
            super().put(name, content[:-1] + b"?" if name.endswith(".fnt") else content)

    device = Noisy(board.port)
    with pytest.raises(flash.VerifyError, match=r"small\.fnt"):
        flash.flash(device, build_tree(tmp_path / "out"), "x64", say=lambda line: None)
    device.close()
    assert (board.folder / "hold").exists(), "a board that was not verified must not start"


def test_running_firmware_is_held_and_the_board_restarted(
    project: Path, tmp_path: Path, board: Board
) -> None:
    (board.folder / "machine.py").write_text("import sys\n\n\ndef reset():\n    sys.exit()\n")
    device = Device(board.port)
    starts = board.starts
    device.hold()
    assert board.starts > starts
    assert (board.folder / "hold").exists()
    device.release(start=True)
    device.close()
    assert not (board.folder / "hold").exists()


def test_tree_of_the_wrong_architecture_is_refused(
    project: Path, tmp_path: Path, board: Board
) -> None:
    device = Device(board.port)
    with pytest.raises(DeviceError, match="tree is for armv6m, the device runs x64"):
        flash.flash(device, build_tree(tmp_path / "out", "armv6m"), "armv6m")
    device.close()
    assert list(board.folder.iterdir()) == []


def test_arm_cores_load_the_code_of_lesser_ones() -> None:
    assert Kind("armv7emdp", 6, 3, "").runs("armv7emsp")
    assert not Kind("armv6m", 6, 3, "").runs("armv7m")
    assert Kind("rv32imc", 6, 3, "").build_arch() == "bytecode"


def test_missing_device_is_said_clearly(capsys: pytest.CaptureFixture[str]) -> None:
    assert flash.main(["/dev/no-such-port"]) == 1
    said = "/dev/no-such-port can't be opened: there is no such port; boards seen"
    assert said in capsys.readouterr().err


def test_without_a_port_the_boards_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert flash.main([]) == 2
    assert "make flash PORT=...; boards seen: " in capsys.readouterr().err


def test_the_architecture_of_a_given_tree_is_its_own(
    project: Path, tmp_path: Path, board: Board, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = str(build_tree(tmp_path / "out", "armv6m"))
    assert flash.main([board.port, "--tree", tree]) == 1
    assert "the tree is for armv6m, the device runs x64" in capsys.readouterr().err
    assert flash.main([board.port, "--tree", tree, "--arch", "bytecode"]) == 1
    assert "is for armv6m, not for bytecode" in capsys.readouterr().err
    assert flash.main([board.port, "--tree", str(tmp_path)]) == 1
    assert "has no manifest.json: run make build" in capsys.readouterr().err
    assert list(board.folder.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file that is always full")
def test_a_board_that_gets_full_is_told_of_as_that(board: Board) -> None:
    (board.folder / "file").symlink_to("/dev/full")
    device = Device(board.port)
    with pytest.raises(DeviceError, match="no space is left on the board; remove files"):
        device.put("file", bytes(1000))
    device.close()


def test_an_interrupted_flash_says_what_to_do(
    tmp_path: Path, board: Board, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(device: Device) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(flash, "build_tree", lambda _folder, _arch: tmp_path)
    monkeypatch.setattr(Device, "hold", interrupted)
    (tmp_path / "manifest.json").write_text('{"files": {"main.py": {"sha256": ""}}}')
    assert flash.main([board.port]) == 1
    assert "interrupted; run make flash again" in capsys.readouterr().err
