"""Tables of questions and answers: each row is a document of its own, so that its question finds its answer.

The first row names the columns, in English or Chinese: question and answer, and if wanted title, tags, lang,
valid_from, valid_until and url (问题, 答案, 标题, 标签, 语言, 生效日期, 失效日期, 链接). Where no column is one of
questions, the titles are. An answer is plain text.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from io import StringIO
from typing import Any, NamedTuple

from bot.knowledge.decoding import plain_markdown
from bot.knowledge.documents import ROW, TITLE_LENGTH, BadFileError, Document, Fault, Raw
from bot.knowledge.front_matter import document
from moderation.types import ID_LENGTH

ROWS = 20_000
_COLUMNS = {
    "question": "question questions q 问题 问 提问 标准问题 常见问题",
    "answer": "answer answers a 答案 回答 答 答复 回复 内容",
    "title": "title 标题 主题",
    "tags": "tags tag keywords category 标签 关键词 关键字 分类 类别",
    "lang": "lang language 语言 语种",
    "valid_from": "valid_from valid-from from 生效日期 生效 开始日期 起始日期 有效期起",
    "valid_until": "valid_until valid-until until expires 失效日期 失效 到期日 到期日期 结束日期 截止日期 有效期止",
    "url": "url link 链接 网址",
}
_NAMES = {name: column for column, names in _COLUMNS.items() for name in names.split()}
_LANGS = {"chinese": "zh", "中文": "zh", "zh-cn": "zh", "english": "en", "英文": "en", "英语": "en"}
_DATE = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 0{1,2}:00(?::00)?)?")


class _Row(NamedTuple):
    line: int
    cells: list[str]


def rows(name: str, text: str, values: dict[Any, Any]) -> Iterator[Document | Fault]:
    """A document or a fault for each row; `values`, from the side file, are what a row leaves out. Raises
    BadFileError if the table as a whole cannot be read."""
    found = _read(text)
    columns = _columns(found[0])
    seen: dict[str, int] = {}
    for line, cells in found[1:]:
        filled = {column: cell for column, cell in zip(columns, cells, strict=False) if column and cell}
        question = " ".join((filled.get("question") or filled.get("title", "")).split())
        id = _id(name, question)
        try:
            if len(cells) > len(columns) and any(cells[len(columns) :]):
                raise BadFileError("more cells than the first row names", 'put "..." around a cell that has a comma')
            yield _document(id, question, filled, values, seen)
        except BadFileError as bad:
            yield Fault(name, line, bad.what, bad.mend, id)
        seen.setdefault(id, line)


def _read(text: str) -> list[_Row]:
    """The rows that hold anything, each with the line it begins on."""
    first = text[:4096].partition("\n")[0]
    reader = csv.reader(StringIO(text), delimiter=max(",\t;，", key=first.count), strict=True)
    found: list[_Row] = []
    begins = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                found.append(_Row(begins, [cell.strip() for cell in cells]))
            begins = reader.line_num + 1
            if len(found) > ROWS + 1:
                raise BadFileError(f"more than {ROWS} rows", "cut it into several files", begins)
    except csv.Error as error:
        raise BadFileError(f"not CSV ({error})", 'close the quotes, or write "" for a quote', begins) from error
    if len(found) < 2:
        raise BadFileError("no rows below the names of the columns", "write the rows or delete the file")
    return found


def _columns(first: _Row) -> list[str]:
    columns = [_NAMES.get(cell.lower().replace(" ", "_"), "" if not cell else "?") for cell in first.cells]
    while columns and not columns[-1]:
        columns.pop()
    if "answer" not in columns or not {"question", "title"} & set(columns):
        what = "no columns named question and answer (问题, 答案)"
        raise BadFileError(what, "name them in the first row", first.line)
    for cell, column in zip(first.cells, columns, strict=False):
        if column == "?" or (column and columns.count(column) > 1):
            what = f"{'unknown' if column == '?' else 'second'} column {cell[:40]!r}"
            mend = f"keep one each of {', '.join(_COLUMNS)}"
            raise BadFileError(what, mend, first.line)
    return columns


def _id(name: str, question: str) -> str:
    id = f"{name}{ROW}{question}"
    if len(id) <= ID_LENGTH:
        return id
    mark = hashlib.sha256(question.encode()).hexdigest()[:12]
    return f"{id[: ID_LENGTH - len(mark) - 1]}~{mark}"


def _document(id: str, question: str, filled: dict[str, str], values: dict[Any, Any], seen: dict[str, int]) -> Document:
    if not question:
        raise BadFileError("no question", "write it or delete the row")
    if not filled.get("answer"):
        raise BadFileError("no answer", "write it or delete the row")
    if id in seen:
        raise BadFileError(f"the same question as on line {seen[id]}", "keep one of the two")
    own: dict[Any, Any] = {key: filled[key] for key in ("title", "lang", "url") if key in filled}
    own |= {key: _date(key, filled[key]) for key in ("valid_from", "valid_until") if key in filled}
    if "tags" in filled:
        own["tags"] = [tag for tag in re.split(r"[,，;；、|]+", filled["tags"]) if tag.strip()]
    if "lang" in own:
        own["lang"] = _LANGS.get(own["lang"].lower(), own["lang"])
    text = f"# {plain_markdown(question)}\n\n{plain_markdown(filled['answer'])}"
    return document(id, Raw(text, question[:TITLE_LENGTH]), values={**values, **own})


def _date(key: str, cell: str) -> str:
    found = _DATE.fullmatch(cell)
    if not found:
        raise BadFileError(f"{key}: {cell[:40]!r} is no date", "write dates like 2026-01-31")
    year, month, day = found.groups()
    return f"{year}-{int(month):02}-{int(day):02}"
