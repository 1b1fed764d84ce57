"""Search terms of a text: Chinese words and character pairs, English stems, numbers.

Chinese is cut by jieba (its search mode also gives the words inside long words) and, beside it, into character pairs:
a shop's own coinages are in no dictionary. English words are stemmed by Snowball.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from functools import cache, lru_cache
from typing import Any

import Stemmer

PAIR_MARK = "+"
_RUN = re.compile(r"(?P<chinese>[\u3400-\u9fff]+)|\d+(?:\.\d+)?|[^\W\d_\u3400-\u9fff]+")

_STOP = """
a an the of to in on at by for from with and or is are was were be been am do does did can could will would shall
should may might must have has had i me my we us our you your he she it its they them their this that these those
there here what which who whom whose when where why how if then so as not no any some just please hi hello hey
的 了 吗 呢 吧 啊 呀 是 在 有 和 与 或 及 也 都 就 还 很 不 没 没有 我 我们 你 你们 您 他 她 它 他们 这 那 这个 那个
什么 怎么 怎样 如何 哪 哪个 哪些 哪里 谁 为什么 请问 请 一下 一个 可以 能 能不能 可不可以 要 会 把 被 给 对 从 到
多少 多久 几 吗 啥 咋 么 上 下 中 里 大家 有没有 是不是 知道 想 问
"""
STOP = frozenset(_STOP.split())
"""Words that a question and its answer share by grammar alone."""


def warm() -> None:
    """Loads jieba's dictionary (about a second and 70 MB), which the first Chinese text would wait for."""
    _jieba()


_loading = threading.Lock()


def _jieba() -> Any:
    with _loading:
        return _cutter()


@cache
def _cutter() -> Any:
    """jieba's tokenizer, loaded here and not by itself: it would trust and write a cache in the shared temp folder."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its source has escapes that newer Pythons warn of
        import jieba
    tokenizer = jieba.Tokenizer()
    with tokenizer.get_dict_file() as words:
        tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(words)
    tokenizer.initialized = True
    return tokenizer


_english = Stemmer.Stemmer("english", 0)


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_english.stemWord(word))


def terms(text: str) -> list[str]:
    """The terms of a text in its order, stop words left out; in a text of stop words only, those."""
    found: list[str] = []
    for run in _RUN.finditer(unicodedata.normalize("NFKC", text).lower()):
        word = run.group()
        if run["chinese"]:
            found += _jieba().cut_for_search(word)
            found += [PAIR_MARK + word[at : at + 2] for at in range(len(word) - 1)]
        else:
            found.append(word if word in STOP else _stem(word))
    return [term for term in found if term not in STOP] or found


def is_pair(term: str) -> bool:
    """Whether a term is a pair of Chinese characters and not a word."""
    return term.startswith(PAIR_MARK)
