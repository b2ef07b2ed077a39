"""Whole mails through the whole receiver."""
from __future__ import annotations

from typing import Any

from sim.pop3_server import Maildrop
from tests.faults.machine import serve
from tests.faults.run import SETTINGS
from tests.faults.wire_model import PeerModel
from tests.fuzz.mail import mails

__all__ = ("mails", "whole_mail")


async def whole_mail(data: bytes) -> None:
    """Any octets as a mail, through the whole receiver: it ends on paper and is deleted."""
    drop = Maildrop()
    drop.add(data, exact=True)
    seen: list[Any] = []

    def told_of(events: list[Any]) -> bool:
        seen.extend(events)
        return False

    await serve(PeerModel(drop), SETTINGS, told_of)
    end = next(fields for kind, fields in seen if kind == "visit-end")
    ends = [fields for kind, fields in seen if kind == "mail-end"]
    assert (end["result"], end["deleted"], len(drop.deleted)) == ("ok", 1, 1), seen
    assert [one["result"] in ("recorded", "notice") for one in ends] == [True]
    assert any(kind == "page" for kind, _fields in seen)
