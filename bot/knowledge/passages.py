"""A document cut into passages: plain text of one subject, small enough for a prompt, with its headings as context.

Cuts fall between sections first, then between paragraphs, then between sentences; short sections are joined. A passage
starts with its headings, so that "3 days" is still known to speak of refunds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from bot.knowledge.documents import Document

SMALLEST, LARGEST = 80, 220
"""Size of a passage in tokens as `size` estimates them: below SMALLEST sections are joined, above LARGEST cut."""
LONGEST = 160
"""Characters of a piece of a sentence that is cut: below LARGEST tokens in any script."""

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_CJK = r"\u3000-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"
_CHINESE = re.compile(f"[{_CJK}]+")
_WORD = re.compile(rf"[^\W\d_{_CJK}]{{1,12}}|\d")
_SENTENCE = re.compile(r"[^。！？；!?.\n]*(?:[。！？；!?]+[”’」』）\"')]*|\.+(?=\s|$)|\n|[.]|$)\s*")
_SOFT_BREAK = "\x1f"


class Block(NamedTuple):
    """A paragraph, list item, table row or code block as plain text, below its headings, outermost first."""

    headings: tuple[str, ...]
    text: str


def size(text: str) -> int:
    """Tokens of a text, estimated: 0.7 a Chinese character, 1.3 a word or a digit, long words by their pieces."""
    chinese = 0 if text.isascii() else sum(map(len, _CHINESE.findall(text)))
    return round(0.7 * chinese + 1.3 * len(_WORD.findall(text)))


def cut(document: Document) -> list[str]:
    """The passages of a document, in order, each with its headings as first lines; at least one."""
    found = blocks(document.text) or [Block((), document.title)]
    groups: list[list[Block]] = []
    held = 0
    for piece, own in (sized for block in found for sized in _fitting(block)):
        if groups and held + own <= LARGEST and (held < SMALLEST or piece.headings == groups[-1][-1].headings):
            groups[-1].append(piece)
            held += own
        else:
            groups.append([piece])
            held = own
    return [_written(group, document.title) for group in groups]


def _written(group: list[Block], title: str) -> str:
    lines: list[str] = []
    above: tuple[str, ...] = (title,)
    for headings, text in group:
        lines += [heading for heading in headings if heading not in above]
        above = (title, *headings)
        lines.append(text)
    return "\n".join(lines)


def _fitting(block: Block) -> Iterator[tuple[Block, int]]:
    """The block, cut where it is too large, and the sizes."""
    if (whole := size(block.text)) <= LARGEST:
        yield block, whole
        return
    held = ""
    for sentence in [*_sentences(block.text), ""]:
        if held and (not sentence or size(held + sentence) > LARGEST):
            text = held.strip()
            yield Block(block.headings, text), size(text)
            held = ""
        held += sentence


def _sentences(text: str) -> Iterator[str]:
    """Sentences with the white space behind them; one that is too long, as without any stop, is cut anywhere."""
    for sentence in _SENTENCE.findall(text):
        if size(sentence) <= LARGEST:
            yield sentence
        else:
            yield from (sentence[at : at + LONGEST] for at in range(0, len(sentence), LONGEST))


def blocks(markdown: str) -> list[Block]:
    """The plain-text blocks of a Markdown text. Table rows read `header: cell; ...`, list items keep a mark."""
    headings: dict[int, str] = {}
    found: list[Block] = []
    for node in SyntaxTreeNode(_MARKDOWN.parse(markdown)).children:
        if node.type == "heading":
            level = int(node.tag[1])
            headings = {above: text for above, text in headings.items() if above < level} | {level: plain(node)}
        else:
            found += [Block(tuple(headings.values()), text) for text in _texts(node) if text]
    return found


def _texts(node: SyntaxTreeNode) -> Iterator[str]:
    """The texts of one block, one by one: a list gives an item at a time, a table a row."""
    if node.type in {"fence", "code_block"}:
        yield node.content.strip()
    elif node.type in {"bullet_list", "ordered_list"}:
        yield from _items(node)
    elif node.type == "table":
        yield from _rows(node)
    elif node.type in {"paragraph", "heading"}:
        yield plain(node)
    else:
        for child in node.children:
            yield from _texts(child)


def _items(node: SyntaxTreeNode) -> Iterator[str]:
    start = int(node.attrs.get("start") or 1)
    for number, item in enumerate(node.children, start):
        mark = f"{number}. " if node.type == "ordered_list" else "- "
        for place, text in enumerate(text for child in item.children for text in _texts(child) if text):
            yield (mark if place == 0 else "  ") + text.replace("\n", "\n  ")


def _rows(node: SyntaxTreeNode) -> Iterator[str]:
    rows = [[plain(cell) for cell in row.children] for part in node.children for row in part.children]
    header, body = rows[0], rows[1:]
    for row in body:
        cells = [f"{name}: {cell}" if name else cell for name, cell in zip(header, row, strict=False) if cell]
        yield "; ".join(cells)


def plain(node: SyntaxTreeNode) -> str:
    """The visible text of a paragraph or cell: links keep their words, images their description."""
    text = "".join(_visible(node)).strip()
    return re.sub(rf"(?<=[{_CJK}]){_SOFT_BREAK}(?=[{_CJK}])", "", text).replace(_SOFT_BREAK, " ")


def _visible(node: SyntaxTreeNode) -> Iterable[str]:
    if node.type == "softbreak":
        yield _SOFT_BREAK
    elif node.type == "hardbreak":
        yield "\n"
    elif node.children:
        for child in node.children:
            yield from _visible(child)
    else:
        yield node.content
