"""The same questions in a talk: each after its member asked something else and was answered.

A question of another matter makes a reader doubt what it reads, and what was said of that matter can be taken for an
answer. So the answers given here are to be as many, and as right, as those to the questions by themselves.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from bot.evaluation.asking import Asked
from bot.evaluation.houses import House, Question

IN_A_TALK = "{}, in a talk"
"""What a house is called whose questions come in a talk."""


def in_a_talk(house: House, asked: Sequence[Asked], *, seed: int = 0) -> House:
    """The house with each question after an exchange of the same language about another document, drawn from those
    that were answered when the house was `asked`. Questions that follow on one already, or find no exchange, are out.
    """
    answered = [one for one in asked if one.answered]
    rng = random.Random(f"{seed} {house.name}")  # noqa: S311 - a reproducible draw, no secret
    questions = []
    for question in house.questions:
        others = [one for one in answered if _is_another(one.question, question)]
        if others and not question.earlier:
            before = rng.choice(others)
            earlier = f"{before.question.question}\n{before.draft}"
            questions.append(question.model_copy(update={"earlier": earlier}))
    return house._replace(name=IN_A_TALK.format(house.name), questions=tuple(questions), rows=())


def _is_another(one: Question, other: Question) -> bool:
    return one.lang == other.lang and one.context != other.context
