"""A case as moderators see it in a chat: the words of its card, and the buttons under it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import re2

from bot.words import Words, roughly, span, words
from moderation.policy import Policy, Rung
from moderation.types import ENFORCING, Button, Case, Decision, Lang, Message, Verdict

QUOTED = 700
"""Characters of a message or a draft that a card shows."""
SIGNALS = 3
FURTHER = 3
"""Later questions of a hand-off's author that a card shows."""
_HARDER = ENFORCING[1:]
"""What removes the message; a warning does not."""
_BUTTON = re2.compile(r"^case:([0-9A-Z]{8}(?:-\d+)?):([a-z]+)$")


def card(
    case: Case,
    policy: Policy,
    lang: Lang,
    names: Mapping[str, str],
    *,
    quoting: bool = True,
    rung: Rung | None = None,
) -> str:
    """The card's text. `names` are those of moderators by their ids; without `quoting` no word of a member is in it.

    `rung` is the step that the ladder proposes, for a case that is to be decided.
    """
    say = words(lang)
    lines = [title(case, policy, lang), _origin(case, say)]
    if quoting:
        lines += [*_quoted(case, say), *_further(case, say), *_verdict(case.verdict, say), *_draft(case, say)]
    if case.proposed:
        lines.append(say("card.proposed", action=_action(case.proposed.action, case.proposed.seconds, lang)))
    elif rung:
        told = say(f"card.do_{rung.action}") + (f" ({span(rung.seconds, lang)})" if rung.seconds else "")
        lines.append(say("card.ladder", action=told))
    if case.state == "open":
        lines += [_opinion(one, say, names) for one in case.opinions]
    lines += [say("card.remark", name=remark.by_name or remark.by, text=remark.text) for remark in case.remarks]
    lines.append(_state(case, lang, names))
    return "\n".join(line for line in lines if line)


def title(case: Case, policy: Policy, lang: Lang) -> str:
    """The case's name and what it is about, in a line."""
    say = words(lang)
    kinds = {"handoff": say("queue.question"), "appeal": say("card.appeal", of=case.of)}
    clause = policy.clauses.get(case.verdict.clause or "") if case.verdict else None
    named = clause.title.of(lang) if clause else say("queue.review")
    told = [say("case.title", id=case.id), kinds.get(case.kind, named)]
    if case.reporters:
        told.append(say("card.reports", n=len(case.reporters)))
    if case.copies:
        told.append(say("card.copies", n=len(case.copies)))
    return " · ".join(told)


def age(case: Case, lang: Lang) -> str:
    """How long a case waits, in its largest unit."""
    return roughly(int((datetime.now(UTC) - case.opened_at).total_seconds()), lang)


def at_work(case: Case, lang: Lang, names: Mapping[str, str]) -> list[str]:
    """Who has an open case, for whom it is, and whether it sleeps, in a few words each."""
    say, told = words(lang), []
    if case.claimed_by:
        told.append(say("queue.held", name=names.get(case.claimed_by, case.claimed_by)))
    if case.assigned_to not in ("", case.claimed_by):
        told.append(say("card.assigned", name=names.get(case.assigned_to, case.assigned_to)))
    if case.asked:
        told.append(say("card.asked", tier=say(f"tier.{case.asked}")))
    return [*told, say("card.asleep")] if case.wake_at else told


def buttons(case: Case, lang: Lang) -> tuple[Button, ...]:
    """What can be done with the case as it stands."""
    say = words(lang)

    def button(verb: str, style: str = "plain") -> Button:
        named = {"id": button_id(case.id, verb), "label": say(f"card.do_{verb}"), "style": style}
        return Button.model_validate(named)

    if case.state == "settled":
        return (button("undo"),) if can_undo(case) else ()
    held = button("release" if case.claimed_by else "claim")
    match case.kind:
        case "handoff":
            drafted = (button("send", "good"),) if case.reply and case.reply.text else ()
            return (held, *drafted, button("answer"), button("dismiss"))
        case "appeal":
            return (held, button("overturn", "good"), button("uphold", "bad"))
        case "moderation":
            return (held, button("dismiss", "good"), button("warn"), *(button(verb, "bad") for verb in _HARDER))


def button_id(case: str, verb: str) -> str:
    """The id of a card's button."""
    return f"case:{case}:{verb}"


def case_and_verb(button: str) -> tuple[str, str] | None:
    """The case that a button is about and what it does; None for one that no card has."""
    found = _BUTTON.search(button)
    return (str(found.group(1)), str(found.group(2))) if found else None


def can_undo(case: Case) -> bool:
    """Whether the case's decision can be taken back: an enforcement that stands, on a member who is still known."""
    standing = case.decision is not None and case.decision.enforces and not case.reversal
    return standing and not case.subject.forgotten


def _origin(case: Case, say: Words) -> str:
    place, author = case.subject.place, case.subject.author
    if case.subject.forgotten:
        return f"#{place.title or place.channel}"
    told = [f"#{place.title or place.channel}", author.name or author.id, say(f"trust.{author.trust}")]
    return " · ".join(told)


def _quoted(case: Case, say: Words) -> list[str]:
    """What the case is about; an appeal also shows the message that it is for."""
    before = [say("card.about", text=_cut(_text(said))) for said in case.context] if case.kind == "appeal" else []
    about = say("case.forgotten") if case.subject.forgotten else _cut(_text(case.subject))
    return [*before, f"> {about}"]


def _further(case: Case, say: Words) -> list[str]:
    """The latest of what the author of a hand-off asked after it."""
    return [say("card.further", text=_cut(_text(said))) for said in case.further[-FURTHER:]]


def _text(message: Message) -> str:
    files = " ".join(f"[{file.name or file.kind}]" for file in message.attachments)
    return " ".join(part for part in (message.text, files) if part).replace("\n", "\n> ")


def _verdict(verdict: Verdict | None, say: Words) -> list[str]:
    if verdict is None or not verdict.signals:
        return []
    told = [
        signal.check
        + (f" {signal.score:.2f}" if signal.score else "")  # a blind second look has none
        + (f" “{signal.evidence[:60]}”" if signal.evidence else "")
        for signal in verdict.signals[:SIGNALS]
    ]
    return [f"{say('case.signals')}: {'; '.join(told)}"]


def _draft(case: Case, say: Words) -> list[str]:
    if case.reply is None:
        return []
    why = [say("card.why", why=say(f"why.{case.reply.why}"))] if case.reply.why else []
    draft = [say("card.draft", text=_cut(case.reply.text))] if case.reply.text else []
    sources = ", ".join(dict.fromkeys(passage.title for passage in case.reply.passages))
    return [*why, *draft, *([say("bubble.source", title=sources)] if sources else [])]


def _state(case: Case, lang: Lang, names: Mapping[str, str]) -> str:
    say, decision = words(lang), case.reversal or case.decision
    if decision is None:
        return " · ".join(at_work(case, lang, names))
    by = say("case.by_policy") if decision.by == "policy" else decision.by_name or names.get(decision.by, decision.by)
    if case.reversal:
        return say("card.reversed", name=by)
    return say("card.settled", action=_action(decision.action, decision.seconds, lang), name=by)


def _opinion(opinion: Decision, say: Words, names: Mapping[str, str]) -> str:
    name = opinion.by_name or names.get(opinion.by, opinion.by)
    return say("card.opinion", name=name, action=say(f"card.do_{opinion.action}"))


def _action(action: str, seconds: int, lang: Lang) -> str:
    told = words(lang)(f"action.{action}")
    return f"{told} ({span(seconds, lang)})" if seconds else told


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 1].rstrip()}…"
