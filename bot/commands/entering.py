"""`/login`: the way from the chat to the moderators' console."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands.call import ALOUD, Call, Carry, Reach
from bot.console.login import Logins, Person
from bot.outcome import Outcome


async def login(reach: Reach, call: Call) -> Outcome:
    """A link that works once, for who asks, with the tier that this person has here. Nobody else may read it: not even
    the other moderators at their desk."""
    place = call.message.place
    if place.platform in ALOUD and not place.private:
        return call.told(call.says("alone", command=call.command.name))
    person = Person(community=call.community.name, id=call.by, name=call.by_name, tier=call.tier)
    link = await Logins(reach.books.streams.redis).issue_link(reach.console, person)
    return call.told(call.says("login_link", link=link))


CARRY: Mapping[str, Carry] = {"login": login}
