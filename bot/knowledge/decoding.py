"""Bytes to text, and plain text to Markdown.

UTF-8 comes first, then what a byte order mark or the file itself declares, then GBK: Chinese spreadsheets and old web
pages are in it. GBK would read nearly any bytes, so it counts only where the letters are the common ones of GB 2312.
"""

from __future__ import annotations

import codecs
import re

from bot.knowledge.documents import BadFileError

DECLARED = re.compile(r"(utf-?8|utf-?16|gbk|gb2312|gb18030|big5|big5-hkscs|windows-125\d|iso-8859-\d{1,2})", re.I)
"""Encodings that a web page may declare."""
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_MARK = re.compile(r"(?:[-•●◦▪·–*]|(\d{1,3})[.)、])\s+(?=\S)")


def decoded(content: bytes, declared: str = "") -> str:
    """The text with Unix line ends. Raises BadFileError with the line of the first byte that does not fit."""
    text = _text(content, declared)
    if "\0" in text:
        at = text.index("\0")
        raise BadFileError("not a text", "save it as a UTF-8 text file", text.count("\n", 0, at) + 1)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _text(content: bytes, declared: str) -> str:
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strict(content, "utf-16", "save the file as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        bad = error
    if DECLARED.fullmatch(declared):
        return _strict(content, _widest(declared.lower()), f"the page says {declared}: save it as UTF-8")
    text = _gbk(content)
    if text is None:
        line = content.count(b"\n", 0, bad.start) + 1
        raise BadFileError("neither UTF-8 nor GBK", "save the file as UTF-8", line) from bad
    return text


def _strict(content: bytes, encoding: str, mend: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadFileError(f"not {encoding.upper()}", mend, line) from error


def _widest(declared: str) -> str:
    """As browsers do: the newer set of the same family."""
    if declared in {"gbk", "gb2312"}:
        return "gb18030"
    return {"big5": "big5-hkscs", "iso-8859-1": "windows-1252"}.get(declared, declared)


def _gbk(content: bytes) -> str | None:
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return None
    foreign = re.findall(r"[^\x00-\x7f]", text)
    common = len("".join(foreign).encode("gb2312", "ignore").decode("gb2312"))
    return text if common >= 0.9 * len(foreign) and re.search(r"[\u4e00-\u9fff]{2}", text) else None


def plain_markdown(text: str) -> str:
    """Markdown that reads as the plain text does: its lines stay lines, list marks make lists, nothing else counts."""
    lines = [_line(line.strip()) for line in text.replace("\f", "\n\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _line(line: str) -> str:
    """Two spaces at the end are a line break."""
    mark = _MARK.match(line)
    rest = _SPECIAL.sub(r"\\\1", line[mark.end() :] if mark else line)
    if mark:
        return f"{mark[1]}. {rest}  " if mark[1] else f"- {rest}  "
    return re.sub(r"^([-+=])", r"\\\1", rest) + "  " if rest else ""
