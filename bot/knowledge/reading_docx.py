"""Word documents: headings, lists and tables as Markdown. No picture is read, nothing outside the file is opened."""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Any

import mammoth

from bot.knowledge.documents import BadFileError, Raw
from bot.knowledge.reading_html import markdown_of

UNPACKED_BYTES = 20_000_000
"""The greatest size of a document's texts unpacked: what says more is no help page, or a bomb."""
_OLD = b"\xd0\xcf\x11\xe0"
_STYLES = "p[style-name='Title'] => h1:fresh\np[style-name='Subtitle'] => h2:fresh"


def read(content: bytes) -> Raw:
    """The document's text. Raises BadFileError."""
    if content.startswith(_OLD):
        what = "locked by a password, or of Word 97"
        raise BadFileError(what, "save it as .docx without a password")
    _check(content)
    html = mammoth.convert_to_html(
        BytesIO(content), style_map=_STYLES, include_embedded_style_map=False, convert_image=_no_picture
    ).value
    return Raw(markdown_of(re.sub(r'<a id="[^"]*"></a>', "", html)))


def _check(content: bytes) -> None:
    """Raises BadFileError on what is no zip file, or not one to be unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            texts = [part for part in archive.infolist() if part.filename.endswith((".xml", ".rels"))]
            if sum(part.file_size for part in texts) > UNPACKED_BYTES:
                what = f"unpacks to more than {UNPACKED_BYTES // 1_000_000} MB of text"
                raise BadFileError(what, "cut it into several files")
            if any(b"<!DOCTYPE" in archive.read(part) for part in texts):
                raise BadFileError("declares entities, as no Word document does", "save it again as .docx")
    except zipfile.BadZipFile as error:
        raise BadFileError("not a Word document, or a damaged one", "save it again as .docx") from error


def _no_picture(_image: Any) -> list[Any]:
    return []
