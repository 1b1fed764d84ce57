"""Words on Telegram: plain text, with entities that lie where Telegram counts them."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.formatting import Entity, Part, telegram
from bot.words import words
from moderation.types import Passage, Place, Say, SayKind

PLACE = Place(platform="telegram", community="sample", channel="-100")


def say(text: str, *titles: str, kind: SayKind = "answer") -> Say:
    passages = tuple(Passage(document=title, title=title, text="x", lang="en") for title in titles)
    return Say(id="1", place=PLACE, text=text, kind=kind, passages=passages)


def stretch(part: Part, entity: Entity) -> str:
    """What Telegram takes an entity to hold."""
    coded = part.text.encode("utf-16-le")
    return coded[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


def test_sources_are_italic_lines_beneath() -> None:
    (part,) = telegram(say("👍 5% *net*", "费用 💰", "Tax", "Tax"), words("zh"))
    assert part.text == "👍 5% *net*\n📄 费用 💰\n📄 Tax"
    assert [(one.type, stretch(part, one)) for one in part.entities] == [("italic", "📄 费用 💰"), ("italic", "📄 Tax")]


def test_a_person_s_words_say_so() -> None:
    (part,) = telegram(say("Yes: https://a.bc/d_e", kind="moderator"), words("en"))
    assert part == Part("Moderator's reply\nYes: https://a.bc/d_e", (Entity("italic", 0, 17),))


def test_a_list_and_markup_stay_as_they_are() -> None:
    text = "1. **Open** <b>the</b> app\n2. Tap\n- [a](b)"
    assert telegram(say(text), words("en")) == [Part(text, ())]


def test_fenced_code_is_code() -> None:
    (part,) = telegram(say("Run 👇\n```sh\nls -l 🗂\n```\nDone"), words("en"))
    assert part == Part("Run 👇\nls -l 🗂\nDone", (Entity("pre", 7, 8, "sh"),))
    assert stretch(part, part.entities[0]) == "ls -l 🗂"


def test_long_code_is_code_in_every_part() -> None:
    parts = telegram(say("```py\n" + "print('👍')\n" * 600 + "```"), words("en"))
    assert len(parts) == 2
    for part in parts:
        (code,) = part.entities
        assert (code.type, code.language, stretch(part, code)) == ("pre", "py", part.text)


def test_no_words_make_no_message() -> None:
    assert telegram(say("\n", "Fees"), words("en")) == []


PIECES = ["👍" * 300, "结算周期为 7 天。" * 20, "word " * 200, "\n\n", "- item\n", "x" * 700]


@settings(max_examples=40, deadline=None)
@given(
    text=st.lists(st.sampled_from(PIECES), min_size=5, max_size=30).map("".join).filter(str.strip),
    titles=st.lists(st.text("a题👍 ", min_size=1, max_size=200), max_size=8, unique=True),
)
def test_parts_fit_and_entities_hold_their_lines(text: str, titles: list[str]) -> None:
    parts = telegram(say(text, *titles), words("en"))
    assert all(len(part.text.encode("utf-16-le")) // 2 <= 4096 for part in parts)
    sources = [stretch(part, one) for part in parts for one in part.entities]
    assert sources == parts[-1].text.split("\n")[len(parts[-1].text.split("\n")) - len(sources) :]
    assert len(sources) == min(5, len(titles))
    shown = "".join(part.text for part in parts)
    assert re.sub(r"\s", "", shown) == re.sub(r"\s", "", text + "".join(sources))
