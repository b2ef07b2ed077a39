"""The fault table and the list of standing faults."""

from __future__ import annotations

from firmware.recording import faults
from firmware.recording.fault_table import TABLE


def test_every_fault_has_short_text_cause_and_advice() -> None:
    for code, row in TABLE.items():
        assert 0 < code < 1000
        assert len(row) == 3 and all(row)
        assert len(row[0]) <= 20


def test_sentence_ends_in_what_to_do() -> None:
    text = faults.sentence(faults.NO_PAPER, "tray 1")
    assert text.startswith("010 ")
    assert "(tray 1)" in text
    assert text.endswith(TABLE[faults.NO_PAPER][2])


def test_panel_text_fits_the_panel() -> None:
    for code in TABLE:
        assert len(faults.panel_text(code)) <= 20


def test_a_fault_is_reported_once_and_again_when_its_detail_changes() -> None:
    seen = []
    standing = faults.FaultList(lambda code, detail, active: seen.append((code, detail, active)))
    standing.enter(faults.NO_SERVER, "a")
    standing.enter(faults.NO_SERVER, "a")
    standing.enter(faults.NO_SERVER, "b")
    standing.clear(faults.NO_SERVER)
    standing.clear(faults.NO_SERVER)
    assert seen == [(720, "a", True), (720, "b", True), (720, "b", False)]


def test_faults_stand_in_the_order_in_which_they_came() -> None:
    standing = faults.FaultList()
    standing.enter(faults.NO_PAPER)
    standing.enter(faults.JAM)
    assert standing.standing() == [(faults.NO_PAPER, ""), (faults.JAM, "")]
    assert faults.JAM in standing
    assert faults.FILM_END not in standing
