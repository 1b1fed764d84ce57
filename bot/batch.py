"""The two file forms that auditors and benchmarks use: `xiaoer judge` and `xiaoer answer` over lines of JSON.

A line that cannot be read stops the run before anything is judged, with its number: half a result would be taken for a
whole one.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from bot.answering.answer import AnswerRoom
from bot.knowledge.documents import guess_lang
from moderation.errors import XiaoerError
from moderation.judging.judge import Judge
from moderation.types import ID_LENGTH, TEXT_LENGTH, Author, Lang, Message, Noun, Passage, Place, Profile, Trust

AUDIT = "audit"
"""The platform and community of messages that come from a file."""
BATCH = 256
"""Lines judged together."""


class JudgeAuthor(Noun):
    id: str = Field(default="someone", min_length=1, max_length=ID_LENGTH)
    trust: Trust = "new"


class JudgeLine(Noun, extra="ignore"):
    """A line of `xiaoer judge`; unknown fields, such as a benchmark's labels, are passed over."""

    id: str | int
    text: str = Field(max_length=TEXT_LENGTH)
    lang: Lang | None = None
    channel: Profile = "general"
    author: JudgeAuthor = JudgeAuthor()

    def message(self) -> Message:
        """The line as a message."""
        place = Place(platform=AUDIT, community=AUDIT, channel=self.channel, profile=self.channel)
        author = Author(id=self.author.id, trust=self.author.trust)
        return Message(id=str(self.id) or "-", place=place, author=author, text=self.text)


class AnswerLine(Noun, extra="ignore"):
    """A line of `xiaoer answer`; `history` holds the thread's earlier turns, oldest first."""

    id: str | int
    question: str = Field(max_length=TEXT_LENGTH)
    history: tuple[str, ...] = ()


Line = TypeVar("Line", bound=Noun)


def read_lines(path: Path, form: type[Line]) -> list[Line]:
    """All lines of a file. Raises XiaoerError that names the file, the line and the field that is wrong."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise XiaoerError(f"{path}: cannot be read ({fault}); give a UTF-8 file of JSON lines") from fault
    return [_line(f"{path}:{number}", row, form) for number, row in enumerate(text.split("\n"), 1) if row.strip()]


def _line(where: str, row: str, form: type[Line]) -> Line:
    try:
        return form.model_validate_json(row)
    except ValidationError as fault:
        first = fault.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the line"
        raise XiaoerError(f"{where}: {field}: {first['msg']}; each line is one JSON object") from fault


def judge_lines(judge: Judge, lines: Sequence[JudgeLine]) -> Iterator[dict[str, object]]:
    """One result per line: id, ruling, clause, score, scores, signals, why, took_ms.

    `why` is the clause's words to a member. Lines are judged in batches; `took_ms` is the mean of a batch.
    """
    for at in range(0, len(lines), BATCH):
        batch = lines[at : at + BATCH]
        verdicts = judge.judge_all([line.message() for line in batch])
        for line, verdict in zip(batch, verdicts, strict=True):
            found = verdict.model_dump(
                mode="json", include={"ruling", "clause", "score", "scores", "signals", "took_ms"}
            )
            lang = line.lang or guess_lang(line.text)
            yield {"id": line.id, **found, "why": judge.policy.explain(verdict.clause, lang) if verdict.clause else ""}


async def answer_lines(room: AnswerRoom, lines: Sequence[AnswerLine]) -> AsyncIterator[dict[str, object]]:
    """One result per line: id, answer (empty for a hand-off), sources, confidence, handoff, took_ms, first_ms.

    `first_ms` is the time until the model's first token was there, null where its backend cannot say.
    """
    for line in lines:
        reply = await room.answer(AUDIT, line.question, line.history)
        yield {
            "id": line.id,
            "answer": "" if reply.handoff else reply.text,
            "sources": [_source(passage) for passage in reply.passages],
            "confidence": reply.confidence,
            "handoff": reply.handoff,
            "took_ms": reply.took_ms,
            "first_ms": reply.first_ms,
        }


def _source(passage: Passage) -> dict[str, object]:
    return {"id": passage.document, "title": passage.title, "text": passage.text, "score": passage.score}


def to_json(row: dict[str, object]) -> str:
    """One line of the output file."""
    return json.dumps(row, ensure_ascii=False)
