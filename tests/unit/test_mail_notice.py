"""The words of the notice sheet and of a mail's heading."""
from __future__ import annotations

from firmware.mail.header import Envelope
from firmware.mail.notice import heading_lines, notice_lines, reason_for


def envelope() -> Envelope:
    made = Envelope()
    made.take("from", b"Jane Doe <jane@example.com>")
    made.take("subject", b"Order")
    made.take("date", b"Fri, 21 Nov 1997 09:55:06 -0600")
    return made


def test_a_notice_tells_who_what_when_and_why() -> None:
    pdf = "application/pdf"
    rows = [("order.pdf", pdf, reason_for(pdf)), ("", "", "it is empty")]
    text = "\n".join(notice_lines(envelope(), "2024-01-01 08:00", rows))
    for words in (
        "Jane Doe <jane@example.com>",
        "Order",
        "Fri, 21 Nov 1997 09:55:06 -0600",
        "2024-01-01 08:00",
        "1. order.pdf (application/pdf)\n   PDF documents can't be recorded by this machine.",
        "2. part without a name (type not known)\n   it is empty.",
    ):
        assert words in text, words
    assert text.find("What to do:") > text.find("it is empty")
    assert "jane@example.com" in text[text.find("What to do:") :]


def test_a_notice_of_a_mail_that_tells_nothing() -> None:
    text = "\n".join(notice_lines(Envelope(), "", []))
    assert "(unknown)" in text and "nothing that can be recorded" in text
    assert "does not tell the sender's address" in text


def test_the_heading_has_three_lines() -> None:
    assert heading_lines(envelope()) == (
        "From:    Jane Doe <jane@example.com>",
        "Subject: Order",
        "Date:    Fri, 21 Nov 1997 09:55:06 -0600",
    )
    assert heading_lines(Envelope())[1] == "Subject: (none)"


def test_every_type_has_a_reason() -> None:
    for content_type in ("application/pdf", "text/html", "image/jpeg", "audio/x", "x/y", ""):
        assert reason_for(content_type).count(" ") > 3
