"""An effect's words as Discord's messages, whatever the words are."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.discord.parts import written
from bot.formatting import discord as formatted
from bot.words import words
from moderation.types import Button, Place, Say
from tests.bot.adapters.rig import PROVEN

PLACE = Place(platform="discord", community="sample", channel="1")
MEMBER = "1234567890123456789"
TEXTS = st.lists(
    st.sampled_from(["退款要三天。", "*bold* ", "@everyone ", "https://a.b/c ", "word ", "\n"]), min_size=1
)


def said(text: str, **more: object) -> Say:
    return Say.model_validate({"id": "s", "place": PLACE, "text": text, "kind": "answer"} | more)


@settings(max_examples=20, deadline=None)
@given(TEXTS.map("".join), st.integers(1, 120), st.sampled_from(["", MEMBER]))
async def test_every_message_fits_and_only_the_first_names_the_member(text: str, times: int, naming: str) -> None:
    parts = written(said(text * times), naming)
    assert all(0 < len(part.content) <= 2000 for part in parts)
    assert [part.content.count(f"<@{MEMBER}>") for part in parts] == [
        int(bool(naming) and at == 0) for at in range(len(parts))
    ]
    assert all(part.payload()["allowed_mentions"] == {"parse": []} for part in parts)
    assert len({part.nonce for part in parts}) == len(parts)


async def test_naming_a_member_changes_no_other_word() -> None:
    effect = said("Refunds take *3* days.", passages=PROVEN)
    (plain,) = formatted(effect, words("en"))
    assert [part.content for part in written(effect, MEMBER)] == [f"<@{MEMBER}> {plain}"]


async def test_twenty_five_buttons_lie_in_five_rows() -> None:
    buttons = tuple(Button(id=f"case:7K:{number}", label=str(number)) for number in range(25))
    (part,) = written(said("a card", buttons=buttons))
    rows = part.payload()["components"]
    assert [len(row["components"]) for row in rows] == [5, 5, 5, 5, 5]
    assert rows[4]["components"][4]["custom_id"] == "press:case:7K:24"


async def test_the_same_words_have_the_same_nonce_at_every_delivery() -> None:
    assert written(said("once"))[0].nonce == written(said("once"))[0].nonce
    assert len(written(said("once"))[0].nonce) <= 25
