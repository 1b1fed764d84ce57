"""What a message says, pictures included, and where in it a verdict's signals have their evidence."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.judging.classifier import Classifier
from moderation.judging.normalise import Normalised
from moderation.rules.patterns import Pattern, finding
from moderation.types import Message, Ruling, Signal, Verdict


def words_of(message: Message) -> str:
    """What the message says: its text, then what its pictures say, code by code."""
    said = (part for attachment in message.attachments for part in (*attachment.codes, attachment.text) if part)
    return "\n".join((message.text, *said))


def explained(
    classifier: Classifier, messages: Sequence[Message], verdicts: Sequence[Verdict], plains: Sequence[Normalised]
) -> list[Verdict]:
    """The verdicts, those that a person will read with the part of the text that the classifier rests on."""
    asked = [
        (index, signal.clause)
        for index, verdict in enumerate(verdicts)
        if verdict.ruling is not Ruling.ALLOW or verdict.shadow
        for signal in verdict.signals
        if signal.check == "classifier" and signal.score
    ]
    texts = [plains[index].text for index, _ in asked]
    spans = classifier.because(texts, [clause for _, clause in asked]) if asked else []
    found = {asking: span for asking, span in zip(asked, spans, strict=True) if span}
    told = list(verdicts)
    for index, verdict in enumerate(verdicts):
        signals = [located(signal, plains[index], found.get((index, signal.clause))) for signal in verdict.signals]
        if signals:
            signals = [attributed(signal, messages[index]) for signal in signals]
            told[index] = verdict.model_copy(update={"signals": tuple(signals)})
    return told


def located(signal: Signal, plain: Normalised, span: tuple[int, int] | None) -> Signal:
    """A classifier's signal with its evidence; any other as it is."""
    if signal.check != "classifier" or not span:
        return signal
    return finding(Pattern(signal.check, signal.clause, signal.score, ""), plain, *span)


def attributed(signal: Signal, message: Message) -> Signal:
    """A signal whose evidence stands in an attachment names it; a span is a place in the message's own text alone."""
    if signal.span is None or signal.span[1] <= len(message.text):
        return signal
    seen = next((item.name for item in message.attachments if item.name and (item.codes or item.text)), "attachment")
    return signal.model_copy(update={"span": None, "evidence": f"{seen}: {signal.evidence}"})
