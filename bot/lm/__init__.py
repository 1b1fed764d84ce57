"""The language model: prepared once from published weights, behind one bounded queue, whatever runs it."""

from bot.lm.cache import prepare
from bot.lm.opening import check_model, open_lm
from bot.lm.prompt import REFUSAL, is_refusal, reading
from bot.lm.types import Completion, LanguageModel, LmBusy, LmError, LmTimeout, ModelError

__all__ = [
    "REFUSAL",
    "Completion",
    "LanguageModel",
    "LmBusy",
    "LmError",
    "LmTimeout",
    "ModelError",
    "check_model",
    "is_refusal",
    "open_lm",
    "prepare",
    "reading",
]
