"""The type check of the boards' ports really reads the types of the board."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import lint


@pytest.mark.parametrize(
    ("board", "right", "wrong"),
    [
        ("rp2", "SPI(0, baudrate=1)", "SPI(0, baudrte=1)"),
        ("esp32", "Pin(1, Pin.OUT)", "Pin(1, Pin.OUTWARD)"),
    ],
)
def test_a_wrong_call_of_the_board_is_found(
    board: str, right: str, wrong: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not lint.stubs_of(board).is_dir():
        pytest.skip("the stubs of %s are not there; make lint fetches them" % board)
    text = "from __future__ import annotations\n\nfrom machine import SPI, Pin\n\n%s\n"
    port = tmp_path / "port.py"
    port.write_text(text % right)
    assert lint.check_port(board, str(port))
    port.write_text(text % wrong)
    assert not lint.check_port(board, str(port))
    assert "port.py:5: error" in capsys.readouterr().out
