"""What follows from a verdict: the policy acts, or a case is laid before people, or a near copy joins an open one."""

from __future__ import annotations

from collections.abc import Sequence

from bot.answering.floor import hearing
from bot.answering.people import handing
from bot.groups.communities import Mode
from bot.knowledge.documents import guess_lang
from bot.outcome import Outcome, context
from bot.review.effects import carrying_out, in_reply
from bot.words import words
from moderation.audit import deciding
from moderation.cases import opening, settling
from moderation.cases.clocks import dated
from moderation.cases.folding import Folding
from moderation.judging.lately import moderation_case
from moderation.keys import Write
from moderation.members import Standing
from moderation.policy import Policy
from moderation.types import Case, Decision, Message, Ruling, Say, Verdict


class Docket:
    """Puts cases on record. One for all communities; it holds no state of its own."""

    def __init__(self, folding: Folding) -> None:
        self._folding = folding

    async def ruled(
        self,
        policy: Policy,
        message: Message,
        verdict: Verdict,
        standing: Standing,
        recent: Sequence[Message],
        mode: Mode,
    ) -> Outcome:
        """What the policy does by itself; where it is in doubt, and in training, a person is asked."""
        case = _moderation_case(policy, message, verdict, standing, recent)
        if verdict.ruling is not Ruling.ACT:
            return await self._lay(policy, case, _kindly(case))
        decision = _by_policy(policy, case)
        if mode == "training":
            return await self._lay(policy, case.model_copy(update={"proposed": decision}))
        case = case.model_copy(update={"state": "settled", "decision": decision, "due_at": None})
        writes = (*settling(case, decision), deciding(case, decision), *_emptied(message))
        return carried_out(policy, case, decision)._replace(writes=writes)

    async def _lay(self, policy: Policy, case: Case, told: tuple[Say, ...] = ()) -> Outcome:
        """Ask a person: about this message, or about one that it is a copy of."""
        near = await self._folding.near(case, policy.duplicates)
        opened: Sequence[Write] = () if near.case else (*opening(case), *handing(case))
        writes = (*opened, *near.writes, *_emptied(case.subject))
        return Outcome("escalated", told, writes, case=near.case or case, expects=near.expects)


def carried_out(policy: Policy, case: Case, decision: Decision) -> Outcome:
    """The effects of a decision, the policy's or a person's."""
    effects = carrying_out(policy, case, decision)
    return Outcome("enforced" if decision.by == "policy" else "settled", effects, case=case)


def _by_policy(policy: Policy, case: Case) -> Decision:
    clause = _clause(case)
    rung = policy.rung(clause, case.strikes)
    return Decision(
        case=case.id,
        action=rung.action,
        by="policy",
        by_name="policy",
        reason=clause,
        seconds=rung.seconds,
        strikes=rung.strikes,
    )


def _kindly(case: Case) -> tuple[Say, ...]:
    """What the member is told where silence would be unkind."""
    if _clause(case) != "distress":
        return ()
    text = words(guess_lang(case.subject.text))("say.distress")
    return (in_reply(case.subject, text, "notice", case=case.id),)


def _emptied(message: Message) -> Sequence[Write]:
    """An edit that did not pass is no part of a question that waits."""
    return hearing(message, asked=False, passed=False) if message.edit else ()


def _clause(case: Case) -> str:
    return case.verdict.clause or "" if case.verdict else ""


def _moderation_case(
    policy: Policy, message: Message, verdict: Verdict, standing: Standing, recent: Sequence[Message]
) -> Case:
    """The case about a message, with the author's strikes and the time by which a person should have decided."""
    id_, before = moderation_case(message), context(message, recent)
    case = Case(id=id_, kind="moderation", subject=message, context=before, verdict=verdict, strikes=standing.strikes)
    clause = policy.clauses.get(_clause(case))
    return dated(policy, case.model_copy(update={"severity": clause.severity}) if clause else case)
