from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge import terms as search_terms
from bot.knowledge.documents import Document, KnowledgeError
from bot.knowledge.fitting import fit, leaning
from bot.knowledge.index import Index
from bot.knowledge.meaning import Floats, Meaning, Models, constants
from bot.knowledge.terms import terms
from moderation.types import Lang
from tests.bot.models import real_models

TODAY = date(2026, 11, 20)


def document(id: str, text: str, lang: Lang = "en", title: str = "Notes", **more: object) -> Document:
    return Document.model_validate({"id": id, "title": title, "lang": lang, "text": text, **more})


DEPOSIT = document("deposit", "The deposit for an individual shop is ¥1,000.", title="Deposit")
SHIPPING = document("shipping", "Ordinary goods must ship within 48 hours of payment.", title="Shipping")
ZH_REFUND = document("refund", "保证金在关店 30 天后原路退回。", "zh", "保证金退还")
ZH_LATE = document("late", "超时发货按商品金额的 5% 赔付给买家。", "zh", "延迟发货")


@pytest.fixture(params=["words", "meaning"])
def index(request: pytest.FixtureRequest) -> Index:
    return Index(real_models() if request.param == "meaning" else None)


def found(index: Index, query: str, day: date = TODAY) -> list[str]:
    return [passage.document for passage in index.search(query, today=day)]


def test_the_document_that_answers_comes_first(index: Index) -> None:
    for one in (DEPOSIT, SHIPPING, ZH_REFUND, ZH_LATE):
        index.put(one)
    assert found(index, "How fast do I have to ship?")[0] == "shipping"
    assert found(index, "what deposit must I pay")[0] == "deposit"
    assert found(index, "保证金什么时候退")[0] == "refund"
    assert found(index, "发货超时要赔多少")[0] == "late"


def test_a_score_tells_covered_from_not_covered(index: Index) -> None:
    for one in (DEPOSIT, SHIPPING, ZH_REFUND, ZH_LATE):
        index.put(one)
    assert index.search("How many hours do I have to ship goods after payment?", today=TODAY)[0].score > 0.5
    assert index.search("保证金关店后多少天退回", today=TODAY)[0].score > 0.5
    for query in ("Who won the football match?", "中午吃啥", "哈哈哈哈"):
        assert all(passage.score < 0.1 for passage in index.search(query, today=TODAY))


LONG = " ".join(f"word{number}" for number in range(1500)) + "蓝桥集市" * 500


@pytest.mark.parametrize("query", ["", " ", "!?…", '"', "a OR b", 'NEAR("x" *', "t:a", "的", "🎉", "\0", LONG])
def test_any_text_is_a_query(index: Index, query: str) -> None:
    index.put(DEPOSIT)
    assert all(0 <= passage.score <= 1 for passage in index.search(query, today=TODAY))


def test_an_empty_index_finds_nothing(index: Index) -> None:
    assert index.search("deposit", today=TODAY) == []


def test_a_question_finds_the_document_of_the_other_language() -> None:
    index = Index(real_models())
    index.put(SHIPPING)
    index.put(document("tea", "Green tea should be kept in a cool and dry place.", title="Tea"))
    index.put(ZH_REFUND)
    index.put(document("tu", "主图要用白色背景，不能有水印。", "zh", "主图"))
    assert found(index, "绿茶怎么保存？")[0] == "tea"
    assert found(index, "When is the deposit returned after closing the shop?")[0] == "refund"
    assert found(index, "Can the picture have a watermark?")[0] == "tu"


def test_a_removed_document_is_gone_at_once(index: Index) -> None:
    index.put(DEPOSIT)
    assert index.remove("deposit")
    assert found(index, "what is the deposit") == []
    assert not index.remove("deposit")
    assert len(index) == 0


def test_a_replaced_document_shows_its_new_text_alone(index: Index) -> None:
    index.put(DEPOSIT)
    index.put(DEPOSIT.model_copy(update={"text": "The deposit for an individual shop is ¥2,000."}))
    texts = [passage.text for passage in index.search("what is the deposit", today=TODAY)]
    assert texts == ["The deposit for an individual shop is ¥2,000."]


def test_only_what_holds_today_is_found(index: Index) -> None:
    old = date(2026, 2, 28)
    index.put(document("old", "The commission on clothing is 2%.", valid_until=old))
    index.put(document("next", "The commission on clothing is 6%.", valid_from=date(2027, 1, 1)))
    index.put(document("now", "The commission on clothing is 5%."))
    query = "commission on clothing"
    assert found(index, query) == ["now"]
    assert set(found(index, query, old)) == {"old", "now"}
    assert set(found(index, query, date(2027, 1, 1))) == {"next", "now"}


def test_expired_documents_do_not_crowd_out_the_valid_one(index: Index) -> None:
    for number in range(80):
        index.put(document(f"old{number}", f"Commission, commission {number}", valid_until=date(2020, 1, 1)))
    index.put(document("now", "There is a long story to tell before one word on commission is said."))
    assert found(index, "commission") == ["now"]


def test_near_identical_documents_are_folded_and_the_newest_is_shown(index: Index) -> None:
    text = "Sellers pay the buyer five percent of the item price for an order that leaves the warehouse late"
    index.put(document("b-old", text, valid_from=date(2026, 1, 1)))
    index.put(document("a-new", text + ".", source="teach", taught_at=datetime(2026, 5, 1, tzinfo=UTC)))
    index.put(SHIPPING)
    shown = found(index, "what do sellers pay the buyer for a late order")
    assert shown[0] == "a-new"
    assert "b-old" not in shown


def test_limit_and_order(index: Index) -> None:
    for number in range(12):
        index.put(document(str(number), f"Deposit rule {number}: " + "other words " * number))
    passages = index.search("deposit rule", limit=3, today=TODAY)
    scores = [passage.score for passage in passages]
    assert len(passages) == 3
    assert scores == sorted(scores, reverse=True)


TEXTS = ["", "apple", "banana split", "苹果", "苹果派 很甜"]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(TEXTS))))
def test_any_sequence_of_puts_and_removes_leaves_what_was_put_last(steps: list[tuple[str, str]]) -> None:
    index, expected = Index(), {}
    for id, text in steps:
        if text:
            expected[id] = document(id, text, title=id)
            index.put(expected[id])
        else:
            expected.pop(id, None)
            index.remove(id)
    assert index.documents() == expected
    for word in ("apple", "banana", "苹果"):
        seen = {passage.text for passage in index.search(word, limit=20, today=TODAY)}
        assert seen == {one.text for one in expected.values() if word in one.text}


def test_rows_of_removed_vectors_are_used_again() -> None:
    index = Index(real_models())
    for number in range(300):
        index.put(document(str(number), f"note {number}"))
    for number in range(290):
        index.remove(str(number))
    for number in range(290):
        index.put(document(str(number), f"note {number}"))
    assert len(index) == 300
    assert len(index.search("note", limit=10, today=TODAY)) == 10


def test_searches_run_beside_writes(index: Index) -> None:
    index.put(SHIPPING)
    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(index.put, document(str(n), f"deposit {n}")) for n in range(20)]
        reads = [pool.submit(found, index, "when must I ship ordinary goods") for _ in range(20)]
        assert all(read.result()[0] == "shipping" for read in reads)
        assert [write.result() for write in writes] == [None] * 20
    assert len(index) == 21


def test_terms_of_both_languages() -> None:
    assert terms("How do I withdraw 2.5% of ＭＯＮＥＹ?") == ["withdraw", "2.5", "money"]
    assert terms("shipping, shipped, ships") == ["ship", "ship", "ship"]
    assert {"保证金", "退还", "+保证"} <= set(terms("保证金怎么退还？"))
    assert terms("the") == ["the"]


def test_jieba_is_silent_and_leaves_no_file_in_the_temp_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    search_terms._cutter.cache_clear()
    with caplog.at_level(logging.DEBUG):
        search_terms.warm()
        terms("蓝桥集市")
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


class StubTable:
    """Eight tokens, one a letter, four numbers wide."""

    def ids(self, text: str) -> list[int]:
        return [ord(letter) % 8 for letter in text]

    def rows(self, ids: Sequence[int]) -> Floats:
        return np.eye(8, 4, dtype=np.float32)[list(ids)] + 1


class StubEncoder:
    """Two numbers for each text: how long it is, and how Chinese."""

    def vectors(self, texts: Sequence[str], *, asked: bool = False) -> Floats:
        rows = [[len(text), 10.0 * sum(letter > "\u3400" for letter in text)] for text in texts]
        return np.array(rows, np.float32) + asked


def test_another_models_vectors_are_refused() -> None:
    with pytest.raises(KnowledgeError, match="4 numbers wide where 640"):
        Index(Models(StubTable(), StubEncoder()))


def test_fitting_takes_the_shared_part_away() -> None:
    texts = ["abc", "abd", "bcd", "cda", "一丁", "丁七", "七一丁", "丁丁七", "acd", "一七"]
    fitted = fit(StubTable(), texts, vocabulary=8)
    assert np.allclose(fitted.directions @ fitted.directions.T, np.eye(len(fitted.directions)), atol=1e-4)
    assert fitted.commonness[ord("e") % 8] > fitted.commonness[ord("a") % 8]
    assert leaning(StubEncoder(), ["abc", "abcde", "一丁"], asked=False).tolist() == [[2, 20], [4, 0]]


def test_a_text_means_the_same_in_both_languages_more_than_another_text_does() -> None:
    meaning = Meaning(real_models())
    asked = meaning.asked("When is my deposit paid back?")
    same, other, foreign = meaning.told(
        ["关店后保证金什么时候退还给卖家", "主图要用白色背景", "A white background is best."]
    )
    assert same.vector @ asked.vector > max(other.vector @ asked.vector, foreign.vector @ asked.vector)
    assert np.linalg.norm(same.vector) == pytest.approx(1, abs=1e-5)
    assert constants().passages.shape == constants().questions.shape == (2, meaning.width)
    assert (meaning.asked("").tokens.ids.size, len(meaning.asked("").vector)) == (0, meaning.width)
