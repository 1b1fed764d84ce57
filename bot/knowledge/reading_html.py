"""Web pages: the main text as Markdown, without what surrounds it. Nothing is fetched, no script runs.

The main text is what stands in `<main>`, or in the page's one `<article>`, or in its body; menus, scripts, banners, the
fields of forms and the like are taken out of it. Text that the page folds away until a click is kept: there the answers
are.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree
from markdownify import ATX, MarkdownConverter

from bot.knowledge.decoding import decoded
from bot.knowledge.documents import TITLE_LENGTH, URL_LENGTH, BadFileError, Raw

_TAGS = """
script style noscript template nav iframe frame object embed applet canvas svg math video audio map img picture button
input select textarea dialog head
"""
_NEVER = frozenset(_TAGS.split())
_ROLES = re.compile(r"(navigation|banner|contentinfo|search|dialog|alertdialog|menu|menubar|toolbar)", re.IGNORECASE)
_BLOCKS = ("aside", "details", "section", "article", "figure", "figcaption", "address", "fieldset", "legend", "form")
_BANNER = re.compile(r"(^|[\s_-])(cookies?|gdpr|consent|skip-?links?)([\s_-]|$)", re.IGNORECASE)
_LINKS = re.compile(
    r"(^|[\s_-])(breadcrumbs?|nav|navbar|navigation|menu|sidebar|share|social|adverts?|ads?|popup|modal|newsletter"
    r"|pagination|pager|toc|footer|related)([\s_-]|$)",
    re.IGNORECASE,
)
_NAMING = frozenset(["h1", "h2", "h3", "h4", "h5", "h6", "dt", "summary"])
_META = re.compile(rb"<meta[^>]{1,200}?charset\s*=\s*[\"']?([\w-]{1,20})", re.IGNORECASE)
_SAVED = re.compile(r"<!-- saved from url=\(\d{1,5}\)(https?://[^\s>]+) -->")
_OPTIONS: dict[str, Any] = {"heading_style": ATX, "bullets": "-", "escape_misc": True, "strip": ["a"]}


def read(content: bytes) -> Raw:
    """The page's main text, its title and canonical address. Raises BadFileError."""
    declared = _META.search(content[:4096])
    text = decoded(content, declared[1].decode() if declared else "")
    page = _parsed(text)
    main = _main(page)
    title = _title(page, main)
    return Raw(markdown(main), title, _address(page, text))


def _parsed(text: str) -> Any:
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True)
    try:
        page = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*>", "", text), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise BadFileError("not a web page", "save the page again as HTML") from error
    cut = next((entry for entry in parser.error_log if "xcessive depth" in entry.message), None)
    if cut is not None:
        raise BadFileError("elements nested more than 256 deep", "save the page in a plainer form", cut.line)
    if page is None:
        raise BadFileError("no text", "save the page again, or delete the file")
    return page


def _main(page: Any) -> Any:
    for path in ("//main", "//*[@role='main']", "//article"):
        found = page.xpath(path)
        if len(found) == 1:
            return _cleaned(found[0])
    body = page.find("body")
    return _cleaned(page if body is None else body)


def _cleaned(main: Any) -> Any:
    """The element without what surrounds a text; what holds a page's heading or most of its text stays."""
    whole = _length(main)
    for element in list(main.iter(etree.Element)):
        if element is not main and _is_dropped(element, whole):
            _drop(element)
        elif element.tag in _BLOCKS:
            element.tag = "div"
        elif element.tag == "summary":
            element.tag = "p"
    return main


def _is_dropped(element: Any, whole: int) -> bool:
    if element.tag in _NEVER:
        return not (element.tag == "button" and _names_an_answer(element))
    return _surrounds(element) and element.find(".//h1") is None and _length(element) <= whole / 2


def _names_an_answer(element: Any) -> bool:
    """Whether a button is the question that folds its answer away."""
    return any(above.tag in _NAMING for above in element.iterancestors())


def _surrounds(element: Any) -> bool:
    names = f"{element.get('class', '')} {element.get('id', '')}"
    if element.tag in {"header", "footer"} or _ROLES.fullmatch(element.get("role", "")) or _BANNER.search(names):
        return True
    return (element.tag == "aside" or _LINKS.search(names) is not None) and _is_of_links(element)


def _is_of_links(element: Any) -> bool:
    return 2 * sum(map(_length, element.iter("a", "button"))) >= _length(element)


def _length(element: Any) -> int:
    return sum(len(part.strip()) for part in element.itertext())


def _drop(element: Any) -> None:
    above, before, tail = element.getparent(), element.getprevious(), element.tail or ""
    if above is None:
        return
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        above.text = (above.text or "") + tail
    above.remove(element)


def _title(page: Any, main: Any) -> str:
    heads = [" ".join("".join(head.itertext()).split()) for head in main.iter("h1")]
    if len(heads) == 1 and heads[0]:
        return heads[0][:TITLE_LENGTH]
    return " ".join(str(page.findtext(".//title") or "").split())[:TITLE_LENGTH]


def _address(page: Any, text: str) -> str:
    paths = ("//link[@rel='canonical']/@href", "//meta[@property='og:url']/@content")
    named = [str(found).strip() for path in paths for found in page.xpath(path)]
    saved = _SAVED.search(text[:4096])
    found = [*named, saved[1] if saved else ""]
    return next((url for url in found if re.fullmatch(r"https?://\S+", url) and len(url) <= URL_LENGTH), "")


def markdown(element: Any, first_row_names: bool = False) -> str:
    """An element's text as Markdown: headings, lists and tables stay, links keep their words. `first_row_names` tells
    that a table's first row names its columns even where it is not marked so."""
    html = etree.tostring(element, encoding="unicode", method="html", with_tail=False)
    converter = MarkdownConverter(**_OPTIONS, table_infer_header=first_row_names)
    return re.sub(r"\n{3,}", "\n\n", converter.convert(html)).strip()


def markdown_of(html: str) -> str:
    """The text of a Word document that was turned into HTML."""
    return markdown(_parsed(f"<body>{html}</body>"), first_row_names=True)
