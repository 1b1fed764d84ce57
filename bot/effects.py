"""What a decision does in the chats: the effects, with the words that the member reads."""

from __future__ import annotations

from typing import cast

from bot.knowledge.documents import guess_lang
from bot.words import span, words
from moderation.policy import Policy
from moderation.types import UNDO, Case, Decision, Enforce, Enforcement, Message, Place, Reply, Say, SayKind


def carrying_out(policy: Policy, case: Case, decision: Decision) -> tuple[Say | Enforce, ...]:
    """What a decision leads to; the reason is told in the words of the policy."""
    message = case.subject
    match decision.action:
        case "dismiss":
            return ()
        case "answer":
            return (in_reply(message, decision.text, "moderator", case=case.id),)
        case "remove":
            return (_enforce(case, "delete", decision), _notice(policy, case, decision))
        case "timeout" | "ban" as action:
            steps = (_enforce(case, "delete", decision), _enforce(case, action, decision))
            return (*steps, _notice(policy, case, decision))
        case "uphold" | "overturn" as action:
            told = words(guess_lang(message.text))(f"say.{action}", case=case.of)
            said = in_reply(message, f"{told} {decision.text}".strip(), "moderator", case=case.id)
            return (said.model_copy(update={"to": message.author.id}),)


def taking_back(case: Case) -> tuple[Say | Enforce, ...]:
    """What undoes a settled case's decision: what can be taken back is, and the chat is told."""
    decision, subject = case.decision, case.subject
    undone = UNDO.get(cast(Enforcement, decision.action)) if decision else None
    steps = (_enforce(case, undone, decision),) if decision and undone else ()
    name = subject.author.name or subject.author.id
    told = words(guess_lang(subject.text))("say.reversed", name=name, case=case.id)
    return (*steps, Say(id=f"{case.id}:reversed", place=subject.place, text=told, kind="notice", case=case.id))


def _notice(policy: Policy, case: Case, decision: Decision) -> Say:
    """The reason, the length of a timeout and how to disagree; never the removed text."""
    lang = guess_lang(case.subject.text)
    known = decision.reason in policy.clauses
    reason = policy.explain(decision.reason, lang) if known else decision.reason
    told = " ".join(part for part in (reason, decision.text) if part)
    say = words(lang)
    text = say("say.removed", reason=told, case=case.id)
    if decision.action == "timeout":
        text = f"{text} {say('say.timeout', length=span(decision.seconds, lang))}"
    if decision.action == "ban":
        text = f"{text} {say('say.ban')}"
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
