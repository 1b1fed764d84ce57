"""What the classifier sees: the same features alone and in a batch, and the same sums in numpy as in torch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.judging.features import BAG_BITS, TOKEN_BITS, bag, places, token_bag
from moderation.judging.network import TOKENS
from moderation.judging.normalise import normalise
from moderation.training.train_network import Layers, tokenised

TEXTS = st.lists(st.text(alphabet="ab cdef'微信加你好12 .!\n", max_size=30), min_size=1, max_size=6)


def plain_bag(text: str) -> dict[int, float]:
    found = bag([text])
    return dict(zip(found.buckets.tolist(), found.values.tolist(), strict=True))


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_a_text_has_the_same_features_alone_and_in_a_batch(texts: list[str]):
    together = bag(texts)
    for index, text in enumerate(texts):
        mine = together.rows == index
        batch = dict(zip(together.buckets[mine].tolist(), together.values[mine].tolist(), strict=True))
        assert batch == pytest.approx(plain_bag(text))


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_a_text_has_the_same_tokens_alone_and_in_a_batch(texts: list[str]):
    together = token_bag(texts)
    for index, text in enumerate(texts):
        alone = token_bag([text])
        mine = np.flatnonzero(together.texts == index)
        assert len(mine) == len(alone.texts)
        for here, there in zip(mine, range(len(alone.texts)), strict=True):
            one = together.buckets[together.starts[here] : together.starts[here + 1]]
            other = alone.buckets[alone.starts[there] : alone.starts[there + 1]]
            assert sorted(one.tolist()) == sorted(other.tolist())


def test_features_have_length_one_and_know_the_order_of_words():
    weights = plain_bag("free shipping")
    assert sum(value**2 for value in weights.values()) == pytest.approx(1)
    assert max(weights) < 1 << BAG_BITS
    assert plain_bag("ab cd") != plain_bag("cd ab")
    assert token_bag(["hello 微信"]).buckets.max() < 1 << TOKEN_BITS


def test_homophones_and_pinyin_share_features():
    def shared(left: str, right: str) -> int:
        return len(set(plain_bag(left)) & set(plain_bag(right)))

    assert shared("加微信领红包", "jia wei xin ling hong bao") > shared("今天天气不错", "jia wei xin ling hong bao")
    assert shared("返利", "反力") > shared("返利", "今天")


def test_numbers_of_one_length_are_one_token():
    one, other = token_bag(["12345"]), token_bag(["98760"])
    assert one.buckets.tolist() == other.buckets.tolist()
    assert token_bag(["123"]).buckets.tolist() != one.buckets.tolist()


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_places_lie_inside_their_text(texts: list[str]):
    found = places(texts)
    lengths = np.array([len(text) for text in texts])
    assert (found.starts >= 0).all()
    assert (found.starts < found.ends).all()
    assert (found.ends <= lengths[found.owners]).all()


def test_numpy_computes_what_torch_learns():
    torch.manual_seed(0)
    layers = Layers()
    layers.eval()
    texts = [normalise(text).text for text in ("加我微信领取红包", "you are an idiot", "", "a " * 2 * TOKENS, "hi!")]
    with torch.inference_mode():
        expected = layers(tokenised(texts)).numpy()
    plain = layers.plain()
    margins = plain.margins(texts)
    filled = [index for index, text in enumerate(texts) if text]
    assert np.abs(margins - expected)[filled].max() < 0.02
    assert np.abs(plain.margins(texts[:1]) - margins[:1]).max() < 1e-4


def test_a_text_has_the_same_margins_alone_and_among_others():
    torch.manual_seed(0)
    layers = Layers()
    layers.eval()
    network = layers.plain()
    texts = ["you 加微信 12! " * count for count in (*range(20), 200, 1, 400, 0)]
    together = network.margins(texts)
    assert together.shape[0] == len(texts)
    for text, margins in zip(texts, together, strict=True):
        assert np.abs(network.margins([text])[0] - margins).max() < 1e-4
    assert network.margins([]).shape == (0, together.shape[1])
