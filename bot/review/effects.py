"""What a decision does in the chats: the effects, with the words that the member reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from bot.knowledge.documents import guess_lang
from bot.words import span, words
from moderation.cases.copies import Part, parts
from moderation.cases.undoing import left
from moderation.policy import Policy
from moderation.types import UNDO, Case, Decision, Enforce, Enforcement, Message, Place, Reply, Say, SayKind


def carrying_out(policy: Policy, case: Case, decision: Decision) -> tuple[Say | Enforce, ...]:
    """What a decision leads to; the reason is told in the words of the policy.

    An enforcement is carried out on each copy of the message too: all go, and what is done about a member is done and
    told once to each of their authors.
    """
    if not decision.enforces:
        return _carried_out(policy, case, decision)
    return tuple(
        effect
        for part in parts(case)
        for effect in marked(_carried_out(policy, part.case, decision), part)
        if part.first or (isinstance(effect, Enforce) and effect.action == "delete")
    )


def marked(effects: Iterable[Say | Enforce], part: Part) -> tuple[Say | Enforce, ...]:
    """The effects on a part of a case, under ids of their own."""
    if not part.mark:
        return tuple(effects)
    return tuple(effect.model_copy(update={"id": f"{effect.id}:{part.mark}"}) for effect in effects)


def _carried_out(policy: Policy, case: Case, decision: Decision) -> tuple[Say | Enforce, ...]:
    message = case.subject
    match decision.action:
        case "dismiss":
            return ()
        case "answer":
            return (in_reply(message, decision.text, "moderator", case=case.id),)
        case "remove":
            return (_enforce(case, "delete", decision), _notice(policy, case, decision))
        case "warn":
            return (_notice(policy, case, decision).model_copy(update={"reply_to": message.id}),)
        case "timeout" | "mute" | "kick" | "ban" as action:
            steps = (_enforce(case, "delete", decision), _enforce(case, action, decision))
            return (*steps, _notice(policy, case, decision))
        case "uphold" | "overturn" as action:
            told = words(guess_lang(message.text))(f"say.{action}", case=case.of)
            said = in_reply(message, f"{told} {decision.text}".strip(), "moderator", case=case.id)
            return (said.model_copy(update={"to": message.author.id}),)


def taking_back(case: Case, standing: Sequence[Case] = ()) -> tuple[Say | Enforce, ...]:
    """What undoes a settled case's decision: what can be taken back is, and the chat is told.

    `standing` are other cases whose decisions still hold the member. A platform keeps one such state and not a list,
    so they are put in force again.
    """
    decision, subject = case.decision, case.subject
    undone = UNDO.get(cast(Enforcement, decision.action)) if decision else None
    held = {one.decision.action for one in standing if one.decision} - {"timeout"}
    steps: tuple[Enforce, ...] = ()
    if decision and undone and decision.action not in held:
        steps = (_enforce(case, undone, decision), *(_again(case, one) for one in standing))
    name = subject.author.name or subject.author.id
    stayed = decision is not None and decision.action == "warn"
    say = words(guess_lang(subject.text))
    told = say("say.reversed_warning" if stayed else "say.reversed", name=name, case=case.id)
    return (*steps, Say(id=f"{case.id}:reversed", place=subject.place, text=told, kind="notice", case=case.id))


def _notice(policy: Policy, case: Case, decision: Decision) -> Say:
    """The reason, how to disagree, and what is done beside; never the removed text."""
    lang = guess_lang(case.subject.text)
    known = decision.reason in policy.clauses
    reason = policy.explain(decision.reason, lang) if known else decision.reason
    told = " ".join(part for part in (reason, decision.text) if part)
    say = words(lang)
    text = say("say.warned" if decision.action == "warn" else "say.removed", reason=told, case=case.id)
    if decision.action not in ("warn", "remove"):
        text = f"{text} {say(f'say.{decision.action}', length=span(decision.seconds, lang))}"
    subject = case.subject
    id_ = f"{case.id}:notice"
    return Say(id=id_, place=subject.place, text=text, kind="notice", to=subject.author.id, case=case.id)


def in_reply(message: Message, text: str, kind: SayKind, reply: Reply | None = None, case: str | None = None) -> Say:
    """Words in answer to a message; the id is fixed by the message, or the case, and the kind."""
    place: Place = message.place
    passages = reply.passages if reply else ()
    id_ = f"{case or message.key}:{kind}"
    return Say(id=id_, place=place, text=text, kind=kind, reply_to=message.id, passages=passages, case=case)


def a_moment(message: Message) -> Say:
    """The polite word that an answer takes a while."""
    text = words(guess_lang(message.text))("say.moment")
    return Say(id=f"{message.key}:moment", place=message.place, text=text, kind="notice", reply_to=message.id)


def _again(case: Case, standing: Case) -> Enforce:
    """What the undoing of a case has lifted with its own: another one's step, for the time that is left."""
    decision = cast(Decision, standing.decision)
    step = _enforce(standing, cast(Enforcement, decision.action), decision)
    seconds = left(standing) if decision.action == "timeout" else 0
    return step.model_copy(
        update={"id": f"{case.id}:again:{standing.id}", "place": case.subject.place, "seconds": seconds}
    )


def _enforce(case: Case, action: Enforcement, decision: Decision) -> Enforce:
    message = case.subject
    return Enforce(
        id=f"{case.id}:{action}",
        place=message.place,
        action=action,
        message=message.id,
        member=message.author.id,
        seconds=decision.seconds,
        reason=decision.reason,
        case=case.id,
    )
