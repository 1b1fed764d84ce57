"""What the rest of the house sees of a language model, and the errors that an operator reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from moderation.errors import XiaoerError

Progress = Callable[[str, float], None]
"""Called with a step's name and its fraction in [0, 1]."""


def silent(_step: str, _fraction: float) -> None:
    """Shows no progress."""


class LmError(XiaoerError):
    """The model cannot answer now. Rules and people go on."""


class LmBusy(LmError):  # noqa: N818 - the house says it so
    """The queue in front of the model is full, or the part of it that a group may have."""


class LmTimeout(LmError):  # noqa: N818 - the house says it so
    """The model did not finish within the time limit."""


class ModelError(XiaoerError):
    """The model's files are missing, corrupt or of a kind that cannot be run."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One greedy continuation.

    `text` has no line break and no blanks at its ends. `logprob` is the mean natural logarithm of the probability of
    its tokens, `tokens` their number, the closing line break included. `refusal` is the probability that the first
    token begins `prompt.REFUSAL`, the model's own doubt that the passage answers; None where a backend cannot say.
    `first_ms` is the time until the first token was there, in milliseconds since the prompt was handed over, the wait
    in the queue included; None where a backend cannot say. A measurement: equal completions may differ in it.
    """

    text: str
    logprob: float
    tokens: int
    refusal: float | None = None
    first_ms: float | None = field(default=None, compare=False)


class LanguageModel(Protocol):
    """A model that continues prompts; safe to call from many tasks at once."""

    name: str

    async def complete(self, prompts: Sequence[str], *, max_tokens: int, group: str = "") -> list[Completion]:
        """The greedy continuations, one per prompt in order; raises LmBusy, LmTimeout or LmError.

        `group` is the community that asks: groups take turns at a busy model.
        """
        ...

    async def close(self) -> None:
        """Frees the model. Later calls raise LmError."""
        ...
