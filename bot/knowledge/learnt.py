"""What a moderator's answer to a hand-off becomes when it is to be kept: a taught document."""

from __future__ import annotations

import re

from bot.answering.questions import bare
from bot.knowledge.decoding import plain_markdown
from bot.knowledge.documents import TITLE_LENGTH, Document, guess_lang
from moderation.types import Case, Decision

TAUGHT = "teach/"
"""How the id of a person's words begins."""
SHOWN = 80
"""Characters of the document's title: what fits under an answer as its source."""

_HELLO = r"^[ \t]*(?:hi|hello|hey|dear|您好|你好)[ ,，]*"
_PAUSE = r"[,，:：!！]"


def learnt(case: Case, decision: Decision) -> Document | None:
    """The question and its answer as a document; None where nothing is to be kept.

    Its id is the case's, so the same case again replaces it. The question stands as the heading, as in a table of
    questions: it goes with each passage of a long answer, and is therefore cut to the longest that a title may be.
    """
    if not (decision.teach and decision.action == "answer" and case.kind == "handoff"):
        return None
    name = case.subject.author.name.strip()
    answer = _nameless(decision.text, name).strip()
    if not answer:
        return None
    question = " ".join(_nameless(bare(case.subject.text), name).split())
    heading = _shortened(question or answer.split("\n")[0], TITLE_LENGTH)
    return Document(
        id=TAUGHT + case.id,
        title=_shortened(heading, SHOWN),
        lang=guess_lang(f"{question}\n{answer}"),
        text=f"# {plain_markdown(heading)}\n\n{plain_markdown(answer)}",
        owner=decision.by,
        source="teach",
        taught_at=decision.at,
    )


def _nameless(text: str, name: str) -> str:
    """The text without what addresses the member by name; a name within a sentence may be a word of the matter."""
    if not name:
        return text
    own = re.escape(name) + r"(?![A-Za-z0-9_])"
    mention = rf"(?:{_HELLO})?[@＠][ \t]?{own}{_PAUSE}?[ \t]*"
    greeting = rf"(?:{_HELLO}|^[ \t]*){own}(?:{_PAUSE}|$)[ \t]*"
    return re.sub(f"{mention}|{greeting}", "", text, flags=re.IGNORECASE | re.MULTILINE)


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
