"""Mails for the embedded maildrop: from files, a TIFF wrapped into a mail, or the samples."""

from __future__ import annotations

import fcntl
import hashlib
import re
import tempfile
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
    """The sample mails, kept in the build directory and made anew when their maker changed."""
    folder = build_dir / "samples"
    mark = folder / ".made"
    made_by = _sum_of_sources()
    build_dir.mkdir(parents=True, exist_ok=True)
    with (build_dir / "samples.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.is_file() or mark.read_text() != made_by:
            _make_samples(folder, made_by)
    return sorted(folder.glob("*.eml"))


def _make_samples(folder: Path, made_by: str) -> None:
    """Another desk may read the old ones meanwhile, so they are replaced as a whole."""
    from tools.samples import make_samples

    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="samples-") as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        make_samples(new)
        (new / ".made").write_text(made_by)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)


def _sum_of_sources() -> str:
    total = hashlib.sha256()
    for path in sorted((Path(__file__).resolve().parents[1] / "tools").glob("samples*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()
