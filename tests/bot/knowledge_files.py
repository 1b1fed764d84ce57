"""Real files for the tests of the knowledge: a PDF, a Word document, web pages, tables."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

from docx import Document as Word
from fpdf import FPDF
from PIL import Image

PAGE = """<!doctype html>
<html lang="en"><head><title>Live streaming – Lanqiao Help</title>
<link rel="canonical" href="https://help.example.com/live"><script>var secret = "script";</script>
<style>p {}</style></head><body>
<header><a href="/">Home</a></header><nav><ul><li><a href="/a">All topics</a></ul></nav>
<div class="cookie-banner">We use biscuits. <button>Fine</button></div>
<main><h1>Live streaming</h1>
<p>Apply <b>7 days</b> ahead; 5*3*2 shows_a_week.
<p>Second<aside class="note">Bring your papers.</aside>
<details><summary>Who may stream?</summary>Shops rated 4.5 &amp; more.</details>
<h3><button>What does it cost?</button></h3>
<table><tr><th>Tier<th>Fee<tr><td>Gold<td>1%</table>
<ol><li>Apply<ul><li>deep</ul><li>Wait</ol>
<div class="share"><a href="x">Tell a friend</a></div><img src="http://192.0.2.1/x.png" alt="picture"></main>
<footer>Imprint</footer></body></html>"""


def pdf(path: Path, pages: Sequence[str], title: str = "", password: str = "") -> Path:
    """A PDF of those pages; a page "" is a picture."""
    made = FPDF()
    made.set_font("Helvetica", size=12)
    made.set_title(title)
    if password:
        made.set_encryption(owner_password="owner", user_password=password)
    for page in pages:
        made.add_page()
        if page:
            made.multi_cell(0, 8, page)
        else:
            made.image(Image.new("RGB", (40, 40), "red"), w=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.output(str(path))
    return path


def chinese_pdf(path: Path, text: str) -> Path:
    """A PDF as Chinese programs write it: a font that is not embedded, named by its character set. By hand."""
    shown = text.encode("utf-16-be").hex()
    stream = f"BT /F 14 Tf 50 700 Td <{shown}> Tj ET".encode()
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [6 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) "
        b"/Ordering (GB1) /Supplement 2 >> /FontDescriptor 7 0 R >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 "
        b"/Ascent 800 /Descent -200 /CapHeight 800 /StemV 80 >>",
    ]
    out, starts = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        starts.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % start for start in starts)
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(parts) + 1, out.rindex(b"xref\n0 "))
    path.write_bytes(out)
    return path


def word(path: Path) -> Path:
    """A Word document with headings, a list, a table and a picture."""
    made = Word()
    made.add_heading("Photo rules", 0)
    made.add_heading("Main picture", 1)
    made.add_paragraph("White background only.")
    made.add_paragraph("No watermark", style="List Bullet")
    made.add_paragraph("No border", style="List Bullet")
    table = made.add_table(2, 2)
    for row, cells in enumerate((("Size", "Limit"), ("800*800", "3 MB"))):
        for column, cell in enumerate(cells):
            table.cell(row, column).text = cell
    picture = path.with_suffix(".png")
    Image.new("RGB", (4, 4)).save(picture)
    made.add_picture(str(picture))
    picture.unlink()
    made.save(str(path))
    return path
