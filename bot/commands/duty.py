"""`/duty`: who is on duty, and is told of cases that are late."""

from __future__ import annotations

from bot.commands.call import Call, Carry, Reach
from bot.commands.parsing import CommandError
from bot.groups.staff import names
from bot.outcome import Outcome
from bot.review.duty import coming, going, on_duty

_ON, _OFF = ("on", "开", "上"), ("off", "关", "下")


async def duty(reach: Reach, call: Call) -> Outcome:
    """Comes, goes, or asks who is there, in the order in which they came."""
    community, typed = call.community.name, call.typed.casefold()
    if typed in _ON:
        return call.told(call.says("duty_on"), *coming(community, call.by, call.by_name, call.message.sent_at))
    if typed in _OFF:
        return call.told(call.says("duty_off"), going(community, call.by))
    if typed:
        raise CommandError("/duty: write /duty, /duty on or /duty off")
    people = await on_duty(reach.books.streams.redis, community)
    known = await names(reach.books.streams.redis, community)
    shown = [f"{number}. {known.get(person, person)}" for number, person in enumerate(people, 1)]
    return call.told("\n".join([call.says("duty_is"), *shown]) if people else call.says("duty_nobody"))


CARRY: dict[str, Carry] = {"duty": duty}
