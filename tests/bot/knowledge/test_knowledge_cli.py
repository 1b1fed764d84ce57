"""`xiaoer knowledge` with other files than Markdown, and what its list tells of two documents that say the same."""

from __future__ import annotations

from pathlib import Path

from tests.bot.cli.test_cli import told, xiaoer


def test_a_table_is_added_listed_and_removed(tmp_path: Path) -> None:
    (tmp_path / "faq.csv").write_bytes("问题,答案\n运费险怎么买？,在后台开通。\n几点上班,\n".encode("gbk"))
    (tmp_path / "a.txt").write_text("Ordinary goods ship within 48 hours of payment.", "utf-8")
    (tmp_path / "b.html").write_text("<title>Hours</title><p>Ordinary goods ship within 48 hours of payment!", "utf-8")
    added = xiaoer(tmp_path, "knowledge", "add", "faq.csv")
    assert (added.returncode, "added faq.csv#运费险怎么买？" in added.stdout) == (1, True)
    assert "left out: faq.csv:3: no answer" in added.stdout
    for name in ("a.txt", "b.html"):
        assert xiaoer(tmp_path, "knowledge", "add", name).returncode == 0
    listed = xiaoer(tmp_path, "knowledge", "list").stdout.splitlines()
    assert "folded into" in listed[0]
    assert next(line for line in listed if line.startswith("a.txt")).split()[-1] == "b.html"
    assert "removed" in xiaoer(tmp_path, "knowledge", "remove", "faq.csv").stdout
    assert "faq.csv" not in xiaoer(tmp_path, "knowledge", "list").stdout
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.4 broken")
    assert "c.pdf:1: not a PDF" in told(xiaoer(tmp_path, "knowledge", "add", "c.pdf"))
