"""What is left of settled cases once a member is to be forgotten.

A member may have personal data erased (GDPR, article 17). A community may keep what it needs to finish what it began:
an open case, and one whose appeal is open, stay whole (17(3)(e): a claim is being made or defended). All other settled
cases lose the member's words, name and files, and those of its copies; moderators' remarks and words about it go too.
What was decided, by whom, under which clause and when stays: that a rule was kept to must be shown, and for this
nobody's words are needed. Where a strike of the case is in force a keyed pseudonym stands in the member's place, so
that the strikes of one member are known as one member's; elsewhere nothing does.

Such a case can neither be appealed nor taken back any more, because nobody could look at it again. The member is told
so before it confirms.
"""

from __future__ import annotations

from moderation.cases.reading import kept
from moderation.cases.writes import changing, member_key
from moderation.keys import Write, key
from moderation.types import Author, Case, Decision, Message, Verdict

NOBODY = "forgotten"
"""Stands in the place of a forgotten member's id."""


def is_by(message: Message, platform: str, member: str) -> bool:
    """Whether it is the words of this member."""
    return (message.place.platform, message.author.id) == (platform, member)


def concerns(case: Case, platform: str, member: str) -> bool:
    """Whether the case holds words of the member, or that it reported."""
    said = (case.subject, *case.context, *case.copies)
    return any(is_by(one, platform, member) for one in said) or f"{platform}:{member}" in case.reporters


def forgetting(case: Case, platform: str, member: str, stand_in: str = NOBODY) -> list[Write]:
    """The writes that take a member out of a settled case, and off its cards.

    The member's own case keeps `stand_in` in the member's place.
    """
    if is_by(case.subject, platform, member):
        return _emptying(case, stand_in)
    changed = case.model_copy(update={"context": tuple(_without(one, platform, member) for one in case.context)})
    copies = [f"copy:{one.key}" for one in case.copies if is_by(one, platform, member)]
    gone = [*copies, *(f"report:{name}" for name in case.reporters if name == f"{platform}:{member}")]
    name = key(case.community, "case", case.id)
    writes: list[Write] = [] if changed == case else [("HSET", name, "body", kept(_as_opened(changed))["body"])]
    writes += [("HDEL", name, *gone)] if gone else []
    return [*writes, *changing(case.community, case.id)] if writes else []


def emptied(message: Message, stand_in: str = NOBODY) -> Message:
    """That something was said, where and when, and nothing of it."""
    at = message.model_dump(include={"id", "sent_at", "edit", "blocked"})
    return Message(place=message.place, author=Author(id=stand_in), forgotten=True, **at)


def _emptying(case: Case, stand_in: str) -> list[Write]:
    """The member's own case: all that was said goes, of others too, because it is about what this member said."""
    bare = case.model_copy(
        update={
            "subject": emptied(case.subject, stand_in),
            "context": (),
            "reply": None,
            "verdict": _silent(case.verdict) if case.verdict else None,
            "proposed": _wordless(case.proposed) if case.proposed else None,
        }
    )
    name, left = key(case.community, "case", case.id), {**kept(_as_opened(bare)), **_decisions(case)}
    gone = [f"remark:{one.by}:{one.at.timestamp()}" for one in case.remarks]
    gone += [f"copy:{one.key}" for one in case.copies] + [f"report:{one}" for one in case.reporters]
    gone += [f"further:{one.key}" for one in case.further]
    fields = [part for field in left.items() for part in field]
    index = member_key(case.community, case.subject.place.platform, case.subject.author.id)
    writes: list[Write] = [("HSET", name, *fields), ("HDEL", name, "find", *gone), ("ZREM", index, case.id)]
    return [*writes, *changing(case.community, case.id)]


def _decisions(case: Case) -> dict[str, str]:
    """The decisions by their fields, without words."""
    found = {"decision": case.decision, "reversal": case.reversal}
    found |= {f"opinion:{one.by}": one for one in case.opinions}
    found |= {f"after:{one.by}": one for one in case.after}
    return {field: _wordless(one).model_dump_json() for field, one in found.items() if one}


def _as_opened(case: Case) -> Case:
    """The case without what has fields of its own."""
    later: dict[str, object] = {"state": "open", "decision": None, "reversal": None, "claimed_by": ""}
    later |= {"claimed_until": None, "first_claimed_at": None, "wake_at": None, "asked": None, "assigned_to": ""}
    none = ("reporters", "remarks", "copies", "further", "skipped", "opinions", "after")
    return case.model_copy(update={**later, "late": 0, **dict.fromkeys(none, ())})


def _without(message: Message, platform: str, member: str) -> Message:
    return emptied(message) if is_by(message, platform, member) else message


def _silent(verdict: Verdict) -> Verdict:
    """What was found, without the pieces that it was found in."""
    signals = tuple(one.model_copy(update={"evidence": "", "span": None}) for one in verdict.signals)
    return verdict.model_copy(update={"signals": signals})


def _wordless(decision: Decision) -> Decision:
    return decision.model_copy(update={"text": ""})
