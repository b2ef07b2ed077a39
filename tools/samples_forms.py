"""Sample forms: an order filled in by hand, a delivery note with a bar code."""

from __future__ import annotations

from PIL import Image

from tools.samples_pictures import code39, sign
from tools.samples_sheet import FINE, STANDARD, Sheet


def order_form() -> Image.Image:
    """An order on a printed form, filled in by hand: standard mode."""
    sheet = Sheet()
    sheet.box(14, 14, 187, 268, 0.9)
    sheet.box(14, 14, 187, 26, 0.9, 0)
    sheet.text(20, 31, "PURCHASE ORDER", 11, True, ink=255)
    sheet.text(196, 26, "Bellweather Bakery Supplies", 4.6, True, "rs", 255)
    sheet.text(196, 34, "Fax 01632 960 331", 4.6, True, "rs", 255)
    fields = [
        ("To", "Mill Lane Foods", 14.0, 40.0, 110),
        ("Order no.", "4471", 124, 40, 77),
        ("Attention", "Ruth, orders desk", 14, 57, 110),
        ("Date", "14 Oct", 124, 57, 77),
    ]
    for name, value, x, y, width in fields:
        sheet.box(x, y, width, 17, 0.6)
        sheet.text(x + 3, y + 5.5, name, 3.8)
        sheet.handwriting(x + 24, y + 13, value, 8)
    widths, x = (24, 100, 32, 31), 14.0
    for name, width in zip(("Code", "Article", "Quantity", "Price"), widths, strict=True):
        sheet.box(x, 80, width, 11, 0.7, 225)
        sheet.text(x + 3, 88, name, 5, bold=True)
        x += width
    rows = [
        ("F-20", "Flour, strong white, 25 kg", "16", "18.20"),
        ("F-31", "Rye flour, 25 kg", "4", "21.50"),
        ("Y-02", "Fresh yeast, 1 kg", "30", "2.95"),
        ("S-10", "Sea salt, fine, 10 kg", "2", "7.40"),
        ("B-07", "Butter, unsalted, 5 kg", "8", "34.00"),
        ("", "", "", ""),
        ("", "", "", ""),
    ]
    for number, row in enumerate(rows):
        y, x = 91.0 + 15 * number, 14.0
        for value, width in zip(row, widths, strict=True):
            sheet.box(x, y, width, 15, 0.5)
            sheet.handwriting(x + 3, y + 10.5, value, 7.2)
            x += width
    sheet.text(19, 206, "Deliver by", 4.4)
    sheet.handwriting(46, 207, "Monday before 5 am, rear gate", 8)
    sheet.line(45, 209, 196, 209, width=0.5)
    sheet.text(19, 222, "Remarks", 4.4)
    sheet.handwriting(46, 223, "Please ring if the rye is late again!", 8)
    sheet.line(45, 225, 196, 225, width=0.5)
    sheet.text(19, 260, "Signature", 4.4)
    sheet.line(45, 262, 120, 262, width=0.5)
    sign(sheet, "Bell", 50, 256, 1.4, 0.8)
    sheet.circle(166, 252, 20, 1.0)
    sheet.circle(166, 252, 15, 0.6)
    sheet.text(166, 250, "RECEIVED", 5, bold=True, anchor="ms")
    sheet.text(166, 257, "14 OCT 2026", 4.4, anchor="ms")
    return sheet.scan(STANDARD, 190)


def delivery_note() -> Image.Image:
    """A delivery note with a bar code."""
    sheet = Sheet()
    sheet.polygon([(22, 34), (30, 18), (38, 34)])
    sheet.polygon([(33, 34), (38, 24), (43, 34)])
    sheet.text(48, 27, "NORDKETTE FORWARDING", 6, bold=True)
    sheet.text(48, 34, "Industriestrasse 8 · Innsbruck · dispatch@example.net", 3.3)
    sheet.text(22, 56, "Delivery note", 8, bold=True)
    code39(sheet, 118, 45, "DN-204196")
    left = ("Consignee", "Aldersund Interiors", "11 Kirk Road", "Aldersund")
    right = ("Consignor", "Gruber & Sons, joiners", "Dorfplatz 2", "Steinach")
    for x, lines in ((22, left), (110, right)):
        sheet.box(x, 70, 83, 34, 0.35)
        sheet.text(x + 3, 75.5, lines[0], 2.8)
        for row, text in enumerate(lines[1:]):
            sheet.text(x + 3, 84 + 6 * row, text, 4.2)
    rows = [
        ("Item", "Description", "Pieces", "kg", "cbm"),
        ("1", "Dining table, oak, 220 x 95 cm, dismantled", "2", "84.5", "0.41"),
        ("2", "Chair 'Karwendel', upholstered", "8", "56.0", "1.20"),
        ("3", "Sideboard, walnut, 3 doors", "1", "71.2", "0.88"),
        ("4", "Fittings, screws, oil", "1", "6.3", "0.02"),
        ("5", "Mirror 60 x 180 cm - GLASS! FRAGILE!", "1", "14.8", "0.14"),
    ]
    end = sheet.table(22, 112, (14, 100, 19, 19, 19), rows, 3.5, 8.5, "234")
    for right_edge, text in ((153.5, "13"), (172.5, "232.8"), (191.5, "2.65")):
        sheet.text(right_edge, end + 7, text, 3.6, True, "rs")
    notes = (
        "Received in good order and condition. Damage has to be noted on this form at once; "
        "claims that are made later cannot be accepted.\n"
        "Pallets and blankets remain the property of the forwarder."
    )
    sheet.paragraph(22, end + 22, 120, notes, 3.4)
    sheet.box(150, end + 17, 43, 30, 0.35)
    sheet.text(153, end + 22, "Stamp", 2.7)
    sheet.text(22, 232, "Remarks", 3)
    sheet.handwriting(26, 243, "1 chair: cover slightly torn", 6.5)
    for y in (245, 255):
        sheet.line(22, y, 193, y, width=0.3)
    for x, name in ((22, "Driver"), (112, "Consignee")):
        sheet.line(x, 278, x + 76, 278, width=0.3)
        sheet.text(x, 282.5, name, 2.8)
    sign(sheet, "Gruber", 30, 272, 0.95)
    sign(sheet, "Berg", 120, 271, 0.9)
    return sheet.scan(FINE)
