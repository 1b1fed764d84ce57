"""Files to documents: Markdown, plain text, web pages, PDF, Word documents, and tables of questions and answers.

    fees.md  .markdown      one document; front matter says its title, lang, valid_from, valid_until, tags, url
    fees.txt                one document, word for word
    fees.html  .htm         one document: the page's main text; what is folded away is read, what surrounds it is not
    fees.pdf  fees.docx     one document; a PDF needs text, a scanned one is told
    faq.csv                 a document for each row: question, answer (问题, 答案); also title, tags, lang, valid_from,
                            valid_until, url
    fees.pdf.yaml           what front matter would say of fees.pdf; for a table what its rows leave out

A file that cannot be read whole is one `Fault` and never half a document: a misspelt `valid_until` would otherwise be
quoted for ever. In a table each row stands for itself. Nothing outside the file is opened or fetched.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bot.knowledge import reading_csv
from bot.knowledge.apart import Apart
from bot.knowledge.decoding import decoded, plain_markdown
from bot.knowledge.documents import FILE_BYTES, TITLE_LENGTH, BadFileError, Document, Fault, Folder, KnowledgeError, Raw
from bot.knowledge.front_matter import document, parse, side_values
from moderation.types import ID_LENGTH

MB = 1_000_000
BYTES = {".md": FILE_BYTES, ".txt": FILE_BYTES, ".html": 5 * MB, ".csv": 10 * MB, ".docx": 20 * MB, ".pdf": 50 * MB}
KINDS = {kind: kind for kind in BYTES} | {".markdown": ".md", ".htm": ".html"}
"""What each suffix is read as."""
_AS_DOCX, _AS_CSV, _AS_PDF = (".doc", ".rtf", ".odt", ".pages"), (".xls", ".xlsx", ".ods"), (".ppt", ".pptx")
UNREAD = dict.fromkeys(_AS_DOCX, ".docx") | dict.fromkeys(_AS_CSV, ".csv") | dict.fromkeys(_AS_PDF, ".pdf")
"""Kinds that users mean to be read, and what they can be saved as; other files are passed over."""
SIDE = re.compile(rf"(?P<of>.+({'|'.join(map(re.escape, KINDS))}))\.ya?ml", re.IGNORECASE)
SIDE_BYTES = 20_000


def read_folder(path: Path) -> Folder:
    """Reads every file below `path` that may be knowledge, documents ordered by id; hidden files and folders are passed
    over, and so are the folders `PAGE_files` that a browser saves beside a page.

    Raises KnowledgeError if `path` is no folder that can be listed: an empty result would read as "all was deleted".
    """
    root = _root(path)
    found: list[Document | Fault] = []
    with Apart() as apart:
        for name in sorted(_names(root)):
            found += _read(root, name, apart)
    return _folder(found)


def read_file(root: Path, name: str) -> Folder:
    """What the file `name` holds, a path below the resolved folder `root`: one document, or those of its rows."""
    with Apart() as apart:
        return _folder(_read(root, name, apart))


def _folder(found: list[Document | Fault]) -> Folder:
    documents = sorted((one for one in found if isinstance(one, Document)), key=lambda one: one.id)
    return Folder(tuple(documents), tuple(one for one in found if isinstance(one, Fault)))


def _root(path: Path) -> Path:
    try:
        root = path.resolve(strict=True)
        os.listdir(root)
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise KnowledgeError(f"knowledge folder {path}: {reason}; name a folder of documents") from error
    return root


def _names(root: Path) -> Iterator[str]:
    for folder, below, files in os.walk(root):
        pages = {Path(name).stem for name in files if KINDS.get(Path(name).suffix.lower()) == ".html"}
        below[:] = [name for name in below if not name.startswith(".") and not _saved_beside(name, pages)]
        at = Path(folder)
        linked = [name for name in below if (at / name).is_symlink()]
        for name in linked + [name for name in files if _wanted(name)]:
            yield (at / name).relative_to(root).as_posix()


def _saved_beside(folder: str, pages: set[str]) -> bool:
    return any(folder in {f"{page}_files", f"{page}.files"} for page in pages)


def _wanted(name: str) -> bool:
    if name.startswith((".", "~$")):
        return False
    suffix = Path(name).suffix.lower()
    return suffix in KINDS or suffix in UNREAD or SIDE.fullmatch(name) is not None


def _read(root: Path, name: str, apart: Apart) -> list[Document | Fault]:
    suffix = Path(name).suffix.lower()
    try:
        if side := SIDE.fullmatch(name):
            return _lone(root, name, side["of"])
        _check(root, name)
        if suffix not in KINDS:
            raise BadFileError("not a kind that is read", f"save it as {UNREAD.get(suffix, '.md or .pdf')}")
        return list(_documents(root, name, apart))
    except BadFileError as bad:
        return [Fault(name, bad.line, bad.what, bad.mend)]


def _lone(root: Path, name: str, of: str) -> list[Document | Fault]:
    """A side file is read with its own file; one that has none is told, for its dates are not obeyed."""
    kind = KINDS[Path(of).suffix.lower()]
    if name.lower().endswith(".yml"):
        raise BadFileError("not the name of a side file", f"call it {Path(of).name}.yaml")
    if kind == ".md":
        raise BadFileError("a Markdown file has no side file", "write these lines as its front matter")
    if not (root / of).exists():
        raise BadFileError(f"there is no {Path(of).name} beside it", "rename the one or delete the other")
    return []


def _documents(root: Path, name: str, apart: Apart) -> Iterator[Document | Fault]:
    kind = KINDS[Path(name).suffix.lower()]
    content = _content(root / name, BYTES[kind])
    if kind == ".md":
        yield parse(name, decoded(content))
        return
    try:
        values = _side(root, f"{name}.yaml", kind)
    except BadFileError as bad:
        yield Fault(f"{name}.yaml", bad.line, bad.what, bad.mend, name)
        return
    if kind == ".csv":
        yield from reading_csv.rows(name, decoded(content), values)
    else:
        yield document(name, _plain(content) if kind == ".txt" else apart.read(kind, content), values=values)


def _side(root: Path, name: str, kind: str) -> dict[Any, Any]:
    """What the side file of that name says; nothing if there is none. Raises BadFileError."""
    if not os.path.lexists(root / name):
        return {}
    _check(root, name)
    values = side_values(decoded(_content(root / name, SIDE_BYTES)))
    if kind == ".csv" and "title" in values:
        raise BadFileError("a table has no title", "give its rows a column named title")
    return values


def _plain(content: bytes) -> Raw:
    """A short first line above others, that is no sentence, is the title."""
    text = decoded(content).strip()
    if not text:
        raise BadFileError("no text", "write the document or delete the file")
    first, _, more = text.partition("\n")
    is_title = more and len(first) < TITLE_LENGTH and not re.search(r"[.。！!；;，,]\s*$", first)
    return Raw(plain_markdown(text), first.strip() if is_title else "")


def _check(root: Path, name: str) -> None:
    """Raises BadFileError unless the path is a plain file in the folder with a name that can be an id."""
    path = root / name
    if len(name) > ID_LENGTH:
        raise BadFileError(f"the path has more than {ID_LENGTH} characters", "shorten the folders' or the file's name")
    if not path.resolve().is_relative_to(root):
        raise BadFileError("the link leads out of the knowledge folder", "copy the file into the folder")
    if path.is_dir():
        raise BadFileError("a link to a folder is not followed", "put the files where they are wanted")
    if not path.is_file():
        raise BadFileError("not a plain file", "replace it by a text file, or mend the broken link")


def _content(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BadFileError(error.strerror or "unreadable", "let the bot's user read the file") from error
    if len(content) > most:
        size = f"{most // 1_000_000} MB" if most >= 1_000_000 else f"{most // 1000} KB"
        raise BadFileError(f"larger than {size}", "cut it into several files")
    return content
