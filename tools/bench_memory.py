"""M2: what a mail of 200 pages costs in heap beyond one of a page and one of 40, and what 10,000
mails leave behind.

Pages: the whole device on the desk, on MicroPython; its largest number of live octets, sampled
after collections. Mails: the receiving half (see bench_pop3_device) empties a mailbox of them.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
from email.message import EmailMessage
from pathlib import Path

from PIL import Image, ImageDraw

from tools.bench import Row, row
from tools.bench_pop3 import PASSWORD, USER, Ours
from tools.bench_pop3_peers import Target
from tools.build import ROOT

PAGES = (1, 40, 200)  # from some 25 of these on a mail is larger than the spool's window
MAILS = 10_000
_SETTLED = 1000  # mails after which heap and ledger have found their level
_LIMIT_S = 300


def fax_mail(pages: int) -> bytes:
    """A mail with one TIFF of so many pages."""
    picture = Image.new("1", (1728, 600), 1)
    draw = ImageDraw.Draw(picture)
    for line in range(0, 600, 24):
        draw.text((80, line), "line %d of a page that is like all the others" % line, fill=0)
    tiff = io.BytesIO()
    rest = [picture] * (pages - 1)
    picture.save(
        tiff, "TIFF", compression="group4", dpi=(204, 98), save_all=True, append_images=rest
    )
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "sales@example.com", "%d pages" % pages
    mail.set_content("see the pages")
    mail.add_attachment(tiff.getvalue(), "image", "tiff", filename="pages.tif")
    return mail.as_bytes()


def peak(pages: int) -> int:
    """Largest number of live octets while a mail of so many pages is recorded."""
    with tempfile.TemporaryDirectory() as folder:
        mail = Path(folder, "mail.eml")
        mail.write_bytes(fax_mail(pages))
        command = [sys.executable, "-m", "sim", "--once", "--json", "--sheets", str(pages + 2)]
        paths = ["--mail", str(mail), "--paper", folder + "/paper"]
        done = subprocess.run(
            [*command, *paths],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=True,
        )
        said = json.loads(done.stdout.splitlines()[-1])
    if said["pages"] < pages:
        raise RuntimeError("%d pages: %s" % (pages, said))
    return int(said["heap_peak"])


def left_behind() -> tuple[int, int]:
    """Live octets after the first mails and after all of 10,000."""
    from tests.interop.dovecot import Dovecot

    text = b"From: a@example.com\nSubject: %d\nMessage-ID: <%d@example.com>\n\nmail %d\n"
    with Dovecot({USER: PASSWORD}) as server:
        server.deliver(USER, (text % (n, n, n) for n in range(MAILS)))
        said = Ours(Target(server.port, USER, PASSWORD, MAILS), empty=True,
                    settled=_SETTLED).run()
        left = len(server.contents(USER))
    if left:
        raise RuntimeError("%d mails are left" % left)
    settled, after = said["heaps"]
    return settled, after


def rows() -> list[Row]:
    """Row M2."""
    from tests.interop.dovecot import reason_to_skip

    small, streamed, large = (peak(pages) for pages in PAGES)
    found = [
        row("M2", "heap: mail of 200 pages", "one of %d" % pages, [large], [one], "B",
            "%+d octets" % (large - one))
        for pages, one in ((PAGES[0], small), (PAGES[1], streamed))
    ]
    reason = reason_to_skip()
    if reason:
        found.append(row("M2", "heap: after 10,000 mails", "after 1,000", [], [], "B", reason))
        return found
    settled, after = left_behind()
    grown = "%+d octets" % (after - settled)
    return [*found, row("M2", "heap: after 10,000 mails", "after 1,000", [after], [settled], "B",
                        grown)]
