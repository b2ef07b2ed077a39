"""The table in docs/pop3-manual.md names tests that exist."""
from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FILES = [*ROOT.glob("tests/unit/test_pop3_*.py"), ROOT / "tests/host/test_pop3_server.py",
         ROOT / "tests/interop/test_dovecot.py"]
ROOM_OR_TEST = re.compile(r"\b(reply|session|mailbox|poller|stuffing|host|dovecot)\b(?= `test_)"
                          r"|`(test_\w+)`")


def test_every_test_named_in_the_table_exists_where_it_says() -> None:
    there = {(re.sub(r"^test_(pop3_)?", "", file.stem), name) for file in FILES
             for name in re.findall(r"^def (test_\w+)", file.read_text(), re.M)}
    document = (ROOT / "docs/pop3-manual.md").read_text()
    rows = [row for row in document.splitlines() if row.startswith("| ")]
    named = 0
    for row in rows:
        room = ""
        for word in ROOM_OR_TEST.findall(row.split("|")[2]):
            room = word[0] or room
            if word[1]:
                named += 1
                assert ({"host": "server"}.get(room, room), word[1]) in there, word[1]
    assert named > 50


def test_every_sentence_has_a_row_with_a_proof_or_a_reason() -> None:
    document = (ROOT / "docs/pop3-manual.md").read_text()
    rows = [row.split("|")[1:3] for row in document.splitlines() if row.startswith("| ")]
    sentences = [row for row in rows if row[0].strip() != "sentence"]
    assert len(sentences) == 40
    assert all(len(proof.strip()) > 10 for _sentence, proof in sentences)
