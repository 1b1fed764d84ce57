"""What members, moderators and admins tell the bot in a chat.

A command is a message like any other: it is judged, and it walks the same path. Who may use it is looked up when it is
carried out, not when it is typed. What comes of it is written in one transaction with its answer.
"""

from __future__ import annotations

from bot.answering.talk import same_speaker
from bot.commands import admins, bulk, duty, entering, members, moderators, policy, second_look, steps, undoing
from bot.commands.call import Call, Carry, Reach
from bot.commands.parsing import CommandError, Typed, parsed, spoken_in
from bot.commands.table import Command, menu
from bot.commands.teaching import taught
from bot.knowledge.documents import guess_lang
from bot.outcome import Outcome
from bot.words import words
from moderation.audit import Result
from moderation.keys import Write
from moderation.members import Standing, reaches
from moderation.types import Lang, Message

__all__ = ["Call", "Command", "CommandError", "Commands", "Reach", "is_command", "menu", "parsed", "taught"]

CARRY: dict[str, Carry] = {
    **members.CARRY,
    **moderators.CARRY,
    **admins.CARRY,
    **policy.CARRY,
    **entering.CARRY,
    **second_look.CARRY,
    **steps.CARRY,
    **bulk.CARRY,
    **duty.CARRY,
    **undoing.CARRY,
}
"""Who carries which command out. `ask` is the router's: it is a question like any other."""


def is_command(message: Message) -> bool:
    """Whether the message is a command, well formed or not."""
    return parsed(message.text) is not None


class Commands:
    """Carries commands out. One for all communities; it holds no state of its own."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def carry_out(self, message: Message, standing: Standing) -> Outcome:
        """What a command leads to. Beyond the caller's tier it leads to a polite refusal, and to a line in the audit.

        Raises CommandError for a message that is no command.
        """
        typed = parsed(message.text)
        if typed is None:
            raise CommandError("no command")
        call = await self._call(message, typed, standing)
        if not reaches(standing.tier, call.command.tier):
            refused = call.says("refused", tier=words(call.lang)(f"tier.{call.command.tier}"))
            return call.told(refused, call.audited("refused"))
        if misplaced := _misplaced(call):
            return call.told(call.says(misplaced, command=call.command.name))
        result: Result = "done"
        try:
            outcome = await CARRY[call.command.name](self._reach, call)
        except CommandError:
            outcome, result = call.told(call.says("how", usage=call.command.usage(call.lang))), "failed"
        staffed: tuple[Write, ...] = () if call.command.tier == "member" else (call.audited(result),)
        return outcome._replace(writes=(*outcome.writes, *staffed))

    async def _call(self, message: Message, typed: Typed, standing: Standing) -> Call:
        books, name = self._reach.books, message.place.community
        community = await books.communities.get(name)
        lang = spoken_in(message.text, typed.words) or await self._own_lang(message) or community.lang
        return Call(message, typed.command, typed.words, standing.tier, lang, community)

    async def _own_lang(self, message: Message) -> Lang | None:
        """The language of the author's last words that were no command."""
        recent = await self._reach.books.history.recent(message.place.community)
        own = (said for said in reversed(recent) if same_speaker(said, message) and not is_command(said))
        return next((guess_lang(said.text) for said in own if said.text), None)


def _misplaced(call: Call) -> str:
    """The words for a command that makes no sense where it was typed, or ""."""
    if call.command.where == "channel" and call.message.place.private:
        return "in_channel"
    return "alone" if call.command.where == "alone" and not call.alone else ""
