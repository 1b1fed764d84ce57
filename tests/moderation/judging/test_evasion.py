"""Disguises: each changes the text, and normalising takes most of them back."""

import random

import pytest

from moderation.judging.evasion import TRANSFORMS
from moderation.judging.normalise import normalise

ZH, EN = (
    "加我微信领取红包，稳赚不赔，日入500元，名额有限",
    "Click here to claim your free prize money, call 0800 1234 now",
)
TAKEN_BACK = {"full width", "zero width", "homoglyphs", "leet", "split", "accents", "traditional"}


def test_there_are_twelve():
    assert len(TRANSFORMS) == 12


@pytest.mark.parametrize("name", TRANSFORMS)
def test_a_disguise_changes_a_text_and_is_the_same_for_the_same_chance(name: str):
    transform = TRANSFORMS[name]
    changed = [transform(text, random.Random(seed)) for text in (ZH, EN) for seed in range(8)]
    assert set(changed) - {ZH, EN}
    assert transform(ZH, random.Random(3)) == transform(ZH, random.Random(3))


@pytest.mark.parametrize("name", sorted(TAKEN_BACK))
@pytest.mark.parametrize("text", [ZH, EN])
def test_normalising_takes_it_back(name: str, text: str):
    """A comma may go with the signs that stood around it."""
    for seed in range(8):
        found = normalise(TRANSFORMS[name](text, random.Random(seed))).text
        assert found.replace(",", "") == normalise(text).text.replace(",", "")
