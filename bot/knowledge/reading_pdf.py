"""PDF: the text, its lines put together to paragraphs. A page that is a picture is a fault and not a gap.

PDF knows no paragraphs: a line that ends early ends one, and so does a list mark. Lines that stand at the top or the
foot of most pages, and page numbers, are no text of the document.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import pypdfium2
from pypdfium2.raw import FPDF_ERR_PASSWORD, FPDF_PAGEOBJ_IMAGE

from bot.knowledge.decoding import plain_markdown
from bot.knowledge.documents import FILE_BYTES, TITLE_LENGTH, BadFileError, Raw

PAGES = 2000
FULL = 0.75
"""A line of this share of the page's long lines goes on in the next one."""
NARROW = 30
"""A line of fewer letters, Chinese ones counting two, does not."""
_NUMBER = re.compile(
    r"[-–—\s]*(page\s*)?第?\s*\d{1,4}\s*页?(\s*(/|of|共)\s*第?\s*\d{1,4}\s*页?)?[-–—\s]*", re.IGNORECASE
)
_MARK = re.compile(r"\s*([-•●◦▪·–]|\d{1,3}[.)、]|[（(]\d{1,3}[）)]|第[一二三四五六七八九十百\d]+[章条节])")
_WIDE = re.compile(r"[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uff60]")
_CHINESE_END = re.compile(r"[\u2e80-\u9fff\uff00-\uff60]$")
_UNREADABLE = re.compile(r"[\ue000-\uf8ff\ufffd\x00-\x08\x0e-\x1f]")


def read(content: bytes) -> Raw:
    """The document's text and title. Raises BadFileError; its line is the page."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        if error.err_code == FPDF_ERR_PASSWORD:
            raise BadFileError("locked by a password", "save it without one") from error
        raise BadFileError("not a PDF, or a damaged one", "save it again as PDF") from error
    try:
        return Raw(_markdown(_pages(document)), _title(document))
    except pypdfium2.PdfiumError as error:
        raise BadFileError("a page cannot be read", "save it again as PDF") from error
    finally:
        document.close()


def _pages(document: pypdfium2.PdfDocument) -> list[list[str]]:
    count = len(document)
    if count > PAGES:
        raise BadFileError(f"{count} pages, more than {PAGES}", "cut it into several files")
    texts: list[str] = []
    pictures: list[int] = []
    for number in range(count):
        page = document[number]
        text = page.get_textpage().get_text_bounded()
        if not text.strip() and next(page.get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=3), None):
            pictures.append(number)
        texts.append(text)
        page.close()
        if sum(map(len, texts[-1:])) > FILE_BYTES:
            raise BadFileError(f"page {number + 1} holds too much text", "cut it into several files", number + 1)
    _check(texts, pictures)
    return [_lines(text) for text in texts]


def _check(texts: Sequence[str], pictures: Sequence[int]) -> None:
    """Raises BadFileError where letters are missing; a cover at either end may be a picture."""
    if not any(text.strip() for text in texts):
        what = "no text: its pages are pictures" if pictures else "no text"
        raise BadFileError(what, "run a text recognition over it (OCR, as ocrmypdf does)")
    missing = next((number for number in pictures if 0 < number < len(texts) - 1), None)
    if missing is not None:
        what = f"page {missing + 1} is a picture without text"
        raise BadFileError(what, "run a text recognition over it (OCR, as ocrmypdf does)", missing + 1)
    for number, text in enumerate(texts, 1):
        if len(_UNREADABLE.findall(text.replace("\x02", ""))) > 0.1 * len(text):
            what = f"the letters of page {number} have no meaning outside its font"
            raise BadFileError(what, "save it again with embedded Unicode fonts", number)


def _lines(text: str) -> list[str]:
    whole = re.sub(r"[\x02\ufffe\u00ad]\r?\n?", "", text)
    return [line.strip() for line in re.split(r"[\r\n\f]+", _UNREADABLE.sub("", whole)) if line.strip()]


def _markdown(pages: list[list[str]]) -> str:
    common = _running(pages)
    kept = [[line for at, line in enumerate(page) if not _aside(at, page, common)] for page in pages]
    return plain_markdown("\n\n".join(_paragraphs(kept)))


def _running(pages: list[list[str]]) -> set[str]:
    """The first and last lines that most pages share."""
    if len(pages) < 3:
        return set()
    edges = Counter(line for page in pages for line in {*page[:1], *page[-1:]})
    return {line for line, count in edges.items() if count > len(pages) / 2}


def _aside(at: int, page: list[str], common: set[str]) -> bool:
    at_edge = at in {0, 1, len(page) - 2, len(page) - 1}
    return at_edge and (page[at] in common or _NUMBER.fullmatch(page[at]) is not None)


def _paragraphs(pages: list[list[str]]) -> Iterator[str]:
    held, goes_on = "", False
    long = _long(line for page in pages for line in page)
    for page in pages:
        full = max(NARROW, FULL * max(_long(page), 0.8 * long))
        for line in page:
            if held and goes_on and not _MARK.match(line):
                held += line if _CHINESE_END.search(held) and _WIDE.match(line) else f" {line}"
            else:
                if held:
                    yield held
                held = line
            goes_on = _width(line) >= full
    if held:
        yield held


def _long(lines: Iterable[str]) -> int:
    """The width that nine of ten lines keep within."""
    widths = sorted(map(_width, lines))
    return widths[int(0.9 * (len(widths) - 1))] if widths else 0


def _width(line: str) -> int:
    return len(line) + len(_WIDE.findall(line))


def _title(document: pypdfium2.PdfDocument) -> str:
    """The title that the file states, unless it is the name of the file it was made from."""
    title = " ".join(document.get_metadata_value("Title").split())
    made = re.search(r"^(untitled|microsoft )|\.\w{2,5}$|^无标题", title, re.IGNORECASE)
    return "" if made or _UNREADABLE.search(title) else title[:TITLE_LENGTH]
