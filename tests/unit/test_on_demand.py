"""Modules that are loaded when called for."""
from __future__ import annotations

import sys

from firmware import on_demand

NATIVE, PLAIN = "firmware.mail.charset", "firmware.mail.notice"


def test_a_module_is_forgotten_behind_its_call_unless_it_was_there() -> None:
    on_demand.drop(PLAIN)
    assert on_demand.call(PLAIN, "reason_for", "audio/wav")
    assert PLAIN not in sys.modules
    on_demand.load(PLAIN)
    on_demand.call(PLAIN, "reason_for", "audio/wav")
    assert PLAIN in sys.modules
    on_demand.drop(PLAIN)


def test_native_code_stays_where_it_is_never_given_back() -> None:
    on_demand.load(NATIVE)
    on_demand.drop("firmware.mail.charset")
    assert NATIVE not in sys.modules
    on_demand.keep_code()
    try:
        module = on_demand.load(NATIVE)
        on_demand.load(PLAIN)
        on_demand.drop(NATIVE)
        on_demand.drop(PLAIN)
        assert on_demand.load(NATIVE) is module
        assert PLAIN not in sys.modules
    finally:
        on_demand._stay[:] = []
        on_demand.drop(NATIVE)
