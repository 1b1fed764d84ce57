"""Blind second looks in a chat: `/second` shows a case as if nobody had decided it, and a press is the answer."""

from __future__ import annotations

from collections.abc import Sequence

from bot.books import Books
from bot.groups.communities import Community
from bot.groups.happenings import Press
from bot.groups.setup_cards import Card
from bot.outcome import Bench
from bot.review.cards import card, case_and_verb
from bot.stream import saying
from bot.words import Words, words
from moderation.audit import Result, auditing
from moderation.cases import NoSuchCase
from moderation.cases.agreement import LOOKED_AT
from moderation.cases.second_looks import NoLook, SecondLooks
from moderation.keys import Write
from moderation.members import admin, reaches
from moderation.types import Action, Button, Decision, Lang, Say, Tier

BUTTONS = "second:"
"""How the ids of a second look's buttons begin; the case and the verb follow, as in those of a case's card."""


class SecondDesk:
    """Second looks of all communities, as moderators see them in a chat."""

    def __init__(self, books: Books, bench: Bench) -> None:
        self._books = books
        self._bench = bench
        self._looks = SecondLooks(books.streams.redis)

    async def next(self, community: str, by: str, lang: Lang) -> Card | None:
        """A case to look at, or None where there is none for this person now."""
        policy = (await self._bench.sitting(community)).judge.policy
        case = await self._looks.pick(community, by, share=policy.review.second_look)
        if case is None:
            return None
        say = words(lang)
        text = f"{say('second.title')}\n{card(case, policy, lang, {})}"
        return Card(text, tuple(_button(case.id, action, say) for action in LOOKED_AT))

    async def press(self, press: Press) -> Sequence[Write]:
        """What a pressed button leads to: the answer is kept, and who pressed is told."""
        found = case_and_verb(press.button.replace(BUTTONS, "case:", 1))
        if found is None or found[1] not in LOOKED_AT:
            return ()
        case, verb = found
        community = await self._books.communities.get(press.place.community)
        tier = await self._books.members.tier(community.name, press.place.platform, press.member)
        if not reaches(tier, "moderator"):
            say = words(community.lang)
            refused = say("commands.refused", tier=say("tier.moderator"))
            return [_tell(press, refused), _audited(press, case, tier, "refused")]
        look = Decision.model_validate({"case": case, "action": verb, "by": _by(press), "at": press.at})
        named = look.model_copy(update={"by_name": press.member.name or press.member.id})
        return await self._answered(press, community, tier, named)

    async def _answered(self, press: Press, community: Community, tier: Tier, look: Decision) -> Sequence[Write]:
        say = words(community.lang)
        try:
            await self._looks.answer(community.name, look)
        except NoLook as fault:
            return [_tell(press, say(f"second.{fault.why}", case=look.case))]
        except NoSuchCase:
            return [_tell(press, say("commands.no_case", case=look.case))]
        return [_tell(press, say("second.noted")), _audited(press, look.case, tier, "done")]


def _button(case: str, action: Action, say: Words) -> Button:
    return Button(id=f"{BUTTONS}{case}:{action}", label=say(f"card.do_{action}"))


def _by(press: Press) -> str:
    return admin(press.place.platform, press.member.id)


def _tell(press: Press, text: str) -> Write:
    """Words to who pressed, the same whenever this press is handled again."""
    id_ = f"{press.button}:{press.member.id}:{int(press.at.timestamp() * 1000)}"
    return saying(Say(id=id_, place=press.place, text=text, kind="notice", to=press.member.id))


def _audited(press: Press, case: str, tier: Tier, result: Result) -> Write:
    """A line that says who looked; what they found stands with the case, so that the trail tells nobody beforehand."""
    community = press.place.community
    return auditing(community, _by(press), tier, "[second look]", result, press.at, kind="step", case=case)
