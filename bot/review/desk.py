"""The moderators' desk in a chat: a card for every open case, kept up to date, and what its buttons do."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import NamedTuple, cast

from bot.books import Books
from bot.groups.communities import Community
from bot.groups.happenings import Press
from bot.groups.staff import introducing, names
from bot.knowledge.documents import guess_lang
from bot.outcome import Bench
from bot.review.cards import buttons, can_undo, card, case_and_verb
from bot.review.log import DeskLog, is_news
from bot.review.undoing import undone
from bot.stream import saying
from bot.words import words
from moderation.audit import Result, auditing
from moderation.cases import OwnDecision, Settled, Taken, may_take, needs_second, proposed
from moderation.cases.undoing import Reversals
from moderation.keys import Write, key
from moderation.members import admin, reaches
from moderation.policy import Policy, Rung
from moderation.types import ENFORCING, Action, Case, Decision, Place, Say, Tier, case_id

TIMEOUT_S = 3600
"""Seconds of a timeout by a button, where the policy proposes no other length."""
SHOWN = 5
"""Cards of one case that are kept up to date, the latest ones."""
SHOWN_S = 90 * 24 * 3600

DECIDES: dict[str, tuple[Action, ...]] = {
    "moderation": ("dismiss", *ENFORCING),
    "handoff": ("dismiss", "answer"),
    "appeal": ("uphold", "overturn"),
}


class Pressed(NamedTuple):
    """A press as understood: which case, what is to be done with it, and by whom."""

    press: Press
    case: Case
    verb: str
    community: Community

    @property
    def by(self) -> str:
        return admin(self.press.place.platform, self.press.member.id)

    @property
    def by_name(self) -> str:
        return self.press.member.name or self.press.member.id


class Desk:
    """Cards and presses of all communities. What is claimed and decided goes through the case book's own scripts."""

    def __init__(self, books: Books, bench: Bench) -> None:
        self._books = books
        self._bench = bench
        self._reversals = Reversals(books.streams.redis)
        self._log = DeskLog(books.streams, books.communities)

    async def press(self, press: Press) -> Sequence[Write]:
        """What a pressed button leads to. The card itself changes with its case."""
        found = case_and_verb(press.button)
        if found is None:
            return ()
        name, verb = found
        community = await self._books.communities.get(press.place.community)
        case = await self._books.cases.get(community.name, name)
        if case is None:
            return [_tell(press, words(community.lang)("commands.no_case", case=name))]
        pressed = Pressed(press, case, verb, community)
        tier = await self._tier(press)
        needed = _needed(pressed, tier)
        if not reaches(tier, needed):
            refused = words(community.lang)("commands.refused", tier=words(community.lang)(f"tier.{needed}"))
            return [_tell(press, refused), _audited(pressed, tier, done=False)]
        try:
            return [*await self._done(pressed, tier), _audited(pressed, tier, done=True)]
        except (Settled, Taken, OwnDecision) as fault:
            return [_tell(press, await self._late(community, fault))]

    async def _tier(self, press: Press) -> Tier:
        return await self._books.members.tier(press.place.community, press.place.platform, press.member)

    async def _done(self, pressed: Pressed, tier: Tier) -> Sequence[Write]:
        """Raises Settled, Taken or OwnDecision."""
        case, community, by = pressed.case, pressed.community, pressed.by
        known: Write = introducing(community.name, by, pressed.by_name)
        match pressed.verb:
            case "claim":
                await self._books.cases.claim(community.name, case.id, by)
                return [known]
            case "release":
                await self._books.cases.release(community.name, case.id, by)
                return []
            case "answer":
                await self._books.cases.claim(community.name, case.id, by)
                return [known, _tell(pressed.press, words(community.lang)("card.how_answer", case=case.id))]
            case "undo" if can_undo(case):
                back = Decision(case=case.id, action="overturn", by=by, by_name=pressed.by_name, at=pressed.press.at)
                return (await undone(self._reversals, case, back)).all
        policy = (await self._bench.sitting(community.name)).judge.policy
        decision = _decision(pressed, policy, await rung_for(self._books, policy, case))
        if decision is None:
            return [known]
        seconded = needs_second(policy.review, decision.action, tier)
        after = await self._books.cases.decide(community.name, decision, seconded=seconded)
        if after.state == "open":
            return [known, _tell(pressed.press, words(community.lang)("card.second_needed"))]
        return [known]

    async def _late(self, community: Community, fault: Settled | Taken | OwnDecision) -> str:
        """What is told to who was too late, or may not decide this one."""
        say, known = words(community.lang), await names(self._books.streams.redis, community.name)
        match fault:
            case Settled(decision=decision):
                by = decision.by_name or known.get(decision.by, decision.by)
                return say("case.settled_first", name=say("case.by_policy") if decision.by == "policy" else by)
            case Taken(holder=holder):
                return say("case.taken_first", name=known.get(holder, holder))
            case _:
                return say("card.own_decision")

    async def card(self, community: str, case: str, event: str) -> Sequence[Write]:
        """Bring the cards of a case up to date: a first one at the desk, or the edits of those that are shown.

        `event` names the change; the same one again leads to the same effects.
        """
        one = await self._books.cases.get(community, case)
        home = await self._books.communities.get(community)
        if one is None:
            return ()
        policy = (await self._bench.sitting(community)).judge.policy
        rung = await rung_for(self._books, policy, one)
        text = card(one, policy, home.lang, await names(self._books.streams.redis, community), rung=rung)
        if await self._appealed(one):
            text += "\n" + words(home.lang)("card.appealed", case=case_id("appeal", one.subject))
        shown = await self._shown(one)
        if not shown:
            return await self._first(one, home, text)
        edits = [
            _card(one, before.place, f"{before.id}:{event}", text, home).model_copy(update={"edits": before.id})
            for before in shown
        ]
        return [saying(edit) for edit in edits]

    async def _first(self, case: Case, home: Community, text: str) -> Sequence[Write]:
        """The first card of a case: an open one's, or the quiet one of what the policy did by itself."""
        place, settled = home.desk_place, case.state == "settled"
        if place is None or (settled and not (home.desk_log and is_news(case))):
            return ()
        if settled and not await self._log.has_room(case):
            return await self._log.counting(case, home, place)
        said = _card(case, place, f"{case.id}:card", text, home).model_copy(update={"quiet": settled})
        return [saying(said), *showing(case, said)]

    async def _appealed(self, case: Case) -> bool:
        """Whether its member has asked for another look."""
        if case.kind != "moderation" or case.state == "open":
            return False
        return await self._books.cases.get(case.community, case_id("appeal", case.subject)) is not None

    async def _shown(self, case: Case) -> list[Say]:
        rows = self._books.streams.redis.lrange(_shown(case), 0, -1)
        return [Say.model_validate_json(row) for row in await cast(Awaitable[list[str]], rows)]


def showing(case: Case, said: Say) -> list[Write]:
    """The writes that have a card kept up to date."""
    kept = said.model_copy(update={"text": "", "buttons": ()}).model_dump_json()
    name = _shown(case)
    return [("RPUSH", name, kept), ("LTRIM", name, str(-SHOWN), "-1"), ("EXPIRE", name, str(SHOWN_S))]


async def rung_for(books: Books, policy: Policy, case: Case) -> Rung | None:
    """The step that the ladder proposes for an open case, by the strikes that its member has by now."""
    if case.state != "open" or case.kind != "moderation":
        return None
    return proposed(policy, case, (await books.members.standing(case.subject)).strikes)


def _card(case: Case, place: Place, id_: str, text: str, community: Community) -> Say:
    shown = buttons(case, community.lang)
    return Say(id=id_, place=place, text=text, kind="notice", case=case.id, buttons=shown)


def _needed(pressed: Pressed, tier: Tier) -> Tier:
    """Helpers answer questions; who acts on members or messages is a moderator, or of the tier that was asked."""
    case, verb = pressed.case, pressed.verb
    if case.state == "open" and case.asked and verb != "release" and not may_take(case, pressed.by, tier):
        return case.asked
    return "helper" if case.kind == "handoff" or verb in ("claim", "release") else "moderator"


def _decision(pressed: Pressed, policy: Policy, rung: Rung | None) -> Decision | None:
    """The decision that a button stands for; None for one that this kind of case does not have."""
    case, verb = pressed.case, pressed.verb
    named = {"case": case.id, "by": pressed.by, "by_name": pressed.by_name, "at": pressed.press.at}
    if verb == "send" and case.kind == "handoff" and case.reply and case.reply.text:
        return Decision.model_validate({**named, "action": "answer", "text": case.reply.text[:4096]})
    if verb not in DECIDES[case.kind]:
        return None
    if verb in ENFORCING:
        return Decision.model_validate({**named, "action": verb, **enforcing(case, verb, policy, rung)})
    return Decision.model_validate({**named, "action": verb})


def enforcing(case: Case, verb: str, policy: Policy, rung: Rung | None = None) -> dict[str, str | int]:
    """The reason that the member is told, the strikes, and a timeout's length: as proposed, where one is."""
    clause = case.verdict.clause or "" if case.verdict else ""
    known = policy.clauses.get(clause)
    lengths = [step.seconds for step in (case.proposed, rung) if step and step.seconds]
    seconds = next(iter(lengths), TIMEOUT_S) if verb == "timeout" else 0
    if known:
        return {"reason": clause, "strikes": known.strikes, "seconds": seconds}
    told = words(guess_lang(case.subject.text))("say.by_moderator")
    return {"text": told, "strikes": 1, "seconds": seconds}


def _tell(press: Press, text: str) -> Write:
    """Words to who pressed, the same whenever this press is handled again."""
    id_ = f"press:{press.place.channel}:{press.card}:{press.member.id}:{_mark(press.at)}"
    return saying(Say(id=id_, place=press.place, text=text, kind="notice", to=press.member.id))


def _mark(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _audited(pressed: Pressed, tier: Tier, *, done: bool) -> Write:
    what = f"[{pressed.verb}] {pressed.case.id}"
    result: Result = "done" if done else "refused"
    return auditing(pressed.community.name, pressed.by, tier, what, result, pressed.press.at)


def _shown(case: Case) -> str:
    return key(case.community, "shown", case.id)
