"""How a fax page fits the paper: scale, margin and length, from its resolution and size."""
from __future__ import annotations

from typing import TYPE_CHECKING

from micropython import const

if TYPE_CHECKING:
    from firmware.fax.directory import Directory

_HEAD_DPI_X100 = const(20320)  # 8 dots/mm
_LINES_DPI_X100 = const(39116)  # 15.4 lines/mm
_SMALLEST = const(4)  # a page is not reduced below 1/4; what is longer still is cut
_WIDTHS_300 = (2592, 3072, 3648)
_WIDTHS_400 = (3456, 4096, 4864)


class Fit:
    """Scale and place of a page; plain data.

    x' = left + x * x_num / x_den (dots), y' = y * y_num / y_den (lines); at most `lines` lines of
    `stride` octets are written. `width`: dots of a row before scaling. `reduced`, `cut`: whether
    the page was made smaller, or loses lines at its end.
    """

    def __init__(self, width: int, stride: int, lines: int) -> None:
        self.rows = 0  # of a page that is turned
        self.width = width
        self.stride = stride
        self.lines = lines
        self.x_num = self.x_den = self.y_num = self.y_den = 1
        self.left = 0
        self.reduced = False
        self.cut = False


def plain_fit(directory: Directory) -> Fit:
    """No scaling: rows as they are coded, `(width + 7) // 8` octets each, all of them."""
    return Fit(directory.width, (directory.width + 7) // 8, 1 << 28)


def page_fit(directory: Directory, head_width: int, recordable: int, band: int, cut: int) -> Fit:
    """Fit a page onto paper.

    `head_width`: dots; `recordable`: lines of the sheet; `band`: lines of the header above the
    image; `cut`: lines that a page may lose at its end before it is reduced instead. A page wider
    than the head is reduced in both axes, a narrower one is centred.
    """
    x_nominal, y_nominal = resolution(directory)
    fit = Fit(directory.width, head_width // 8, recordable - band)
    fit.x_num, fit.x_den = _factor(x_nominal, 20000, _HEAD_DPI_X100)
    fit.y_num, fit.y_den = _factor(y_nominal, 40000, _LINES_DPI_X100)
    if fit.width * fit.x_num > head_width * fit.x_den:
        _reduce(fit, head_width * fit.x_den, fit.width * fit.x_num)
    height = -(-directory.length * fit.y_num // fit.y_den)
    if height > fit.lines + cut:
        _reduce(fit, fit.lines, height)
        height = -(-directory.length * fit.y_num // fit.y_den)
    fit.cut = height > fit.lines
    fit.left = (head_width - fit.width * fit.x_num // fit.x_den) // 2
    return fit


def resolution(directory: Directory) -> tuple[int, int]:
    """Dots per inch in x and y times 100: nominal 100, 200, 300, 400 where near one (RFC 3949
    §2.2.2), guessed where absent.
    """
    x = _nominal(directory.x_dpi_x100)
    y = _nominal(directory.y_dpi_x100)
    if not x:
        x = _guess_x(directory.width)
    if not y:
        y = x
        if x == 20000 and directory.length:
            y = _guess_y(directory.length * 1728 // directory.width)
    return x, y


def _nominal(dpi_x100: int) -> int:
    for nominal in (10000, 20000, 30000, 40000):
        if abs(dpi_x100 - nominal) * 25 <= nominal:
            return nominal
    return dpi_x100 if 2000 <= dpi_x100 <= 240000 else 0


def _guess_x(width: int) -> int:
    if width in _WIDTHS_300 or 2500 < width < 3300:
        return 30000
    if width > _WIDTHS_400[-1]:
        return 60000
    return 40000 if width in _WIDTHS_400 or width >= 3300 else 20000


def _guess_y(length: int) -> int:
    """From the length of a page of 1728 dots: A4 has some 1150, 2290 or 4570 rows."""
    if length < 1500:
        return 10000
    return 20000 if length < 3000 else 40000


def _factor(dpi_x100: int, nominal_target: int, true_target: int) -> tuple[int, int]:
    """Dots of the head per dot of the page: by the nominal value for nominal resolutions, else by
    the true one.
    """
    target = nominal_target if dpi_x100 in (10000, 20000, 30000, 40000) else true_target
    return _lowest(target, dpi_x100)


def _reduce(fit: Fit, num: int, den: int) -> None:
    """Multiply both scales by num/den, but not by less than 1 / _SMALLEST."""
    if num * _SMALLEST < den:
        num, den = 1, _SMALLEST
    fit.x_num, fit.x_den = _lowest(fit.x_num * num, fit.x_den * den)
    fit.y_num, fit.y_den = _lowest(fit.y_num * num, fit.y_den * den)
    fit.reduced = True


def _lowest(num: int, den: int) -> tuple[int, int]:
    """The fraction in its lowest terms, rounded down to terms below 2**15."""
    a, b = num, den
    while b:
        a, b = b, a % b
    num, den = num // a, den // a
    while num >= 32768 or den >= 32768:
        num, den = num >> 1, den + 1 >> 1
    return max(num, 1), max(den, 1)
