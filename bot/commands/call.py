"""One use of a command: who calls, with which words, in which language; what it may reach; and how it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from bot.books import Books
from bot.commands.parsing import named_case
from bot.commands.table import Command
from bot.groups.arrivals import UNASKED, Rights
from bot.groups.communities import Community
from bot.outcome import Bench, Outcome
from bot.review.effects import in_reply
from bot.words import words
from moderation.audit import Result, auditing, setting
from moderation.keys import Write
from moderation.members import admin
from moderation.types import Button, Enforce, Lang, Message, Say, SayKind, Tier

ALOUD = frozenset({"telegram"})
"""Platforms where an answer to one member can be read by all who are in the group."""


class Reach(NamedTuple):
    """What commands may reach. `file` is the text of the settings' policy file, for changes that begin from it.

    `rights` are what the bot may do in a chat, as its platform says; `console` is the console's address.
    """

    books: Books
    bench: Bench
    file: str
    rights: Rights = UNASKED
    console: str = ""


class Call(NamedTuple):
    """A command as called. `typed` are the words behind its name."""

    message: Message
    command: Command
    typed: str
    tier: Tier
    lang: Lang
    community: Community

    @property
    def by(self) -> str:
        """Who calls, as `platform:member`."""
        return admin(self.message.place.platform, self.message.author.id)

    @property
    def by_name(self) -> str:
        """What the others call who calls."""
        return self.message.author.name or self.message.author.id

    @property
    def alone(self) -> bool:
        """Whether only the caller reads the answer, or it is the moderators' desk."""
        return self.message.place.private or self.message.place.platform not in ALOUD or self.at_desk

    @property
    def at_desk(self) -> bool:
        """Whether it was called at the moderators' desk."""
        return self.community.is_desk(self.message.place)

    def says(self, name: str, /, **values: object) -> str:
        """Words of the commands' table in the caller's language."""
        return words(self.lang)(f"commands.{name}", **values)

    def told(
        self,
        text: str,
        *writes: Write,
        effects: Sequence[Say | Enforce] = (),
        buttons: tuple[Button, ...] = (),
        kind: SayKind = "notice",
    ) -> Outcome:
        """An answer to the caller, with what is to be done and written."""
        said = in_reply(self.message, text, kind).model_copy(update={"to": self.message.author.id, "buttons": buttons})
        return Outcome("answered", (*effects, said), writes)

    def audited(self, result: Result) -> Write:
        """The line for the audit trail. Of what was typed it keeps the case and the choices: all else may be words of
        a member, or about one."""
        takes_case = any(one.kind == "case" for one in self.command.parameters)
        case = named_case(self.typed) if takes_case else ""
        what = " ".join(part for part in (f"/{self.command.name}", *self._choices(), case) if part)
        return auditing(self.community.name, self.by, self.tier, what, result, self.message.sent_at, case=case)

    def setting(self, what: str) -> Write:
        """The line for a setting that is changed, written in one transaction with the change."""
        return setting(self.community.name, self.by, what, tier=self.tier, at=self.message.sent_at)

    def _choices(self) -> list[str]:
        """What was typed of the words that the command's parameters may be."""
        typed = f" {' '.join(self.typed.casefold().split())} "
        return [word for one in self.command.parameters for word in one.choices if f" {word} " in typed]


Carry = Callable[[Reach, Call], Awaitable[Outcome]]
"""Carries one command out. Raises CommandError when it is not written as it should be."""
