"""The words of a notice sheet, and of the heading of a text mail."""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from firmware.mail.header import Envelope


def sender_text(envelope: Envelope) -> str:
    """'Name <address>', one of the two, or that it is not known."""
    if envelope.sender and envelope.sender_name and envelope.sender != envelope.sender_name:
        return "%s <%s>" % (envelope.sender_name, envelope.sender)
    return envelope.sender or envelope.sender_name or "(unknown)"


def heading_lines(envelope: Envelope) -> tuple[str, str, str]:
    """The three lines above the text of a mail."""
    return (
        "From:    " + sender_text(envelope),
        "Subject: " + (envelope.subject or "(none)"),
        "Date:    " + (envelope.date or "(none)"),
    )


def reason_for(content_type: str) -> str:
    """Why a part of this type can't be recorded, in plain words."""
    main, _slash, sub = content_type.partition("/")
    if sub == "pdf":
        return "PDF documents can't be recorded by this machine"
    if sub == "html":
        return "web pages (HTML) can't be recorded by this machine"
    if main == "image":
        return "pictures of this kind can't be recorded; TIFF fax pages can"
    if main in ("audio", "video"):
        return "sound and film can't be recorded on paper"
    return "files of this kind can't be recorded by this machine"


def notice_lines(
    envelope: Envelope, received: str, rows: Iterable[tuple[str, str, str]]
) -> Iterator[str]:
    """The text of a notice sheet, line by line (not wrapped).

    `received`: the time in words. `rows`: name, type and reason of each part that can't be
    recorded; the reason in plain words, without a full stop.
    """
    yield "NOTICE: THIS MAIL COULD NOT BE RECORDED IN FULL"
    yield ""
    yield "From:     " + sender_text(envelope)
    yield "Subject:  " + (envelope.subject or "(none)")
    yield "Sent:     " + (envelope.date or "(not known)")
    yield "Received: " + (received or "(not known)")
    yield ""
    number = 0
    for name, content_type, reason in rows:
        if number == 0:
            yield "Not recorded:"
        number += 1
        yield ""
        kind = content_type or "type not known"
        yield "%d. %s (%s)" % (number, name or "part without a name", kind)
        yield "   " + reason + "."
    if number == 0:
        yield "It holds nothing that can be recorded."
    yield ""
    yield "What to do:"
    yield "Ask the sender to send it again as a fax document (TIFF, profile S or F)"
    yield "or as plain text. " + _where(envelope)


def _where(envelope: Envelope) -> str:
    if "@" in envelope.sender:
        return "The sender's address is " + envelope.sender + "."
    return "The mail does not tell the sender's address."
