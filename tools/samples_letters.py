"""Sample documents of offices: a letter with a price list, a leaflet, a report with a photo."""

from __future__ import annotations

from PIL import Image

from tools.samples_pictures import compass, house, lake, sign
from tools.samples_sheet import DPI_300, FINE, Sheet


def _compass_rose(sheet: Sheet, x: float, y: float, radius: float) -> None:
    sheet.circle(x, y, radius, 0.5)
    sheet.circle(x, y, radius * 0.82, 0.25)
    narrow, long = radius * 0.18, radius * 0.95
    for dx, dy in ((0, -1), (0, 1), (1, 0), (-1, 0)):
        tip = (x + dx * long, y + dy * long)
        sheet.polygon([tip, (x + dy * narrow, y + dx * narrow), (x, y)])
        sheet.line(*tip, x - dy * narrow, y - dx * narrow, x, y, width=0.3)


def _harbour_head(sheet: Sheet) -> None:
    _compass_rose(sheet, 35, 27, 11)
    sheet.text(52, 26, "Harbour & Lane", 9, bold=True)
    sheet.text(52, 33, "MARINE INSTRUMENTS  ·  REPAIR  ·  CALIBRATION", 3)
    sheet.text(193, 22, "14 Quay Street, Port Ellis", 3, anchor="rs")
    sheet.text(193, 26.5, "Tel. +44 1632 960 114", 3, anchor="rs")
    sheet.text(193, 31, "Fax +44 1632 960 115", 3, anchor="rs")
    sheet.text(193, 35.5, "sales@example.com", 3, anchor="rs")
    sheet.line(22, 42, 193, 42, width=0.7)


def letter_first() -> Image.Image:
    """A quotation, page 1: the letter."""
    sheet = Sheet()
    _harbour_head(sheet)
    for row, text in enumerate(
        (
            "Meridian Charter Ltd",
            "Attn. Mr. T. Okafor, Fleet Manager",
            "Pier 3, North Basin",
            "Westhaven",
        )
    ):
        sheet.text(22, 60 + 5.4 * row, text, 3.9)
    sheet.text(193, 60, "17 October 2026", 3.9, anchor="rs")
    sheet.text(193, 65.4, "Our ref. HL-2026/1047", 3.9, anchor="rs")
    sheet.text(
        22, 96, "Quotation: refit of the compasses of MV Aurora and MV Borealis", 4.3, bold=True
    )
    end = sheet.paragraph(
        22,
        107,
        171,
        (
            "Dear Mr. Okafor,\nthank you for your enquiry of 12 October and for the "
            "photographs of both bridges. We have looked into the matter and are glad to offer "
            "the work and the parts listed overleaf.\nThe steering compass of the Aurora can "
            "be saved. The bowl is sound; the liquid has to be changed, the pivot and the "
            "jewel renewed, and the card re-lettered. The compass of the Borealis, however, "
            "was made in 1961 and spare parts are no longer to be had. We propose to replace "
            "it by our type HL-165, which fits the present binnacle without any change to the "
            "woodwork.\nBoth vessels would then be swung in the outer basin and get a new "
            "deviation card. Please allow one tide for each of them. If you order by the end "
            "of the month, the work can be done in the week of 16 November, while both vessels "
            "are out of service anyway.\nThe prices hold until 30 November 2026, carriage paid "
            "to Westhaven. Payment is due 30 days after the date of the invoice; 2 % discount "
            "is granted for payment within 10 days.\nWe should be pleased to hear from you. "
            "Should any question arise, please call me on extension 22."
        ),
        3.9,
    )
    sheet.text(22, end + 6, "Yours sincerely,", 3.9)
    sign(sheet, "Lane", 24, end + 21, 1.05)
    sheet.text(22, end + 34, "Margaret Lane", 3.9)
    sheet.text(22, end + 39, "Sales and workshop", 3.3)
    _footer(sheet, "Page 1 of 2")
    return sheet.scan(FINE)


def letter_second() -> Image.Image:
    """A quotation, page 2: prices and a picture of the goods."""
    sheet = Sheet()
    _harbour_head(sheet)
    sheet.text(22, 56, "Quotation HL-2026/1047: work and parts", 4.3, bold=True)
    rows = [
        ("Item", "Description", "Qty", "Unit GBP", "GBP"),
        ("1", "MV Aurora: overhaul of steering compass 150 mm", "1", "385.00", "385.00"),
        ("2", "Pivot, jewel and gasket set, type J4", "1", "62.50", "62.50"),
        ("3", "Compass liquid, litre", "3", "9.80", "29.40"),
        ("4", "MV Borealis: steering compass HL-165, card 165 mm", "1", "1,240.00", "1,240.00"),
        ("5", "Mounting ring, brass, for binnacle of 1961", "1", "118.00", "118.00"),
        ("6", "Corrector magnets, pair, 200 mm", "4", "14.25", "57.00"),
        ("7", "Lighting unit, red, 24 V, dimmable", "2", "48.00", "96.00"),
        ("8", "Swinging the vessel, deviation card", "2", "210.00", "420.00"),
    ]
    end = sheet.table(22, 62, (14, 92, 15, 24, 26), rows, 3.3, 7, "234")
    for row, (name, value) in enumerate(
        (("Net", "2,407.90"), ("VAT 20 %", "481.58"), ("Total", "2,889.48"))
    ):
        y = end + 7 + 6.5 * row
        sheet.text(164, y, name, 3.6, name == "Total", "rs")
        sheet.text(191.5, y, value, 3.6, name == "Total", "rs")
    sheet.line(168, end + 22.5, 193, end + 22.5, width=0.3)
    sheet.line(168, end + 23.5, 193, end + 23.5, width=0.3)
    sheet.picture(24, 168, 78, 78, compass())
    sheet.text(63, 254, "Fig. 1: steering compass HL-165, seen from above", 3.1, anchor="ms")
    sheet.text(112, 174, "Type HL-165", 4, bold=True)
    facts = [
        ("Card diameter", "165 mm"),
        ("Height over all", "142 mm"),
        ("Weight", "4.6 kg"),
        ("Period, half", "14 s"),
        ("Temperature", "-30 to +60 °C"),
        ("Error of the card", "max. 0.5°"),
        ("Approved to", "ISO 25862, class A"),
    ]
    for row, (name, value) in enumerate(facts):
        y = 183 + 8 * row
        sheet.text(112, y, name, 3.5)
        sheet.text(193, y, value, 3.5, anchor="rs")
        sheet.line(112, y + 2.2, 193, y + 2.2, width=0.15)
    _footer(sheet, "Page 2 of 2")
    return sheet.scan(FINE)


def _footer(sheet: Sheet, right: str) -> None:
    sheet.line(22, 279, 193, 279, width=0.3)
    sheet.text(
        22, 284, "Harbour & Lane Ltd · Registered in Port Ellis no. 204 196 · VAT 960 1728", 2.7
    )
    sheet.text(193, 284, right, 2.7, anchor="rs")


def leaflet() -> Image.Image:
    """A hotel's leaflet with a large picture, 300 dpi."""
    sheet = Sheet(219.5)
    sheet.text(109.7, 34, "Lakeside House", 17, bold=True, anchor="ms")
    sheet.text(109.7, 44, "rooms  ·  restaurant  ·  terrace on the water", 4.6, anchor="ms")
    sheet.picture(22, 52, 175.5, 100, lake(), screened=True)
    sheet.text(22, 168, "Autumn by the water", 6.5, bold=True)
    sheet.paragraph(
        22,
        178,
        82,
        (
            "From 2 to 29 November we offer you three nights for the price of two. All our "
            "rooms look out on the lake, and breakfast is served until eleven, even for those "
            "who like to sleep.\nTen minutes from the landing stage the footpaths begin: beech "
            "woods, vineyards and, on days of north wind, a view that reaches as far as the "
            "glaciers.\nBoats leave every hour. We fetch you and your luggage from the pier."
        ),
        3.7,
    )
    rows = [
        ("Room", "Night", "3 nights"),
        ("Single, garden", "95", "190"),
        ("Double, lake", "140", "280"),
        ("Family", "185", "370"),
        ("Lighthouse suite", "260", "520"),
        ("Additional bed", "35", "70"),
    ]
    sheet.table(114, 164, (43, 19, 21.5), rows, 3.4, 8, "12")
    sheet.text(114, 218, "Prices in euro, breakfast and tax included.", 3)
    sheet.box(22, 246, 175.5, 26, 0.6, 0)
    sheet.text(109.7, 258, "Call +44 1632 960 192 · reception@example.org", 5.2, True, "ms", 255)
    sheet.text(109.7, 267, "5 Willow Quay, closed on Mondays in winter", 3.6, anchor="ms", ink=255)
    return sheet.scan(DPI_300)


def claim_photo() -> Image.Image:
    """A page of a damage report with a screened photo."""
    sheet = Sheet()
    sheet.text(22, 28, "Damage report 26-00412", 7, bold=True)
    sheet.text(193, 28, "Annex 1: photo", 4, anchor="rs")
    sheet.line(22, 33, 193, 33, width=0.6)
    sheet.picture(22, 42, 171, 106.4, house(), screened=True)
    sheet.box(22, 42, 171, 106.4, 0.4)
    caption = (
        "Fig. 1: south side, gutter torn off on the right (ring). Taken on 15 October 2026, 9:40."
    )
    sheet.text(22, 155, caption, 3.2)
    rows = [
        ("Part", "Damage", "Estimate, EUR"),
        ("Gutter, zinc, 6 m", "torn off, bent", "410.00"),
        ("Gutter brackets", "5 broken out", "75.00"),
        ("Plaster below the eaves", "soaked, some 2 square metres", "260.00"),
        ("Scaffold, two days", "", "380.00"),
    ]
    end = sheet.table(22, 168, (60, 75, 36), rows, 3.6, 8.5, "2")
    sheet.text(191.5, end + 8, "together 1,125.00", 3.9, True, "rs")
    sheet.paragraph(
        22,
        end + 22,
        171,
        (
            "The storm in the night of 14 October has torn some six metres of gutter from the "
            "south side. Since then the rain runs down the wall; we ask for your early consent "
            "to the repair."
        ),
        3.8,
    )
    sign(sheet, "Berg", 26, 268, 1.0)
    sheet.line(22, 276, 90, 276, width=0.25)
    sheet.text(22, 281, "J. Bergstrand, caretaker", 3.2)
    return sheet.scan(FINE)
