"""Mails for the embedded maildrop: from files, a TIFF wrapped into a mail, or the samples."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

SUFFIXES = (".eml", ".tif", ".tiff")
SENDER = "desk@localhost"


class NoMail(ValueError):
    """The file is no mail that the desk takes."""


def load(path: Path) -> bytes:
    """The mail in a file, its lines ended by CRLF. Raises NoMail."""
    if path.suffix.lower() not in SUFFIXES:
        raise NoMail("%s: give .eml or .tif files" % path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NoMail("%s: %s" % (path, error.strerror)) from None
    if path.suffix.lower() == ".eml":
        return re.sub(rb"(?<!\r)\n", b"\r\n", content)
    return wrap_tiff(path.name, content, path.stat().st_mtime)


def wrap_tiff(name: str, content: bytes, seconds: float) -> bytes:
    """A mail with one TIFF, dated `seconds` after 1970; the same input gives the same mail."""
    message = EmailMessage(policy=SMTP)
    message["From"] = SENDER
    message["To"] = "fax@localhost"
    message["Subject"] = name
    message["Date"] = format_datetime(datetime.fromtimestamp(int(seconds), UTC))
    message.set_content(content, maintype="image", subtype="tiff", cte="base64", filename=name)
    return message.as_bytes()


def samples(build_dir: Path) -> list[Path]:
    """The sample mails, made anew into the build directory."""
    from tools.samples import make_samples

    directory = build_dir / "samples"
    directory.mkdir(parents=True, exist_ok=True)
    make_samples(directory)
    return sorted(directory.glob("*.eml"))
