"""Whether the bot may say what it is about to say: its answers are judged where they go, like any member's words.

The community's own documents must not be a trap: they name official contacts, and speak of scams in order to warn of
them. What stands word for word in the quoted passage is the document's, and may be said. Of other answers, a clause
that the passage would break by itself, as a whole or in one line or sentence, does not stop it, as long as what
the rules found at fault (a contact, a phrase) stands in that passage. What the model adds of its own is never excused.
"""

from __future__ import annotations

import re

from moderation.judging.judge import Judge
from moderation.policy import Policy
from moderation.types import Author, Message, Passage, Place, Reply, Ruling, Verdict

BOT = Author(id="xiaoer", trust="trusted", bot=True)

_SENTENCES = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+|\n")


def unfit(judge: Judge, place: Place, reply: Reply) -> Verdict | None:
    """The verdict that stops an answer; None for one that may be sent."""
    verdict = judge.judge(_said(place, reply.text))
    source = _letters(" ".join(passage.text for passage in reply.passages))
    if verdict.ruling is Ruling.ALLOW or _letters(reply.text) in source:
        return None
    found = _broken(judge.policy, place, verdict)
    excused = found & _broken_by(judge, place, reply.passages)
    if not found or found - excused:
        return verdict
    rules = [signal for signal in verdict.signals if signal.clause in found and signal.check != "classifier"]
    faults = [reply.text[slice(*signal.span)] for signal in rules if signal.span]
    return None if all(_letters(fault) in source for fault in faults) else verdict


def _said(place: Place, text: str) -> Message:
    return Message(id="draft", place=place, author=BOT, text=text)


def _broken(policy: Policy, place: Place, verdict: Verdict) -> set[str]:
    """Every clause for which a person would be asked."""
    return {
        clause
        for clause, score in verdict.scores.items()
        if score >= policy.thresholds(clause, place.profile, BOT.trust).review_at
    }


def _broken_by(judge: Judge, place: Place, passages: tuple[Passage, ...]) -> set[str]:
    """Every clause that a passage would break, as a whole or in a piece of it."""
    texts = [
        text
        for passage in passages
        for text in (passage.text, *passage.text.splitlines(), *_SENTENCES.split(passage.text))
    ]
    verdicts = judge.judge_all([_said(place, text) for text in texts])
    return {clause for verdict in verdicts for clause in _broken(judge.policy, place, verdict)}


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
