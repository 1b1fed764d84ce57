"""The one sender of a platform in a process: who may call the platform now, and who waits.

Callers bring their call and run it themselves when its turn comes, so there is no task to own and a fault goes straight
to its caller. Enforcement overtakes everything. Calls to one chat go one at a time, within a priority in order; chats
of equal priority take turns. Times are seconds of the event loop's clock.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, NamedTuple, TypeVar

from moderation.errors import XiaoerError

T = TypeVar("T")
Why = Literal["rights", "gone", "blocked", "moved", "too_old"]


class Priority(IntEnum):
    """What goes first. PERSON is for moderators' words and notices."""

    ENFORCEMENT = 0
    PERSON = 1
    ANSWER = 2
    PUSH = 3


@dataclass(frozen=True)
class Budget:
    """At most `count` calls, one or more, begin within any `seconds`."""

    count: int
    seconds: float


class Refused(XiaoerError):  # noqa: N818 - reads as what it tells
    """The platform will not do this, now or later: no rights, blocked by the member, chat gone or moved, too old."""

    def __init__(self, why: Why, told: str, moved_to: str = "") -> None:
        super().__init__(told)
        self.why = why
        self.moved_to = moved_to


class Later(Exception):  # noqa: N818 - no fault: the same call is made again
    """The platform asks to wait, in this chat or everywhere."""

    def __init__(self, after_s: float, everywhere: bool = False) -> None:
        super().__init__(f"wait {after_s:g} s{' everywhere' if everywhere else ''}")
        self.after_s = max(0.0, after_s)
        self.everywhere = everywhere


class Outbox:
    """One platform's calls. `total` holds for all of them, `chat` gives a chat's budgets for messages.

    Enforcement counts towards the total only: platforms limit deletions and bans apart from messages. So a wait that a
    message was told in its chat does not hold back the chat's enforcement; a wait that an enforcement was told holds
    the whole chat.
    """

    def __init__(self, total: Budget, chat: Callable[[str], Sequence[Budget]]) -> None:
        self._total = _Window(total)
        self._budgets = chat
        self._held_until = -math.inf
        self._lanes: dict[str, _Lane] = {}
        self._places = itertools.count(1)
        self._timer: asyncio.TimerHandle | None = None

    async def send(self, chat: str, priority: Priority, call: Callable[[], Awaitable[T]]) -> T:
        """What the call returns when its turn has come. A call that raises Later is made again, first in its chat.

        Whatever else the call raises goes to the caller. A caller that is cancelled withdraws its call.
        """
        lane = self._lane(chat)
        turn = _Turn(priority)
        lane.join(turn, next(self._places))
        try:
            while True:
                self._pass_turns()
                await turn.granted.wait()
                try:
                    return await call()
                except Later as later:
                    self._hold(lane, turn, later)
        finally:
            lane.leave(turn)
            self._pass_turns()

    def waiting(self) -> dict[str, int]:
        """How many calls have not begun, by the name of their priority in lower case."""
        lanes = self._lanes.values()
        return {one.name.lower(): sum(len(lane.waiting[one]) for lane in lanes) for one in Priority}

    def _lane(self, chat: str) -> _Lane:
        if chat not in self._lanes:
            self._lanes[chat] = _Lane(self._budgets(chat))
        return self._lanes[chat]

    def _hold(self, lane: _Lane, turn: _Turn, later: Later) -> None:
        until = asyncio.get_running_loop().time() + later.after_s
        lane.put_back(turn)
        if later.everywhere:
            self._held_until = max(self._held_until, until)
        else:
            lane.hold(turn.priority, until)

    def _pass_turns(self) -> None:
        """Let begin what may begin now, and look again when more may."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while ready := [offer for offer in self._offers() if offer.opens <= now]:
            chosen = min(ready, key=lambda offer: (offer.turn.priority, offer.lane.place))
            chosen.lane.grant(chosen.turn, now, next(self._places))
            self._total.note(now)
        if self._timer:
            self._timer.cancel()
        opens = min((offer.opens for offer in self._offers()), default=None)
        self._timer = loop.call_at(opens, self._pass_turns) if opens is not None else None
        self._lanes = {chat: lane for chat, lane in self._lanes.items() if not lane.forgettable(now)}

    def _offers(self) -> list[_Offer]:
        """Each chat's next turn."""
        opens = max(self._held_until, self._total.opens)
        return [
            _Offer(max(opens, lane.opens(turn)), lane, turn) for lane in self._lanes.values() if (turn := lane.next())
        ]


class _Window:
    """A budget and the times of its last calls. A bucket that leaks (aiolimiter's) lets nearly twice the count through
    in a window, first its fill and then what leaks meanwhile."""

    def __init__(self, budget: Budget) -> None:
        self._seconds = budget.seconds
        self._begun: deque[float] = deque(maxlen=budget.count)

    def note(self, now: float) -> None:
        self._begun.append(now)

    @property
    def opens(self) -> float:
        """When one more call may begin."""
        full = len(self._begun) == self._begun.maxlen
        return self._begun[0] + self._seconds if full else -math.inf

    @property
    def empties(self) -> float:
        """When none of its calls counts any more."""
        return self._begun[-1] + self._seconds if self._begun else -math.inf


class _Turn:
    """A call's place in the queue; `granted` is set while it may run."""

    def __init__(self, priority: Priority) -> None:
        self.priority = priority
        self.granted = asyncio.Event()


class _Lane:
    """One chat: what waits there, what runs, and until when it is held. The lane with the lowest `place` goes first."""

    def __init__(self, budgets: Sequence[Budget]) -> None:
        self.place = 0
        self.waiting: dict[Priority, deque[_Turn]] = {priority: deque() for priority in Priority}
        self._running: _Turn | None = None
        self._windows = [_Window(budget) for budget in budgets]
        self._held_until = -math.inf
        self._messages_held_until = -math.inf

    def join(self, turn: _Turn, place: int) -> None:
        """Queue up; a chat that had nothing waiting lines up behind all others."""
        if not any(self.waiting.values()):
            self.place = place
        self.waiting[turn.priority].append(turn)

    def next(self) -> _Turn | None:
        """The turn to grant next; none while a call runs."""
        if self._running:
            return None
        return next((turns[0] for turns in self.waiting.values() if turns), None)

    def opens(self, turn: _Turn) -> float:
        """When this chat lets the turn begin."""
        if turn.priority is Priority.ENFORCEMENT:
            return self._held_until
        return max(self._held_until, self._messages_held_until, *(window.opens for window in self._windows))

    def grant(self, turn: _Turn, now: float, place: int) -> None:
        self.waiting[turn.priority].remove(turn)
        self._running = turn
        self.place = place
        if turn.priority is not Priority.ENFORCEMENT:
            for window in self._windows:
                window.note(now)
        turn.granted.set()

    def put_back(self, turn: _Turn) -> None:
        """Take the turn back; it is the first of its priority, and the chat the first among chats."""
        self._running = None
        self.place = 0
        self.waiting[turn.priority].appendleft(turn)
        turn.granted.clear()

    def hold(self, priority: Priority, until: float) -> None:
        if priority is Priority.ENFORCEMENT:
            self._held_until = max(self._held_until, until)
        else:
            self._messages_held_until = max(self._messages_held_until, until)

    def leave(self, turn: _Turn) -> None:
        """The turn is over, or is not wanted any more."""
        if self._running is turn:
            self._running = None
        else:
            self.waiting[turn.priority].remove(turn)

    def forgettable(self, now: float) -> bool:
        """Whether a new lane would do the same."""
        if self._running or any(self.waiting.values()):
            return False
        return max(self._held_until, self._messages_held_until, *(window.empties for window in self._windows)) <= now


class _Offer(NamedTuple):
    """A chat's next turn and when it may begin."""

    opens: float
    lane: _Lane
    turn: _Turn
