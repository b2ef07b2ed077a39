"""Make the sample mails: what senders of Internet fax really send, as .eml files.

    python tools/samples.py FOLDER

The mails are the same, octet for octet, on every run with the same Pillow. They need nothing but
Pillow: see `samples_sheet.py` for the drawing, `samples_letters.py`, `samples_forms.py` and
`samples_drawings.py` for the documents, `samples_tiff.py` for the fax files.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from PIL import Image

from tools import samples_drawings as drawings
from tools import samples_forms as forms
from tools import samples_letters as letters
from tools.samples_sheet import DPI_300, FINE, LANDSCAPE, STANDARD, SUPER, Scan
from tools.samples_tiff import MH, MR, Page, Style, tiff

FIRST_DATE = datetime(2026, 10, 17, 8, 12, 40, tzinfo=UTC)


class Fax(NamedTuple):
    """One sample TIFF: its pages, how they were scanned, and how the sender writes its files."""

    pages: tuple[Callable[[], Image.Image], ...]
    scan: Scan
    style: Style

    def images(self) -> list[Image.Image]:
        """The pages as drawn."""
        return [page() for page in self.pages]

    def file(self) -> bytes:
        """The TIFF file."""
        scan = self.scan
        return tiff([Page(image, scan.x_dpi, scan.y_dpi) for image in self.images()], self.style)


FAXES = {
    "letter": Fax(
        (letters.letter_first, letters.letter_second),
        FINE,
        Style(software="Harbour Fax Server", directory_first=False),
    ),
    "order": Fax((forms.order_form,), STANDARD, Style(MH, fill_order=2)),
    "delivery-note": Fax(
        (forms.delivery_note,), FINE, Style(MR, ">", aligned=True, centimetres=True)
    ),
    "leaflet": Fax((letters.leaflet,), DPI_300, Style(strip_rows=256, software="ScanDesk 4.2")),
    "data-sheet": Fax((drawings.data_sheet,), SUPER, Style(byte_order=">", fill_order=2)),
    "drawing": Fax((drawings.workshop_drawing,), LANDSCAPE, Style(software="DraftOffice")),
    "damage": Fax((letters.claim_photo,), FINE, Style(directory_first=False)),
    "way": Fax((drawings.way_sketch,), FINE, Style(MR)),
}

ACCENTS = """\
Chère Madame, cher Monsieur,

nous avons bien reçu votre envoi du 12 octobre : les dix-huit caisses sont arrivées à l'entrepôt \
de Sète sans dégât. Il manque toutefois la pièce n° 7 – « manchon Ø 40 » – que vous aviez promise \
pour la fin août. Où est-elle passée ?

Pour mémoire, le détail de la commande :

  Réf.\tDésignation\t\tQté\tPrix
  A-112\tÉcrou à œil, inox\t24\t 1,35 €
  A-204\tCâble tressé ½″\t\t80 m\t 4,90 €
  B-007\tManchon Ø 40\t\t 6\t12,60 €

Herr Müller aus Köln läßt grüßen und fragt, ob die Größen für „Übergang Süd“ schon geprüft sind. \
Señor Ibáñez llegará mañana; pan Dvořák z Brna přijede příští týden, a pani Łucja Żółć z Gdańska \
prosi o fakturę. Η κυρία Παπαδοπούλου περιμένει απάντηση, Ольга Щукина тоже.

Mesures relevées ce matin : 21,5 °C ± 0,3 ; 4 × 250 µm ; débit ≤ 3½ l/min.

La documentation se trouve sous
https://www.example.org/documentation/fr/manuels/manchons-et-raccords/serie-40/fiche-technique-2026-10.html

Veuillez agréer, Madame, Monsieur, l'expression de nos salutations distinguées.

Élodie Lefèvre
Ateliers du Môle, Sète
"""

CLAIM = """\
Good morning,

as announced by telephone, here are the photo of the damage on the south side and a sketch of the \
way to our loading bay. The key of the house is with the baker – please ring twice.

If you can come before Wednesday, so much the better: more rain is forecast. The scaffold costs \
€ 190 a day.

Kind regards
J. Bergstrand
"""

CONTRACT = """\
Dear customer,

please find attached your maintenance contract for 2027. Kindly sign and return it by 15 November.

Kestrel Pumps, Service
"""


def fax_mail(name: str, sender: Address, subject: str, *attached: str) -> EmailMessage:
    """A mail of fax files and nothing else: multipart/mixed, base64."""
    mail = _mail(name, sender, subject)
    mail.make_mixed()
    for file in attached:
        mail.add_attachment(FAXES[file].file(), "image", "tiff", filename=file + ".tif")
    return mail


def profile_s_mail() -> EmailMessage:
    """What a plain Internet fax machine sends: one image/tiff, no multipart."""
    mail = _mail("order", Address("", "fax", "bakery.example.com"), "IMAGE from Internet FAX")
    mail.set_content(FAXES["order"].file(), "image", "tiff")
    return mail


def untyped_mail() -> EmailMessage:
    """A TIFF that only its name gives away."""
    sender = Address("Nordkette Dispatch", "dispatch", "example.net")
    mail = _mail("delivery-note", sender, "Delivery note DN-204196")
    mail.make_mixed()
    mail.add_attachment(
        FAXES["delivery-note"].file(), "application", "octet-stream", filename="DN204196.TIF"
    )
    return mail


def text_mail() -> EmailMessage:
    """A text with accents; sender and subject need encoded words (RFC 2047)."""
    sender = Address("Élodie Lefèvre", "elodie.lefevre", "example.org")
    mail = _mail("text", sender, "Réception de votre envoi – pièce n° 7 manquante")
    text = ACCENTS.replace("« ", "«\xa0").replace(" »", "\xa0»").replace(" ?", "\xa0?")
    mail.set_content(text, charset="utf-8", cte="quoted-printable")
    return mail


def mixed_mail() -> EmailMessage:
    """A text and two TIFFs."""
    sender = Address("J. Bergstrand", "j.bergstrand", "example.com")
    mail = _mail("mixed", sender, "Damage report 26-00412 and how to find us")
    mail.set_content(CLAIM, charset="windows-1252", cte="quoted-printable")
    for file in ("damage", "way"):
        mail.add_attachment(FAXES[file].file(), "image", "tiff", filename=file + ".tif")
    return mail


def pdf_mail() -> EmailMessage:
    """A text and a PDF, which can't be recorded."""
    sender = Address("Kestrel Pumps Service", "service", "example.com")
    mail = _mail("pdf", sender, "Maintenance contract 2027")
    mail.set_content(CONTRACT, charset="us-ascii", cte="7bit")
    mail.add_attachment(
        pdf(["MAINTENANCE CONTRACT 2027", "between Kestrel Pumps and the customer"]),
        "application",
        "pdf",
        filename="contract-2027.pdf",
    )
    return mail


MAILS: tuple[tuple[str, Callable[[], EmailMessage]], ...] = (
    (
        "letter",
        lambda: fax_mail(
            "letter",
            Address("Harbour & Lane Sales", "sales", "example.com"),
            "Quotation HL-2026/1047",
            "letter",
        ),
    ),
    ("order", profile_s_mail),
    ("delivery-note", untyped_mail),
    (
        "leaflet",
        lambda: fax_mail(
            "leaflet",
            Address("Lakeside House", "reception", "example.org"),
            "Autumn by the water",
            "leaflet",
        ),
    ),
    (
        "data-sheet",
        lambda: fax_mail(
            "data-sheet",
            Address("Kestrel Pumps", "info", "example.com"),
            "Data sheet KP-40",
            "data-sheet",
        ),
    ),
    (
        "drawing",
        lambda: fax_mail(
            "drawing",
            Address("K. Novak", "k.novak", "example.com"),
            "Drawing 40-2432-01, bracket left",
            "drawing",
        ),
    ),
    ("text", text_mail),
    ("mixed", mixed_mail),
    ("pdf", pdf_mail),
)


def _mail(name: str, sender: Address, subject: str) -> EmailMessage:
    """A mail's headers, each mail some minutes after the one before."""
    number = [known for known, _make in MAILS].index(name)
    date = format_datetime(FIRST_DATE + timedelta(minutes=17 * number + number * number))
    mail = EmailMessage(SMTP)
    mail["Return-Path"] = "<" + sender.addr_spec + ">"
    mail["Received"] = "from mail.%s by mx.example.net with ESMTP id 7A%04d; %s" % (
        sender.domain,
        1728 + number,
        date,
    )
    mail["From"] = sender
    mail["To"] = Address("Fax, ground floor", "fax", "example.net")
    mail["Subject"] = subject
    mail["Date"] = date
    mail["MIME-Version"] = "1.0"
    mail["Message-ID"] = "<20261017.%s.%d@%s>" % (name, 1047 + number, sender.domain)
    return mail


def pdf(lines: list[str]) -> bytes:
    """A PDF of one page with a few lines of ASCII text."""
    text = "BT /F1 14 Tf 72 740 Td 20 TL %s ET" % " ".join("(%s) Tj T*" % line for line in lines)
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        " /Resources << /Font << /F1 5 0 R >> >> >>",
        "<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = "%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += "%d 0 obj\n%s\nendobj\n" % (number, body)
    table = "".join("%010d 00000 n \n" % offset for offset in offsets)
    out += "xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\n" % table
    return (out + "startxref\n%d\n%%%%EOF\n" % out.index("xref\n0 6")).encode("ascii")


def sample_mails() -> dict[str, bytes]:
    """All sample mails by name, in order, with CRLF line ends as a POP3 server sends them."""
    mails = {}
    for name, make in MAILS:
        mail = make()
        if mail.is_multipart():
            mail.set_boundary("=_%s_40b1728" % name)
        mails[name] = mail.as_bytes()
    return mails


def make_samples(folder: Path | str) -> list[Path]:
    """Write the sample mails to `folder` (made when missing); returns their paths in order."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, (name, octets) in enumerate(sample_mails().items(), 1):
        path = folder / ("%02d-%s.eml" % (number, name))
        path.write_bytes(octets)
        paths.append(path)
    return paths


def main() -> int:
    """Write the mails to the folder named on the command line."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    for path in make_samples(sys.argv[1]):
        print("%7d %s" % (path.stat().st_size, path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
