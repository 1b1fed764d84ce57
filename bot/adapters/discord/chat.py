"""Discord: the adapter that hears a bot's servers and direct messages, and speaks and acts there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import discord
import structlog
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.adapters.discord.answering import Answering, Draft, undrafted
from bot.adapters.discord.catching_up import CatchUp
from bot.adapters.discord.client import Client, aim
from bot.adapters.discord.door import Door
from bot.adapters.discord.enforcing import Enforcing
from bot.adapters.discord.faults import PORTAL, TOKEN_MEND, UNREACHABLE
from bot.adapters.discord.interactions import Interactions, Suggest, nothing
from bot.adapters.discord.listening import Listening
from bot.adapters.discord.membership import Comings
from bot.adapters.discord.message import PLATFORM
from bot.adapters.discord.muting import Muting
from bot.adapters.discord.records import Records
from bot.adapters.discord.rights import RIGHTS, Hindered
from bot.adapters.discord.role_names import RoleNames
from bot.adapters.discord.sending import Mouth, Sending, outbox
from bot.adapters.discord.votes import Votes
from bot.adapters.ears import Ears
from bot.adapters.memory import Memory
from bot.adapters.menu import MenuEntry
from bot.adapters.refusals import Refusals
from bot.outbox import Refused
from moderation.errors import XiaoerError
from moderation.types import Enforce, Say

LONGEST_PAUSE_S = 60.0
BAD_TOKEN = 4004
"""How the gateway closes the connection of a bot whose token was changed."""

INTENTS_MEND = (
    "Discord keeps messages back from this bot; open "
    f"{PORTAL}, your application, Bot, and switch on Message Content Intent and Server Members Intent"
)

log = structlog.get_logger()


class Hands(NamedTuple):
    """What performs effects, as long as a connection lasts."""

    sending: Sending
    enforcing: Enforcing


class DiscordChat:
    """The adapter. Two processes may run it with one token: both hear, and what comes twice is dropped by its key.

    `api` is the API's address; `menu` the commands; `suggest` offers names for their parameters, `draft` the words that
    an answer's form begins with.
    """

    platform = PLATFORM

    def __init__(
        self,
        ears: Ears,
        memory: Memory,
        *,
        token: SecretStr,
        api: str,
        menu: Sequence[MenuEntry],
        redis: Redis,
        refusals: Refusals,
        suggest: Suggest = nothing,
        draft: Draft = undrafted,
    ) -> None:
        self._ears = ears
        self._memory = memory
        self._token = token
        self._api = api
        self._menu = tuple(menu)
        self._records = Records(redis)
        self._refusals = refusals
        self._suggest = suggest
        self._draft = draft
        self._queue = outbox()
        self._hands: asyncio.Future[Hands] = asyncio.Future()

    async def run(self) -> None:
        """Hear Discord until cancelled. Raises XiaoerError when the token or an intent is refused."""
        pause = 1.0
        while True:
            client = Client()
            try:
                async with client:
                    await self._connect(client)
            except UNREACHABLE as fault:
                log.warning("Discord cannot be reached, trying again", fault=type(fault).__name__, seconds=pause)
            finally:
                if self._hands.done():  # who waits for a connection goes on waiting for the next one
                    self._hands, pause = asyncio.Future(), 1.0
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def say(self, effect: Say) -> None:
        """Put words into a chat; what Discord refuses for good is told to the moderators."""
        hands = await asyncio.shield(self._hands)
        try:
            await hands.sending.say(effect)
        except Refused as refused:
            await self._refusals.told(refused, effect, _mend(refused, "say"))

    async def enforce(self, effect: Enforce) -> None:
        """Act on a message or a member; what Discord refuses for good is told to the moderators."""
        hands = await asyncio.shield(self._hands)
        try:
            await hands.enforcing.enforce(effect)
        except Refused as refused:
            deed = RIGHTS.get(effect.action, effect.action).partition("_")[0]
            await self._refusals.told(refused, effect, _mend(refused, deed))

    async def _connect(self, client: Client) -> None:
        """Log in and listen until the connection ends. Raises XiaoerError, and the faults of UNREACHABLE."""
        aim(self._api)
        mouth, muting = Mouth(client, self._queue), Muting(client, self._records, self._queue)
        self._listen(client, mouth, muting)
        try:
            await client.login(self._token.get_secret_value())
            sending = Sending(mouth, self._memory, self._records)
            enforcing = Enforcing(client, self._memory, self._records, self._queue, muting)
            self._hands.set_result(Hands(sending, enforcing))
            await client.connect()
        except discord.LoginFailure:  # its cause holds the request
            raise XiaoerError(TOKEN_MEND) from None
        except discord.PrivilegedIntentsRequired:
            raise XiaoerError(INTENTS_MEND) from None
        except discord.ConnectionClosed as fault:
            if fault.code == BAD_TOKEN:
                raise XiaoerError(TOKEN_MEND) from None
            raise ConnectionError(f"Discord closed the connection with {fault.code}") from None

    def _listen(self, client: Client, mouth: Mouth, muting: Muting) -> None:
        """Have all that hear hear this client."""
        door, names = Door(self._ears), frozenset(entry.name for entry in self._menu)
        interactions = Interactions(self._ears, self._records, door, self._menu, self._suggest)
        listening = Listening(client, self._ears, self._records, door, names)
        votes = Votes(client, self._ears, self._memory, self._records, door)
        client.listen_to(
            interactions.publish,
            interactions,
            listening,
            CatchUp(client, self._records, listening),
            votes,
            Answering(self._ears, self._records, door, interactions, votes.on_press, self._draft),
            Comings(client, self._ears, self._records, door, mouth.reopen),
            RoleNames(self._ears, door),
            muting,
        )


def _mend(refused: Refused, deed: str) -> str:
    """The words that tell the moderators what to change; none where nothing can be changed."""
    if isinstance(refused, Hindered):
        return refused.mend
    return f"refusal.discord_{deed}" if refused.why == "rights" else ""
