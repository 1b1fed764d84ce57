"""The guided set-up in a chat: `/setup` and the buttons under its cards lead an admin from nothing to a test message.

Where an admin stopped is kept in Redis per community, `x:{COMMUNITY}:setup`. A card is edited into the next one when
its button is pressed; a typed word is answered with a new card. Buttons and words lead to the same deeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from redis.asyncio import Redis

from bot.adapters.memory import Memory, Sent
from bot.books import Books
from bot.groups.arrivals import Rights, rights_told
from bot.groups.channels import Channels, profiling
from bot.groups.communities import Communities, Community, keeping
from bot.groups.happenings import Press
from bot.groups.setup_cards import BUTTONS, PROFILES, STEPS, Step, button, card, following, typed_deed
from bot.groups.trial import Trial, Tried
from bot.outcome import Outcome
from bot.review.codes import DeskCodes
from bot.review.effects import in_reply
from bot.words import LANGS, words
from moderation.audit import setting
from moderation.keys import Write, key
from moderation.members import Standing, admin
from moderation.types import Author, Button, Lang, Message, Place, Say, Tier

CHAT_PLATFORMS = frozenset({"telegram", "discord"})


class _Turn(NamedTuple):
    """A word or a press of an admin: where, by whom, and what is to be done. `id` begins the ids of what answers it."""

    place: Place
    member: Author
    tier: Tier
    at: datetime
    deed: str
    id: str
    edits: str | None = None
    reply_to: str | None = None


def open_setup(books: Books, rights: Rights) -> Setup:
    """The set-up over the house's books."""
    redis = books.streams.redis
    return Setup(redis, books.communities, Trial(redis, books.history), rights)


class Setup:
    """The set-up of all communities, in Redis (a client with `decode_responses=True`)."""

    def __init__(self, redis: Redis, communities: Communities, trial: Trial, rights: Rights) -> None:
        self._redis = redis
        self._communities = communities
        self._channels = Channels(redis)
        self._codes = DeskCodes(redis, communities)
        self._trial = trial
        self._rights = rights

    async def step(self, message: Message, standing: Standing) -> Outcome:
        """What `/setup WORD` leads to; without a word it goes on where it was left."""
        place = message.place
        community = await self._communities.get(place.community)
        say = words(community.lang)
        if place.private or place.platform not in CHAT_PLATFORMS:
            return Outcome("answered", (in_reply(message, say("setup.in_chat"), "notice"),))
        if not standing.admin:
            return Outcome("answered", (in_reply(message, _refused(community.lang), "notice"),))
        deed, id_ = typed_deed(message.text), f"setup:{message.key}"
        turn = _Turn(place, message.author, standing.tier, message.sent_at, deed, id_, reply_to=message.id)
        return await self._do(turn, community)

    async def pressed(self, press: Press, standing: Standing) -> Outcome:
        """What a press of a button whose id begins with `setup:` leads to; the card becomes the next one."""
        place, member = press.place, press.member
        community = await self._communities.get(place.community)
        id_ = f"setup:{place.platform}:{place.channel}:{press.card}:{member.id}:{press.at.timestamp()}"
        if not standing.admin:
            told = Say(id=id_, place=place, text=_refused(community.lang), kind="notice", to=member.id)
            return Outcome("answered", (told,))
        shown = Sent(place.channel.partition("/")[0], press.card)
        effect = await Memory(self._redis, place.platform).effect_of(place, shown)
        edits = effect if effect and effect.startswith("setup:") else None  # the welcome stays as it is
        deed = press.button.removeprefix(BUTTONS)
        return await self._do(_Turn(place, member, standing.tier, press.at, deed, id_, edits), community)

    async def _do(self, turn: _Turn, community: Community) -> Outcome:
        deed, _, value = turn.deed.partition(":")
        match deed:
            case "lang" if value in LANGS:
                changed = community.model_copy(update={"lang": value})
                return await self._shown(turn, changed, "desk", writes=_changing(turn, keeping(changed)))
            case "desk" | "redeem" | "join":
                return await self._desk(turn, community, value if deed == "desk" else deed, value)
            case "channel" if value in PROFILES:
                writes = _changing(turn, profiling(turn.place, value))
                return await self._shown(turn, community, "knowledge", writes=writes)
            case "rights":
                told = await rights_told(self._rights, turn.place, community)
                return await self._shown(turn, community, "rights", told)
            case "test":
                tried = await self._trial.run(turn.place, turn.id, words(community.lang)("setup.test_message"))
                return await self._shown(turn, community, "test", _tried(tried, turn.place, community.lang))
            case "next":
                return await self._shown(turn, community, following(await self._step(community.name)))
            case "done":
                done = self._said(turn, words(community.lang)("setup.done"))
                return Outcome("answered", (done,), (("DEL", _state(community.name)),))
            case "show":
                step = value if value in STEPS else await self._step(community.name)
                return await self._shown(turn, community, step)
        unknown = words(community.lang)("setup.unknown")
        return await self._shown(turn, community, await self._step(community.name), [unknown])

    async def _desk(self, turn: _Turn, community: Community, deed: str, code: str) -> Outcome:
        """The moderators' desk: this channel, or another group, whose own admin agrees by pressing a button."""
        say = words(community.lang)
        match deed:
            case "here":
                changed = community.with_desk(turn.place)
                return await self._shown(turn, changed, "channels", writes=_changing(turn, keeping(changed)))
            case "code":
                told = say("setup.desk_code", code=await self._codes.issue(turn.place))
                return Outcome("answered", (self._said(turn, told),))
            case "redeem":
                return await self._redeem(turn, community, code)
            case "join":
                joined = await self._codes.join(code, turn.place)
                told = say("setup.desk_here" if joined else "setup.desk_expired")
                return Outcome("answered", (self._said(turn, told),), _changing(turn))
        return await self._shown(turn, community, "desk", [say("setup.unknown")])

    async def _redeem(self, turn: _Turn, community: Community, code: str) -> Outcome:
        """Ask the group that the code was issued in."""
        say = words(community.lang)
        desk = await self._codes.redeem(code, community.name)
        if desk is None:
            return Outcome("answered", (self._said(turn, say("setup.desk_expired")),))
        asked = Say(
            id=f"setup:{turn.id}:asked",
            place=desk,
            text=say("setup.desk_confirm", community=community.title or community.name),
            kind="notice",
            buttons=(button(f"join:{code}", say("setup.press_confirm"), "good"),),
        )
        shown = await self._shown(turn, community, "channels", [say("setup.desk_asked")])
        return shown._replace(effects=(asked, *shown.effects))

    async def _step(self, community: str) -> Step:
        """Where the set-up was left."""
        found = await self._redis.get(_state(community))
        return found if found in STEPS else "lang"

    async def _shown(
        self,
        turn: _Turn,
        community: Community,
        step: Step,
        results: Sequence[str] = (),
        *,
        writes: Sequence[Write] = (),
    ) -> Outcome:
        """A step's card, below what was just done; the set-up goes on from there."""
        facts = await self._facts(turn.place, community)
        shown = card(step, words(community.lang), facts, results)
        state: Write = ("SET", _state(community.name), step)
        return Outcome("answered", (self._said(turn, shown.text, shown.buttons),), (*writes, state))

    def _said(self, turn: _Turn, text: str, buttons: tuple[Button, ...] = ()) -> Say:
        id_, place = f"{turn.id}:card", turn.place
        more = {"edits": turn.edits, "reply_to": turn.reply_to}
        return Say(id=id_, place=place, text=text, kind="notice", buttons=buttons, **more)

    async def _facts(self, place: Place, community: Community) -> dict[str, object]:
        """What fills the blanks of the cards."""
        say = words(community.lang)
        here = community.is_desk(place)
        named = "desk_this" if here else "desk_other" if community.desk else "desk_none"
        own, house = [await self._documents(name) for name in (community.name, self._communities.house)]
        profile = await self._channels.profile(place) or place.profile
        return {
            "desk": say(f"setup.{named}"),
            "profile": say(f"profile.{profile}"),
            "own": own,
            "house": house,
            "mode": say(f"mode.{community.mode}"),
        }

    async def _documents(self, community: str) -> int:
        return await self._redis.hlen(key(community, "knowledge"))


def _changing(turn: _Turn, *writes: Write) -> tuple[Write, ...]:
    """The writes of a change, with its line for the audit trail."""
    by, what = admin(turn.place.platform, turn.member.id), f"setup {turn.deed}: {turn.place.address}"
    return (*writes, setting(turn.place.community, by, what, tier=turn.tier, at=turn.at))


def _refused(lang: Lang) -> str:
    say = words(lang)
    return say("commands.refused", tier=say("tier.admin"))


def _tried(tried: Tried, place: Place, lang: Lang) -> list[str]:
    """What a try showed, in words, each fault with its mend."""
    say = words(lang)
    read = say(f"setup.test_{tried.read}", mend=say(f"setup.blind_{place.platform}"))
    if not tried.said:
        return [read, say("setup.test_unsaid")]
    return [read, say("setup.test_said"), say("setup.test_deleted" if tried.deleted else "setup.test_undeleted")]


def _state(community: str) -> str:
    return key(community, "setup")
