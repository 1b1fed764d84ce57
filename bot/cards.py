"""A case as moderators see it in a chat: the words of its card, and the buttons under it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from bot.words import Words, span, words
from moderation.policy import Policy
from moderation.types import Button, Case, Lang, Message, Verdict

QUOTED = 700
"""Characters of a message or a draft that a card shows."""
SIGNALS = 3


def card(case: Case, policy: Policy, lang: Lang, names: Mapping[str, str], *, quoting: bool = True) -> str:
    """The card's text. `names` are those of moderators by their ids; without `quoting` no word of a member is in it."""
    say = words(lang)
    lines = [title(case, policy, lang), _origin(case, say)]
    if quoting:
        lines += [*_quoted(case, say), *_verdict(case.verdict, say), *_draft(case, say)]
    if case.proposed:
        lines.append(say("card.proposed", action=_action(case.proposed.action, case.proposed.seconds, lang)))
    lines += [say("card.remark", name=remark.by_name or remark.by, text=remark.text) for remark in case.remarks]
    lines.append(_state(case, lang, names))
    return "\n".join(line for line in lines if line)


def title(case: Case, policy: Policy, lang: Lang) -> str:
    """The case's name and what it is about, in a line."""
    say = words(lang)
    kinds = {"handoff": say("queue.question"), "appeal": say("card.appeal", of=case.of)}
    clause = policy.clauses.get(case.verdict.clause or "") if case.verdict else None
    named = (clause.title.zh if lang == "zh" else clause.title.en) if clause else say("queue.review")
    told = [say("case.title", id=case.id), kinds.get(case.kind, named)]
    if case.reporters:
        told.append(say("card.reports", n=len(case.reporters)))
    return " · ".join(told)


def age(case: Case, lang: Lang) -> str:
    """How long a case waits, in its largest unit."""
    seconds = max(0, int((datetime.now(UTC) - case.opened_at).total_seconds()))
    size = next((size for size in (86400, 3600, 60) if seconds >= size), 1)
    return span(seconds // size * size, lang)


def buttons(case: Case, lang: Lang) -> tuple[Button, ...]:
    """What can be done with the case as it stands."""
    say = words(lang)

    def button(verb: str, style: str = "plain") -> Button:
        named = {"id": f"case:{case.id}:{verb}", "label": say(f"card.do_{verb}"), "style": style}
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
            return (held, button("dismiss", "good"), *(button(verb, "bad") for verb in ("remove", "timeout", "ban")))


def can_undo(case: Case) -> bool:
    """Whether the case's decision can be taken back: an enforcement that stands."""
    return bool(case.decision and case.decision.action in ("remove", "timeout", "ban") and not case.reversal)


def _origin(case: Case, say: Words) -> str:
    place, author = case.subject.place, case.subject.author
    told = [f"#{place.title or place.channel}", author.name or author.id, say(f"trust.{author.trust}")]
    return " · ".join(told)


def _quoted(case: Case, say: Words) -> list[str]:
    """What the case is about; an appeal also shows the message that it is for."""
    before = [say("card.about", text=_cut(_text(said))) for said in case.context] if case.kind == "appeal" else []
    return [*before, f"> {_cut(_text(case.subject))}"]


def _text(message: Message) -> str:
    files = " ".join(f"[{file.name or file.kind}]" for file in message.attachments)
    return " ".join(part for part in (message.text, files) if part).replace("\n", "\n> ")


def _verdict(verdict: Verdict | None, say: Words) -> list[str]:
    if verdict is None or not verdict.signals:
        return []
    told = [
        f"{signal.check} {signal.score:.2f}" + (f" “{signal.evidence[:60]}”" if signal.evidence else "")
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
        return say("queue.held", name=names.get(case.claimed_by, case.claimed_by)) if case.claimed_by else ""
    by = say("case.by_policy") if decision.by == "policy" else decision.by_name or names.get(decision.by, decision.by)
    if case.reversal:
        return say("card.reversed", name=by)
    return say("card.settled", action=_action(decision.action, decision.seconds, lang), name=by)


def _action(action: str, seconds: int, lang: Lang) -> str:
    told = words(lang)(f"action.{action}")
    return f"{told} ({span(seconds, lang)})" if seconds else told


def _cut(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 1].rstrip()}…"
