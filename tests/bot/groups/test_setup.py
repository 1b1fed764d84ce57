"""The guided set-up: steps by words and buttons, who may, another group as the desk, and a try in a real chat."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from bot.adapters.memory import Memory, Sent
from bot.gateway import Gateway
from bot.groups.arrivals import gone
from bot.groups.channels import Channels
from bot.groups.communities import Communities
from bot.groups.happenings import Press
from bot.groups.setup import Setup
from bot.groups.setup_cards import PROFILES, STEPS, Step, card, following
from bot.groups.trial import Trial
from bot.history import History, noting
from bot.knowledge.documents import Document
from bot.knowledge.shelf import Shelf
from bot.outcome import Outcome
from bot.stream import saying
from bot.words import LANGS, words
from moderation.audit import AuditBook
from moderation.errors import XiaoerError
from moderation.members import Standing
from moderation.types import Author, Lang, Message, Place, Say
from tests.bot.adapters.telegram.rig import Rig, build, listening
from tests.peers.telegram.nouns import Chat, Shown
from tests.peers.telegram.server import TelegramServer, serving
from tests.walk.test_script import worker

ADMIN, MEMBER = Standing("trusted", 0, "admin"), Standing("trusted", 0, "moderator")
ANNA = Author(id="5", name="Anna", tier="admin")
REFUSED = words("en")("commands.refused", tier=words("en")("tier.admin"))
PLACE = Place(platform="telegram", community="tea", channel="-42", title="Tea sellers")
AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


class Rights:
    """What a platform would say."""

    def __init__(self, *missing: str, fault: str = "") -> None:
        self._missing = list(missing)
        self._fault = fault

    async def missing(self, place: Place) -> list[str]:
        if self._fault:
            raise XiaoerError(self._fault)
        return self._missing


class House:
    """The set-up as the worker drives it: what an outcome writes is written."""

    def __init__(self, redis: Redis, rights: Rights, patience_s: float = 0.2) -> None:
        self.redis = redis
        self.communities = Communities(redis, "house")
        trial = Trial(redis, History(redis), patience_s=patience_s)
        self.setup = Setup(redis, self.communities, trial, rights)
        self._number = 0

    async def typed(self, text: str, standing: Standing = ADMIN, place: Place = PLACE) -> Say:
        self._number += 1
        message = Message(id=str(self._number), place=place, author=ANNA, text=text, sent_at=AT, addressed=True)
        return await self._written(await self.setup.step(message, standing))

    async def pressed(self, button: str, standing: Standing = ADMIN, place: Place = PLACE, card: str = "900") -> Say:
        self._number += 1
        press = Press(place=place, button=button, member=ANNA, card=card, at=AT + timedelta(seconds=self._number))
        return await self._written(await self.setup.pressed(press, standing))

    async def _written(self, outcome: Outcome) -> Say:
        for write in outcome.writes:
            await self.redis.execute_command(*write)
        self.said = [one for one in outcome.effects if isinstance(one, Say)]
        return self.said[-1]


@pytest.fixture
def house(redis: Redis) -> House:
    return House(redis, Rights())


def title(step: Step, lang: Lang = "en") -> str:
    return words(lang)(f"setup.{step}_title")


def ids(said: Say) -> list[str]:
    return [one.id for one in said.buttons]


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("step", STEPS)
def test_each_step_has_its_words_and_a_way_on(step: Step, lang: Lang) -> None:
    facts = {"desk": "none", "profile": "help", "own": 1, "house": 2, "mode": "training"}
    shown = card(step, words(lang), facts, ["done"])
    assert shown.text.startswith("done\n\n")
    assert title(step, lang) in shown.text
    on = {f"setup:show:{following(step)}", "setup:lang:zh", "setup:done"}
    assert on & {one.id for one in shown.buttons}


async def test_it_leads_from_the_first_step_to_the_last(house: House) -> None:
    said = await house.typed("/setup")
    assert ids(said) == ["setup:lang:zh", "setup:lang:en"]
    seen = [said.text]
    for button in ("setup:lang:en", "setup:desk:here", "setup:channel:help"):
        said = await house.pressed(button)
        seen.append(said.text)
    while "setup:done" not in ids(said):
        (on,) = [one for one in ids(said) if one.startswith("setup:show:")]
        said = await house.pressed(on)
        seen.append(said.text)
    assert [title(step) in text for step, text in zip(STEPS, seen, strict=True)] == [True] * len(STEPS)
    assert "/mode live" in seen[-1]
    await house.pressed("setup:done")
    assert title("lang") in (await house.typed("/setup")).text
    community = await house.communities.get("tea")
    assert (community.lang, community.desk) == ("en", "telegram:-42")
    assert await Channels(house.redis).profile(PLACE) == "help"


@pytest.mark.parametrize(
    ("word", "button"),
    [
        ("zh", "lang:zh"),
        ("中文", "lang:zh"),
        ("English", "lang:en"),
        ("here", "desk:here"),
        ("rights", "rights"),
        ("test", "test"),
        ("done", "done"),
        ("again", "show:lang"),
        *((profile, f"channel:{profile}") for profile in PROFILES),
    ],
)
async def test_a_word_does_what_the_button_does(redis: Redis, word: str, button: str) -> None:
    texts, states = [], []
    for by_word in (True, False):
        await redis.flushall()
        house = House(redis, Rights(), patience_s=0)
        said = await (house.typed(f"/setup@xiaoer_bot {word}") if by_word else house.pressed(f"setup:{button}"))
        texts.append(said.text)
        names = [name for name in await redis.keys("*") if "audit" not in name and "sent" not in name]
        states.append({name: await redis.type(name) for name in names if ":effects" not in name})
    assert texts[0] == texts[1]
    assert states[0] == states[1]


async def test_it_goes_on_where_it_was_left(house: House) -> None:
    await house.typed("/setup zh")
    assert title("desk", "zh") in (await house.typed("/setup")).text
    assert title("channels", "zh") in (await house.typed("/设置 下一步")).text
    assert title("channels", "zh") in (await house.typed("/setup nonsense")).text
    assert (await house.typed("/setup nonsense")).text.startswith(words("zh")("setup.unknown"))
    other = PLACE.model_copy(update={"community": "silk", "channel": "-43"})
    assert title("lang") in (await house.typed("/setup", place=other)).text


@pytest.mark.parametrize("deed", ["setup:lang:zh", "setup:desk:here", "setup:channel:deals", "setup:join:00000000"])
async def test_only_an_admin_may(house: House, deed: str) -> None:
    before = await house.redis.keys("*")
    said = await house.pressed(deed, MEMBER)
    assert (said.text, said.to) == (REFUSED, ANNA.id)
    assert (await house.typed("/setup here", MEMBER)).text == REFUSED
    assert await house.redis.keys("*") == before


@pytest.mark.parametrize("change", [{"private": True}, {"platform": "web", "channel": "help"}])
async def test_elsewhere_it_says_where_it_belongs(house: House, change: dict[str, object]) -> None:
    said = await house.typed("/setup zh", place=PLACE.model_copy(update=change))
    assert said.text == words("en")("setup.in_chat")
    assert (await house.communities.get("tea")).lang == "en"


async def test_a_change_is_in_the_audit_trail_and_a_look_is_not(house: House) -> None:
    await house.pressed("setup:show:lang")
    await house.pressed("setup:lang:zh")
    await house.typed("/setup en")
    lines = await AuditBook(house.redis).read("tea")
    assert [line.what for line in lines] == ["setup lang:en: telegram:-42", "setup lang:zh: telegram:-42"]
    assert {(line.by, line.tier, line.kind, line.result) for line in lines} == {
        ("telegram:5", "admin", "setting", "done")
    }


async def test_a_press_edits_its_own_card_and_never_the_welcome(house: House) -> None:
    memory = Memory(house.redis, "telegram")
    await memory.note_sent(PLACE, "bot_added:telegram:-42:1", Sent("-42", "900"))
    first = await house.pressed("setup:show:lang", card="900")
    assert first.edits is None
    await memory.note_sent(PLACE, first.id, Sent("-42", "901"))
    second = await house.pressed("setup:lang:en", card="901")
    assert second.edits == first.id
    assert second.id != first.id


async def test_a_repeated_delivery_says_the_same_under_the_same_id(house: House) -> None:
    press = Press(place=PLACE, button="setup:lang:zh", member=ANNA, card="900", at=AT)
    first, second = [await house.setup.pressed(press, ADMIN) for _ in range(2)]
    assert first.effects == second.effects


async def test_it_tells_what_is_known_here_and_at_the_house(house: House) -> None:
    for community, count in (("tea", 2), ("house", 3)):
        shelf = Shelf(house.redis, community)
        await shelf.put_many(Document(id=f"d{n}", title=f"D{n}", lang="en", text="x") for n in range(count))
    text = (await house.pressed("setup:show:knowledge")).text
    assert words("en")("setup.knowledge", own=2, house=3) in text


@pytest.mark.parametrize(
    ("rights", "told"),
    [
        (Rights(), "✅"),
        (Rights("the bot lacks Ban users; allow it", "blind"), "❌ the bot lacks Ban users; allow it\n❌ blind"),
        (Rights(fault="Telegram does not answer"), "Telegram does not answer"),
    ],
)
async def test_the_rights_are_told_with_their_mend(redis: Redis, rights: Rights, told: str) -> None:
    assert told in (await House(redis, rights).pressed("setup:rights")).text


DESK = Place(platform="telegram", community="telegram-77", channel="-77", title="Moderators")


async def code(house: House) -> str:
    text = (await house.typed("/setup desk", place=DESK)).text
    return re.search(r"\b[0-9A-F]{8}\b", text)[0]  # type: ignore[index]


async def test_another_group_becomes_the_desk_when_both_admins_agree(house: House) -> None:
    made = await code(house)
    await house.typed(f"/setup {made.lower()}")
    asked, _ = house.said
    assert (asked.place.channel, ids(asked)) == ("-77", [f"setup:join:{made}"])
    assert (await house.communities.get("tea")).desk == ""
    await house.pressed(f"setup:join:{made}", place=DESK)
    assert (await house.communities.get("tea")).desk == "telegram:-77"
    assert (await house.communities.of_chat("telegram", "-77")).name == "tea"


async def test_nobody_takes_a_group_that_does_not_agree(house: House) -> None:
    made = await code(house)
    silk = PLACE.model_copy(update={"community": "silk", "channel": "-43"})
    expired = words("en")("setup.desk_expired")
    assert (await house.pressed(f"setup:join:{made}", place=DESK)).text == expired  # nobody has asked yet
    await house.typed(f"/setup {made}")
    assert (await house.typed(f"/setup {made}", place=silk)).text == expired
    assert (await house.pressed(f"setup:join:{made}", place=silk)).text == expired
    assert (await house.typed("/setup 0123ABCD")).text == expired
    assert [(await house.communities.get(name)).desk for name in ("tea", "silk")] == ["", ""]
    assert (await house.communities.of_chat("telegram", "-77")).name == "telegram-77"
    assert 0 < await house.redis.ttl(f"x:desk:{made}") <= 900


@pytest.mark.parametrize(
    ("texts", "found"),
    [([], "unread"), (["/setup test"], "unread"), (["who pays for returns?"], "read"), ([""], "blind")],
)
async def test_what_was_said_lately_shows_what_the_bot_can_read(redis: Redis, texts: Sequence[str], found: str) -> None:
    for number, text in enumerate(texts):
        message = Message(id=str(number), place=PLACE, author=ANNA, text=text, sent_at=datetime.now(UTC))
        old = message.model_copy(update={"id": "o", "text": "old", "sent_at": AT})
        elsewhere = message.model_copy(update={"place": PLACE.model_copy(update={"channel": "1"}), "text": "x"})
        named = message.model_copy(update={"addressed": True, "text": "hello bot"})
        for one in (old, elsewhere, named, message):
            for write in noting(one):
                await redis.execute_command(*write)
    tried = await Trial(redis, History(redis), patience_s=0).run(PLACE, "id", "text")
    assert tried == (found, False, False)


@pytest.fixture
async def peer() -> AsyncIterator[TelegramServer]:
    async with serving(TelegramServer()) as server:
        yield server


@pytest.fixture
async def rig(peer: TelegramServer, redis: Redis) -> AsyncIterator[Rig]:
    """The adapter listens, and what is said is performed."""
    async with listening(build(peer, redis)) as rig:
        gateway = Gateway(rig.streams, rig.chat, lambda _: None)
        rig.running.append(asyncio.create_task(gateway.perform()))
        yield rig


async def tried(rig: Rig, chat: Chat, said: bool = True) -> list[str]:
    """The lines above the card of a test, in a group where the owner wrote an ordinary message or did not."""
    owner = rig.peer.owner(chat)
    if said:
        rig.peer.say(chat, owner, "Who pays for returns?")
        for message in await rig.messages():
            for write in noting(message):
                await rig.redis.execute_command(*write)
    house = House(rig.redis, Rights(), patience_s=20 if said else 3)
    card = await house.pressed("setup:test", place=await rig.place(chat))
    return card.text.split("\n\n")[0].splitlines()


async def test_in_a_telegram_group_it_reads_writes_and_deletes(rig: Rig, peer: TelegramServer) -> None:
    chat = peer.group("Tea sellers")
    peer.add_bot(chat)
    lines = await tried(rig, chat)
    assert lines == [words("en")(f"setup.test_{name}") for name in ("read", "said", "deleted")]
    assert [one.text for one in chat.shown()] == ["Who pays for returns?"]


async def test_without_the_right_to_delete_it_says_so(rig: Rig, peer: TelegramServer) -> None:
    chat = peer.group("Tea sellers")
    peer.add_bot(chat, rights=None)
    lines = await tried(rig, chat, said=False)
    mend = words("en")("setup.blind_telegram")
    assert lines[0] == words("en")("setup.test_unread", mend=mend)
    assert lines[1:] == [words("en")(f"setup.test_{name}") for name in ("said", "undeleted")]


async def until(true: Callable[[], Awaitable[bool] | bool]) -> None:
    async with asyncio.timeout(90):
        while not (met if isinstance(met := true(), bool) else await met):
            await asyncio.sleep(0.02)


async def test_from_the_welcome_to_the_farewell_through_the_whole_house(rig: Rig, peer: TelegramServer) -> None:
    rig.running.append(asyncio.create_task(worker(rig.streams).run()))
    chat = peer.group("Tea sellers")
    owner = peer.owner(chat)
    peer.add_bot(chat)

    def card(button: str) -> Shown | None:
        rows = [(one, data) for one in chat.shown() for row in one.buttons for _, data in row]
        return next((one for one, data in rows if data == button), None)

    memory = Memory(rig.redis, "telegram")

    async def press(button: str) -> None:
        """As a person does: later than the bot has noted what it sent, so that the card can become the next one."""
        await until(lambda: card(button) is not None)
        shown = card(button)
        assert shown is not None
        sent, place = Sent(str(chat.id), str(shown.id)), await rig.place(chat)

        async def noted() -> bool:
            return await memory.effect_of(place, sent) is not None

        await until(noted)
        await peer.press(chat, owner, shown.id, button, within=90)

    await press("setup:show:lang")
    await press("setup:lang:zh")
    await press("setup:desk:here")
    await until(lambda: card("setup:channel:help") is not None)
    assert len(chat.shown()) == 2  # the welcome, and one card that became the next and the next
    place = await rig.place(chat)
    community = await rig.communities.get(place.community)
    assert (community.mode, community.lang, community.desk) == ("training", "zh", f"telegram:{chat.id}")
    peer.say(chat, owner, "/setup 检查")
    await until(lambda: any(title("rights", "zh") in one.text for one in chat.shown()))
    peer.kick_bot(chat)
    await until(lambda: gone(rig.redis, place))
    said = len(peer.called("sendMessage"))
    await rig.redis.execute_command(*saying(Say(id="late", place=place, text="too late", kind="notice")))
    await until(lambda: handed_out(rig))
    assert len(peer.called("sendMessage")) == said


async def handed_out(rig: Rig) -> bool:
    return not await rig.on_stream("effects:telegram", Say)
