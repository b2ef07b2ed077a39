"""Small mails for cutting the power: pages of a dozen rows, told apart by their dots."""

from __future__ import annotations

import random
from email.message import EmailMessage
from email.policy import SMTP

from PIL import Image

from tools.samples_tiff import Page, Style
from tools.samples_tiff import tiff as tiff_file

WIDTH = 1728


def fax(chance: random.Random, pages: int, style: Style | None = None, rows: int = 12) -> bytes:
    """A TIFF of so many pages; each row of a page is a bar or two of its own."""
    images = [Page(_picture(chance, rows), 204, 196) for _ in range(pages)]
    return tiff_file(images, style or Style())


def noise(chance: random.Random, rows: int) -> bytes:
    """A TIFF of one page that does not compress, its directory behind its data."""
    picture = Image.frombytes("1", (WIDTH, rows), chance.randbytes(WIDTH // 8 * rows))
    return tiff_file([Page(picture, 204, 196)], Style(directory_first=False))


def mail(
    chance: random.Random, text: str = "", tiffs: tuple[bytes, ...] = (), pdf: bool = False
) -> bytes:
    """A mail with a text, faxes, a part that can't be recorded; what is empty is left out."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "sender%d@example.com" % chance.randrange(1000)
    message["To"] = "fax@example.net"
    message["Subject"] = "Mail %d" % chance.randrange(100000)
    message["Date"] = "Thu, 01 Jan 2026 10:00:%02d +0000" % chance.randrange(60)
    message["Message-ID"] = "<%d@example.com>" % chance.getrandbits(40)
    parts = [("image", "tiff", tiff, "fax.tif") for tiff in tiffs]
    if pdf:
        parts.append(("application", "pdf", b"%PDF-1.4 " + chance.randbytes(40), "order.pdf"))
    if text or not parts:
        message.set_content(text)
    elif len(parts) == 1:
        main, sub, octets, name = parts.pop()
        message.set_content(octets, maintype=main, subtype=sub, filename=name)
    for main, sub, octets, name in parts:
        message.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    if message.is_multipart():
        message.set_boundary("=-%d" % chance.getrandbits(40))
    return message.as_bytes()


def words(chance: random.Random, lines: int) -> str:
    """So many lines of text."""
    return "".join("%d %x\n" % (line, chance.getrandbits(60)) for line in range(lines))


def _picture(chance: random.Random, rows: int) -> Image.Image:
    image = Image.new("1", (WIDTH, rows + 2), 255)  # white is 255: 1 would be black when turned
    for row in range(rows):
        left = chance.randrange(100, 1400)
        image.paste(0, (left, row + 1, left + chance.randrange(30, 200), row + 2))
    return image
