"""The power or the cable goes while a board is flashed: nothing that is half there starts, and the
next flash, of whatever version, leaves its own files and the owner's.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.host.board import Board
from tools import flash, micropython_binary
from tools.build import LAUNCHER, MANIFEST
from tools.device import HOLD, Device, DeviceError, Kind

UP = "print(%r)\n"
OWN = {"boot.py": b"# of the board's owner\n", "data/ledger": b"records", "owner.mpy": b"M"}
# a module moves from a folder to a file beside it and back, root names come and go
VERSIONS = (
    {"firmware/main.py": "run = lambda: print('one', __import__('len').A)\n",
     "len.py": "A = 1\n", "copy.py": "A = 1\n", "firmware/mail/a.py": "A = 1\n",
     "firmware/mail/deep/b.py": "A = 1\n", "firmware/texts": "one"},
    {"firmware/main.py": "import ord, firmware.mail\n"
     "run = lambda: print('two', ord.A + firmware.mail.A)\n",
     "ord.py": "A = 1\n", "max.py": "A = 1\n", "firmware/mail.py": "A = 1\n",
     "firmware/texts/x": "two", "hal/b.py": "A = 1\n"},
    {"firmware/main.py": "run = lambda: print('three', __import__('min').A)\n",
     "min.py": "A = 3\n", "firmware/mail.py": "A = 2\n", "firmware/mail2/a.py": "A = 2\n",
     "firmware/texts": "three"},
)
STARTS = ("one 1\n", "two 2\n", "three 3\n")


class Cut(Exception):
    """The power goes."""


class Folder:
    """What Device offers, over a folder. `left` operations are done, then the power goes: half of
    a file is written, and where a file is renamed over another one, that one may be gone.
    """

    def __init__(self, folder: Path, left: int = 1 << 30, how: str = "whole") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.left = left
        self.how = how

    def kind(self) -> Kind:
        return Kind("x64", 6, 3, "a folder")

    def hashes(self, names: Sequence[str]) -> dict[str, str]:
        return {name: hashlib.sha256(self.read(name)).hexdigest()
                if (self.folder / name).is_file() else "" for name in names}

    def names(self, folder: str) -> list[str]:
        found = [folder + "/"] if (self.folder / folder).is_dir() else []
        return found + [shown(self.folder, path) for path in (self.folder / folder).rglob("*")]

    def root(self) -> list[str]:
        return [shown(self.folder, path) for path in self.folder.iterdir()]

    def read(self, name: str) -> bytes:
        path = self.folder / name
        return path.read_bytes() if path.is_file() else b""

    def sizes(self, names: Sequence[str]) -> dict[str, int]:
        return {name: len(self.read(name)) for name in names}

    def free(self) -> int:
        return 1 << 20

    def put(self, name: str, content: bytes) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._do(lambda: path.write_bytes(content),
                 lambda: path.write_bytes(content[: len(content) // 2]))

    def remove(self, name: str) -> None:
        path = self.folder / name
        if name[-1] == "/" and path.is_dir() and not os.listdir(path):
            self._do(path.rmdir)
        elif path.is_file():
            self._do(path.unlink)

    def rename(self, old: str, new: str) -> None:
        self._do(lambda: (self.folder / old).replace(self.folder / new),
                 lambda: (self.folder / new).unlink(missing_ok=True))

    def hold(self) -> None:
        self.put(HOLD, b"")

    def release(self, start: bool) -> None:
        self.remove(HOLD)

    def _do(self, whole: Callable[[], object], half: Callable[[], object] | None = None) -> None:
        if not self.left:
            if self.how == "half" and half is not None:
                half()
            raise Cut
        self.left -= 1
        whole()


def shown(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix() + "/" * path.is_dir()


def content(folder: Path) -> dict[str, bytes]:
    """Every file, and every folder."""
    return {shown(folder, path): path.read_bytes() if path.is_file() else b""
            for path in folder.rglob("*")}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three versions; their modules are text, named as compiled ones where that is at stake."""
    made = []
    for version in VERSIONS:
        tree = tmp_path_factory.mktemp("tree")
        files = {name: text.encode() for name, text in version.items()} | {"main.py": LAUNCHER}
        for name, octets in files.items():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(octets)
        sums = {name: {"sha256": hashlib.sha256(octets).hexdigest()}
                for name, octets in sorted(files.items())}
        (tree / MANIFEST).write_text(json.dumps({"arch": "x64", "files": sums}, indent=1))
        made.append(tree)
    return made


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Board]:
    (tmp_path / "board").mkdir()
    board = Board(tmp_path / "board")
    yield board
    board.close()


def put_owners(folder: Path) -> None:
    for name, octets in OWN.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(octets)


def started(folder: Path) -> str:
    """What the board says when it is switched on."""
    if not (folder / "main.py").is_file():
        return ""
    done = subprocess.run([micropython_binary.find(), "main.py"], cwd=folder, text=True,
                          capture_output=True, timeout=100)
    return done.stdout + done.stderr


def flashed(device: Folder | Device, tree: Path) -> None:
    flash.flash(device, tree, "x64", start=False,  # type: ignore[arg-type]
                say=lambda line: None)


def is_exactly(folder: Path, tree: Path) -> None:
    owners = {"data/": b"", **OWN}
    assert content(folder) == owners | content(tree)


@pytest.mark.parametrize("how", ["whole", "half"])
@pytest.mark.parametrize("first", [0, None])
def test_whatever_a_cut_leaves_the_next_version_is_exactly_itself(
    trees: list[Path], tmp_path: Path, how: str, first: int | None
) -> None:
    before = tmp_path / "before"
    put_owners(before)
    if first is not None:
        flashed(Folder(before), trees[first])
    for left in range(100):
        folder = tmp_path / str(left)
        shutil.copytree(before, folder)
        try:
            flashed(Folder(folder, left, how), trees[1])
        except Cut:
            pass
        else:
            break
        one, held = content(folder), (folder / HOLD).exists()
        assert held or one in (content(before), {**content(before), **content(trees[1])})
        with pytest.raises(DeviceError):
            flash.verify(Folder(folder), flash.wanted(trees[2]))  # type: ignore[arg-type]
        for after in (2, 1, 0):
            again = tmp_path / ("%d-%d" % (left, after))
            shutil.copytree(folder, again)
            for second in (1, left % 7, 1 << 30):  # cut twice more before it is done
                try:
                    flashed(Folder(again, second, how), trees[after])
                except Cut:
                    continue
            is_exactly(again, trees[after])
            flash.verify(Folder(again), flash.wanted(trees[after]))  # type: ignore[arg-type]
    else:
        pytest.fail("it never ends")
    assert left > 12


def test_half_a_tree_says_what_to_do_and_starts_nothing(
    trees: list[Path], tmp_path: Path
) -> None:
    said = set()
    for left in range(1, 100, 3):
        folder = tmp_path / str(left)
        flashed(Folder(folder), trees[0])
        try:
            flashed(Folder(folder, left), trees[1])
        except Cut:
            said.add(started(folder))
        else:
            assert started(folder) == STARTS[1]
            break
    assert len(said) == 1 and "run make flash again" in said.pop()


def test_a_board_cut_off_is_flashed_over_its_line(
    trees: list[Path], board: Board
) -> None:
    class Cutting(Device):
        left = 0

        def _exec(self, text: str) -> str:
            if "rename" in text or "remove" in text or "rmdir" in text:
                if not self.left:
                    raise Cut
                self.left -= 1
            return super()._exec(text)

    put_owners(board.folder)
    for left, tree in ((4, 1), (0, 0)):
        device = Cutting(board.port)
        device.left = 1 << 30
        flashed(device, trees[(tree + 1) % 3])
        device.left = left
        with pytest.raises(Cut):
            flashed(device, trees[tree])
        assert "run make flash again" in started(board.folder)
        device.left = 1 << 30
        with pytest.raises(flash.VerifyError):
            flash.compare(device, trees[(tree + 1) % 3], start=False)
        assert (board.folder / HOLD).exists()
        flashed(device, trees[(tree + 2) % 3])
        device.close()
        is_exactly(board.folder, trees[(tree + 2) % 3])
        assert started(board.folder) == STARTS[(tree + 2) % 3]


def test_strays_are_named_and_a_damaged_manifest_still_names_most(
    trees: list[Path], tmp_path: Path
) -> None:
    device = Folder(tmp_path / "board")
    flashed(device, trees[0])
    (device.folder / "hal" / "old").mkdir(parents=True)
    with pytest.raises(flash.VerifyError, match="not of this build: hal/old/, hal/;"):
        flash.verify(device, flash.wanted(trees[0]))  # type: ignore[arg-type]
    manifest = device.folder / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-9])
    flashed(device, trees[1])
    assert content(device.folder) == content(trees[1])


def test_what_would_be_loaded_instead_is_refused_before_anything_changes(
    trees: list[Path], tmp_path: Path
) -> None:
    device = Folder(tmp_path / "board")
    flashed(device, trees[0])
    tree = shutil.copytree(trees[1], tmp_path / "tree")
    (tree / "ord.py").rename(tree / "ord.mpy")
    (tree / "ord.mpy").write_bytes(b"M\x06\x00\x1f")
    manifest = (tree / MANIFEST).read_text().replace("ord.py", "ord.mpy")
    (tree / MANIFEST).write_text(manifest)
    (device.folder / "ord").mkdir()
    before = content(device.folder)
    with pytest.raises(DeviceError, match=r"load ord/, which is not ours, instead of ord\.mpy"):
        flashed(device, tree)
    assert content(device.folder) == before


def test_a_full_board_is_left_as_it_was_and_old_files_make_room(
    trees: list[Path], tmp_path: Path
) -> None:
    class Small(Folder):
        room = 0

        def free(self) -> int:
            used = [path.stat().st_size for path in self.folder.rglob("*") if path.is_file()]
            return self.room - sum(-(-size // 4096) * 4096 for size in used)

    tree = [shutil.copytree(trees[0], tmp_path / name) for name in ("a", "b")]
    for number, one in enumerate(tree):
        (one / "large.bin").write_bytes(bytes([number]) * 100000)
        files = json.loads((one / MANIFEST).read_text())["files"]
        files["large.bin"] = {"sha256": hashlib.sha256(bytes([number]) * 100000).hexdigest()}
        (one / MANIFEST).write_text(json.dumps({"arch": "x64", "files": files}))
    device = Small(tmp_path / "board")
    device.room = 100000
    with pytest.raises(flash.Unchanged, match=r"KiB are needed .* remove files of your own"):
        flashed(device, tree[0])
    assert content(device.folder) == {}
    device.room = 200000  # not enough for both versions at a time
    flashed(device, tree[0])
    flashed(device, tree[1])
    assert content(device.folder) == content(tree[1])
