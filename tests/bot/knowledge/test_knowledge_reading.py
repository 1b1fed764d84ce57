"""Every kind of file that the knowledge takes, read from real files; and those that it must refuse."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.knowledge import apart, reading_pdf
from bot.knowledge.apart import Apart
from bot.knowledge.documents import BadFileError, Document, Fault
from bot.knowledge.index import Index
from bot.knowledge.passages import cut
from bot.knowledge.reading import BYTES, read_file, read_folder
from tests.bot.knowledge_files import PAGE, chinese_pdf, pdf, word

TODAY = date(2026, 11, 22)


def one(path: Path) -> Document:
    read = read_file(path.parent, path.name)
    assert not read.faults
    (document,) = read.documents
    return document


def fault(path: Path) -> Fault:
    read = read_file(path.parent, path.name)
    assert not read.documents
    (found,) = read.faults
    assert "\n" not in str(found)
    return found


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_web_page_gives_its_main_text(tmp_path: Path) -> None:
    page = one(written(tmp_path / "live.html", PAGE))
    assert (page.title, page.lang, page.url) == ("Live streaming", "en", "https://help.example.com/live")
    assert "\n".join(cut(page)).splitlines() == [
        "Apply 7 days ahead; 5*3*2 shows_a_week.",
        "Second",
        "Bring your papers.",
        "Who may stream?",
        "Shops rated 4.5 & more.",
        "What does it cost?",
        "Tier: Gold; Fee: 1%",
        "1. Apply",
        "  - deep",
        "2. Wait",
    ]


def test_a_page_that_a_browser_saved_is_read_without_the_files_beside_it(tmp_path: Path) -> None:
    saved = "<!-- saved from url=(0027)https://help.example.com/zh -->"
    html = f"{saved}<html><head><meta charset=gb2312><title>运费险</title></head><body><div id=nav><a>首页</a></div>"
    written(tmp_path / "page.htm", (html + "<p>运费险每单 0.5 元。</p></body></html>").encode("gbk"))
    (tmp_path / "page_files").mkdir()
    written(tmp_path / "page_files" / "frame.html", "<p>An advertisement</p>")
    (page,) = read_folder(tmp_path).documents
    assert (page.title, page.lang, page.text) == ("运费险", "zh", "运费险每单 0.5 元。")
    assert page.url == "https://help.example.com/zh"


def test_a_pdf_gives_its_paragraphs_without_what_runs_along_its_pages(tmp_path: Path) -> None:
    long = "The deposit is returned thirty days after the shop was closed and every dispute was settled by the two."
    texts = [long, "1. Log in\n2. Ask", "End."]
    pages = [f"Lanqiao handbook\n{text}\n- {number} -" for number, text in enumerate(texts, 1)]
    document = one(pdf(tmp_path / "book.pdf", pages, title="Handbook"))
    assert (document.title, document.lang) == ("Handbook", "en")
    assert "\n".join(cut(document)).splitlines() == [long, "1. Log in", "2. Ask", "End."]


def test_a_chinese_pdf_is_read(tmp_path: Path) -> None:
    document = one(chinese_pdf(tmp_path / "押金.pdf", "保证金是一千元，关店后退回。"))
    assert (document.title, document.lang, document.text) == ("押金", "zh", "保证金是一千元，关店后退回。")


@pytest.mark.parametrize(
    ("pages", "password", "line", "what"),
    [
        (["", ""], "", 1, "no text: its pages are pictures"),
        (["one", "", "three"], "", 2, "page 2 is a picture"),
        (["secret"], "key", 1, "locked by a password"),
    ],
)
def test_a_pdf_that_lacks_text_is_told(tmp_path: Path, pages: list[str], password: str, line: int, what: str) -> None:
    found = fault(pdf(tmp_path / "a.pdf", pages, password=password))
    assert found.line == line
    assert what in found.what


def test_a_cover_may_be_a_picture(tmp_path: Path) -> None:
    assert one(pdf(tmp_path / "a.pdf", ["", "The text."])).text == "The text."


def test_a_pdf_of_too_many_pages_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_pdf, "PAGES", 2)
    with pytest.raises(BadFileError, match="3 pages, more than 2"):
        reading_pdf.read(pdf(tmp_path / "a.pdf", ["a", "b", "c"]).read_bytes())


def test_a_word_document_keeps_headings_lists_and_tables(tmp_path: Path) -> None:
    document = one(word(tmp_path / "photos.docx"))
    assert (document.title, document.lang) == ("Photo rules", "en")
    assert "\n".join(cut(document)).splitlines() == [
        "Main picture",
        "White background only.",
        "- No watermark",
        "- No border",
        "Size: 800*800; Limit: 3 MB",
    ]


def packed(path: Path, document: bytes) -> Path:
    """A Word document whose text part is replaced."""
    with zipfile.ZipFile(word(path)) as old:
        parts = {part.filename: old.read(part) for part in old.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in (parts | {"word/document.xml": document}).items():
            new.writestr(name, content)
    return path


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><w:document>&x;</w:document>'


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b" " * 30_000_000, "unpacks to more than 20 MB"),
        (ENTITIES, "declares entities"),
        (b"<broken", "damaged"),
    ],
)
def test_a_hostile_word_document_is_told(tmp_path: Path, content: bytes, what: str) -> None:
    assert what in fault(packed(tmp_path / "a.docx", content)).what


def test_an_old_or_locked_word_document_is_told(tmp_path: Path) -> None:
    assert "password" in fault(written(tmp_path / "a.docx", b"\xd0\xcf\x11\xe0" + bytes(600))).what


def test_a_text_is_read_word_for_word(tmp_path: Path) -> None:
    text = (
        "Opening hours\r\nThe desk is open 9-18.\r\n* Monday\r\n# 5*3*2 <b> &amp; _a_ [x](y)\r\n\r\n    - 4 degrees\r\n"
    )
    document = one(written(tmp_path / "hours.txt", text))
    assert document.title == "Opening hours"
    shown = "Opening hours The desk is open 9-18. - Monday # 5*3*2 <b> &amp; _a_ [x](y) - 4 degrees"
    assert " ".join(" ".join(cut(document)).split()) == shown


def test_gbk_is_read_and_other_bytes_are_told(tmp_path: Path) -> None:
    assert (
        one(written(tmp_path / "a.txt", "运费险怎么买？在后台开通。".encode("gbk"))).text
        == "运费险怎么买？在后台开通。"
    )
    assert one(written(tmp_path / "b.md", "# 运费险\n每单".encode("utf-16"))).title == "运费险"
    for content in (b"one\ntwo M\xfcller", b"one\nThe caf\xe9 closes", b"one\n\xff\xfe\xfa"):
        found = fault(written(tmp_path / "c.txt", content))
        assert (found.line, found.mend) == (2, "save the file as UTF-8")
    assert fault(written(tmp_path / "d.txt", b"one\n\0")).what == "not a text"


TABLE = """问题,答案,标签,失效日期
运费险怎么买？,在后台「服务」里开通，每单 0.5 元。,保险；运费,2027/1/31

,没有问题,,
换货要几天,"先申请，
再寄回，共 7 天。",,
几点上班,九点,,很快
运费险怎么买？,再说一次,,
"""


def test_each_row_of_a_table_is_a_document(tmp_path: Path) -> None:
    read = read_file(tmp_path, written(tmp_path / "faq.csv", TABLE.encode("gbk")).name)
    exchange, insurance = read.documents
    assert (exchange.id, exchange.title, exchange.lang) == ("faq.csv#换货要几天", "换货要几天", "zh")
    assert cut(exchange) == ["先申请，\n再寄回，共 7 天。"]
    assert (insurance.tags, insurance.valid_until) == (("保险", "运费"), date(2027, 1, 31))
    assert [(fault.line, fault.what) for fault in read.faults] == [
        (4, "no question"),
        (7, "valid_until: '很快' is no date"),
        (8, "the same question as on line 2"),
    ]


def test_columns_have_english_names_too_and_a_title_may_be_the_question(tmp_path: Path) -> None:
    both = one(written(tmp_path / "a.csv", "Question;Answer;Title;Lang\nMay I?;Yes.;Leave;EN\n".replace("EN", "en")))
    assert (both.title, cut(both)) == ("Leave", ["May I?\nYes."])
    titled = one(written(tmp_path / "b.csv", "\ufefftitle\tanswer\nHow long?\t7 days\n"))
    assert (titled.id, titled.text) == ("b.csv#How long?", "# How long?\n\n7 days")


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("a,b\n1,2\n", 1, "no columns named question and answer"),
        ("question,answer,valid_untill\n1,2,3\n", 1, "unknown column 'valid_untill'"),
        ("question,answer,答案\n1,2,3\n", 1, "second column"),
        ("question,answer\n", 1, "no rows"),
        ('question,answer\na,b\nc,"open\n', 3, "not CSV"),
        ("question,answer\na,b,c\n", 2, "more cells"),
        ("question,answer\n" + "a" * 200_000 + ",b\n", 2, "not CSV"),
        ("", 1, "no rows"),
    ],
)
def test_a_broken_table_is_told(tmp_path: Path, text: str, line: int, what: str) -> None:
    found = fault(written(tmp_path / "a.csv", text))
    assert found.line == line
    assert what in found.what


def test_a_side_file_says_what_front_matter_would(tmp_path: Path) -> None:
    path = written(tmp_path / "fees.txt", "The fee is 2 %.")
    side = written(tmp_path / "fees.txt.yaml", "title: Fees\nvalid_until: 2027-01-01\ntags: [money]\nlang: en\n")
    document = one(path)
    assert (document.title, document.valid_until, document.tags) == ("Fees", date(2027, 1, 1), ("money",))
    written(side, "title: Fees\nvalid_untill: 2027-01-01\n")
    found = fault(path)
    assert (found.file, found.line, found.of) == ("fees.txt.yaml", 2, "fees.txt")
    table = written(tmp_path / "faq.csv", "question,answer,valid_until\na,b,\nc,d,2026-12-01\n")
    written(tmp_path / "faq.csv.yaml", "valid_until: 2027-01-01\n")
    rows = read_file(tmp_path, table.name).documents
    assert [row.valid_until for row in rows] == [date(2027, 1, 1), date(2026, 12, 1)]


def test_a_side_file_that_belongs_to_nothing_is_told(tmp_path: Path) -> None:
    for name in ("fee.pdf.yaml", "a.md.yaml", "b.txt.yml"):
        written(tmp_path / name, "title: x\n")
    written(tmp_path / "compose.yaml", "services: []\n")
    faults = read_folder(tmp_path).faults
    assert [fault.file for fault in faults] == ["a.md.yaml", "b.txt.yml", "fee.pdf.yaml"]


def test_kinds_that_are_not_read_are_told_and_others_passed_over(tmp_path: Path) -> None:
    for name in ("a.doc", "b.xlsx", "c.png", "~$d.docx", ".e.pdf"):
        written(tmp_path / name, "x")
    assert [(fault.file, fault.mend) for fault in read_folder(tmp_path).faults] == [
        ("a.doc", "save it as .docx"),
        ("b.xlsx", "save it as .csv"),
    ]


@pytest.mark.parametrize("suffix", sorted(BYTES))
def test_a_file_that_is_too_large_or_empty_is_told(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        file.truncate(BYTES[suffix] + 1)
    assert "larger than" in fault(path).what
    fault(written(path, b""))


def test_a_page_nested_too_deep_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.html", "<div>" * 50_000 + "deep" + "</div>" * 50_000 + "<p>more")
    assert "256 deep" in fault(path).what
    assert one(written(path, "<div>" * 200 + "deep" + "</div>" * 200 + "<p>more")).text.split() == ["deep", "more"]


def test_a_reader_that_hangs_or_breaks_down_costs_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with Apart(seconds=0.0) as hasty, pytest.raises(BadFileError, match="takes more than 0 seconds"):
        hasty.read(".html", PAGE.encode())
    with Apart() as own:
        assert own.read(".html", b"<p>one").text == "one"
        assert own._process
        own._process.kill()
        with pytest.raises(BadFileError, match="its reader breaks down"):
            own.read(".html", b"<p>two")
        assert own.read(".html", b"<p>three").text == "three"


@pytest.fixture(scope="module")
def own() -> Iterator[Apart]:
    with Apart() as started:
        yield started


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("whole")
    files = {".docx": word(folder / "a.docx"), ".pdf": pdf(folder / "a.pdf", ["some text"])}
    return {suffix: path.read_bytes() for suffix, path in files.items()} | {".html": PAGE.encode()}


STARTS = {".pdf": b"%PDF-1.7\n", ".docx": b"PK\x03\x04", ".html": b"<html>"}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(sorted(STARTS)),
    noise=st.binary(max_size=400),
    start=st.booleans(),
    at=st.none() | st.integers(0, 100_000),
)
def test_any_bytes_give_a_text_or_one_fault(
    own: Apart, whole: dict[str, bytes], suffix: str, noise: bytes, start: bool, at: int | None
) -> None:
    content = STARTS[suffix] * start + noise
    if at is not None:
        place = at % len(whole[suffix])
        content = whole[suffix][:place] + noise[:20] + whole[suffix][place + 20 :]
    try:
        assert own.read(suffix, content).text.strip()
    except BadFileError as bad:
        assert bad.what


@settings(max_examples=60, deadline=None)
@given(
    noise=st.binary(max_size=200),
    suffix=st.sampled_from([".md", ".txt", ".csv"]),
    head=st.sampled_from(["", "q,a\n"]),
)
def test_any_bytes_of_a_text_give_documents_or_faults(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, suffix: str, head: str
) -> None:
    path = written(tmp_path_factory.mktemp("noise") / f"a{suffix}", head.encode() + noise)
    read = read_file(path.parent, path.name)
    assert read.documents or read.faults


def test_a_folder_of_all_kinds_is_searched_in_both_languages(tmp_path: Path) -> None:
    written(tmp_path / "live.html", PAGE)
    written(tmp_path / "late.md", "# 延迟发货\n超时发货按商品金额的 5% 赔付给买家。")
    written(tmp_path / "faq.csv", TABLE.encode("gbk"))
    written(tmp_path / "hours.txt", "Opening hours\nThe service desk is open from nine to eighteen.\n")
    pdf(tmp_path / "withdrawal.pdf", ["The withdrawal fee is 0.6% of the amount."])
    chinese_pdf(tmp_path / "押金.pdf", "保证金是一千元，关店后三十天退回。")
    word(tmp_path / "photos.docx")
    index = Index()
    for document in read_folder(tmp_path).documents:
        index.put(document)
    wanted = {
        "Who may stream?": "live.html",
        "超时发货要赔多少": "late.md",
        "运费险怎么买": "faq.csv#运费险怎么买？",
        "When is the service desk open?": "hours.txt",
        "what is the fee for a withdrawal": "withdrawal.pdf",
        "保证金关店后多少天退": "押金.pdf",
        "May the main picture have a watermark or a border?": "photos.docx",
    }
    for question, id in wanted.items():
        found = index.search(question, today=TODAY)
        assert (question, found[0].document) == (question, id)


def test_the_reading_process_knows_every_kind_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(apart._readers()) == {".pdf", ".docx", ".html"}
