"""The console's line editor: what keys do, judged by the line they make and by what a terminal
would show.
"""

from __future__ import annotations

from firmware.service.editor import LineEditor

_PROMPT = "> "


class Terminal:
    """One line of a VT100: printing, CR, BS, ESC [ n D, ESC [ K."""

    def __init__(self) -> None:
        self.row: list[str] = []
        self.at = 0
        self.scrolled: list[str] = []

    def show(self, text: str) -> None:
        at = 0
        while at < len(text):
            at += self._one(text, at)

    def _one(self, text: str, at: int) -> int:
        character = text[at]
        if character == "\r":
            self.at = 0
        elif character == "\n":
            self.scrolled.append("".join(self.row))
            self.row = []
        elif character == "\x1b":
            end = at + 2
            while text[end] in "0123456789":
                end += 1
            if text[end] == "K":
                del self.row[self.at :]
            else:
                assert text[end] == "D"
                self.at -= int(text[at + 2 : end])
            return end + 1 - at
        elif character != "\a":
            self.row[self.at : self.at + 1] = [character]
            self.at += 1
            assert self.at <= 79
        return 1


def names(start: str) -> list[str]:
    return [name for name in ("param", "poll", "help") if name.startswith(start)]


def edited(keys: bytes, editor: "LineEditor | None" = None) -> tuple[str, Terminal, LineEditor]:
    """Feed the keys; the line, and the terminal, which must show prompt, line and cursor right
    after each.
    """
    editor = editor or LineEditor(_PROMPT, names)
    terminal = Terminal()
    terminal.show(editor.start())
    for octet in keys:
        terminal.show(editor.feed(octet))
        line = editor.line
        secret = "password " in line or "token " in line
        if not editor.done and not secret and len(line) < 70:
            assert "".join(terminal.row) == _PROMPT + line, (keys, octet)
    return editor.line, terminal, editor


def line_of(keys: bytes) -> str:
    return edited(keys)[0]


def test_printing_keys_make_the_line_and_return_ends_it() -> None:
    line, _terminal, editor = edited(b"status\r")
    assert line == "status" and editor.done


def test_line_ends_of_every_kind_end_one_line_only() -> None:
    for end in (b"\r", b"\n", b"\r\n"):
        _line, _terminal, editor = edited(b"a" + end[:1])
        assert editor.done
        editor.start()
        for octet in end[1:] + b"b":
            editor.feed(octet)
        assert not editor.done and editor.line == "b"


def test_backspace_and_delete_in_the_middle() -> None:
    assert (
        line_of(b"abc\x7f") == "ab" and line_of(b"abc\x08\x08") == "a" and line_of(b"\x7f") == ""
    )
    assert line_of(b"abc\x1b[D\x1b[D\x7f") == "bc"
    assert line_of(b"abc\x1b[D\x1b[3~") == "ab" and line_of(b"abc\x01\x04") == "bc"


def test_moving_and_inserting() -> None:
    assert line_of(b"ac\x1b[Db") == "abc" and line_of(b"bc\x1b[Ha") == "abc"
    assert line_of(b"bc\x01a\x05d") == "abcd" and line_of(b"b\x1bOHa\x1bOFc") == "abc"
    assert line_of(b"b\x1b[1~a\x1b[4~c\x02\x02\x06X") == "abXc"


def test_cutting() -> None:
    assert line_of(b"one two\x17") == "one " and line_of(b"one two  \x17") == "one "
    assert line_of(b"one two\x17\x17") == "" and line_of(b"abc\x02\x0b") == "ab"
    assert line_of(b"abc\x02\x15") == "c"


def test_control_c_begins_anew() -> None:
    line, terminal, editor = edited(b"junk\x03ok")
    assert line == "ok" and terminal.scrolled == ["> junk^C"] and not editor.done


def test_the_cursor_stands_where_the_next_key_goes() -> None:
    _line, terminal, _editor = edited(b"abcdef\x1b[D\x1b[D\x1b[D")
    assert terminal.at == len(_PROMPT) + 3


def test_history_up_and_down() -> None:
    editor = LineEditor(_PROMPT, names)
    for line in ("one", "two", "two"):
        editor.remember(line)
    assert edited(b"\x1b[A", editor)[0] == "two" and edited(b"\x1b[A\x1b[A", editor)[0] == "one"
    assert (
        edited(b"\x10\x10\x10\x10\x0e", editor)[0] == "two"
        and edited(b"\x1b[A\x1b[B", editor)[0] == ""
    )


def test_history_is_bounded_and_holds_no_secret() -> None:
    editor = LineEditor(_PROMPT, names)
    for number in range(30):
        editor.remember("line %d" % number)
    assert edited(b"\x10" * 30, editor)[0] == "line 22"
    editor.remember("param set pop.password hush")
    editor.remember("parma set pop.PASSwort hush")
    editor.remember("param append pop.token hush")
    assert edited(b"\x10", editor)[0] == "line 29"


def test_a_secret_is_not_shown_while_it_is_typed() -> None:
    line, terminal, _editor = edited(b"param set pop.password hush\x1b[Dx")
    assert line == "param set pop.password husxh"
    assert "".join(terminal.row) == "> param set pop.password *****"
    _line, terminal, _editor = edited(b"param append pop.token hush")
    assert "".join(terminal.row) == "> param append pop.token ****"


def test_tab_completes_the_first_word_only() -> None:
    assert (
        line_of(b"he\t") == "help "
        and line_of(b"x\t") == "x"
        and line_of(b"param x\t") == "param x"
    )
    line, terminal, _editor = edited(b"p\t")
    assert line == "p" and terminal.scrolled == ["> p", "# param  poll"]


def test_a_long_line_scrolls_within_the_screen_and_is_bounded() -> None:
    text = bytes([97 + at % 26 for at in range(250)])
    line, terminal, editor = edited(text)
    assert line == text[:200].decode() and len(terminal.row) <= 79
    assert "".join(terminal.row).endswith(line[-10:])
    for octet in b"\x01":
        terminal.show(editor.feed(octet))
    assert "".join(terminal.row) == (_PROMPT + line)[:79]


def test_characters_beyond_ascii_come_whole() -> None:
    assert line_of("\u00e4\u20ac\x1b[D\x7f".encode()) == "\u20ac"
    assert line_of(b"a\xffb\x80c\xc3(") in ("abc(", "abc") and line_of(b"\xc3") == ""


def test_unknown_sequences_and_control_keys_do_nothing() -> None:
    assert line_of(b"a\x1b[5~\x1b[24~\x1bOP\x00\x1a\x1b[1;5Zb") == "ab"
