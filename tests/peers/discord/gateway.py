"""The Discord peer's gateway: identify, heartbeat, resume, invalid sessions, shards, and what sessions are told."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.peers.discord import payloads as payloads
from tests.peers.discord.rights import Right
from tests.peers.discord.session import PRIVILEGED, Intent, Line, Session, heard, without_content

if TYPE_CHECKING:
    from tests.peers.discord.nouns import Channel, Guild, Member
    from tests.peers.discord.world import World

CHUNK = 1000
"""Members in one GUILD_MEMBERS_CHUNK."""
GUILDS_PER_SHARD = 2500


class Gateway:
    """`sessions` by id, the living and those that may be resumed; `lines` are the open sockets.

    `identified` and `resumed` hold what clients sent, in order; `heartbeats` counts those that came.
    """

    def __init__(self, world: World, heartbeat_s: float) -> None:
        self.world = world
        self.heartbeat_s = heartbeat_s
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.lines: list[Line] = []
        self.identified: list[dict[str, Any]] = []
        self.resumed: list[dict[str, Any]] = []
        self.heartbeats = 0

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection of a client, for as long as it lasts."""
        compress = request.query.get("compress")
        if compress not in (None, "zlib-stream"):
            raise web.HTTPBadRequest(text=f"compression {compress} is not spoken here")
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        line = Line(request, socket, compress is not None)
        self.lines.append(line)
        carrying = asyncio.create_task(line.carry())
        line.say(10, {"heartbeat_interval": int(self.heartbeat_s * 1000)})
        try:
            await self._listen(line)
        finally:
            carrying.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await carrying
            self._left(line)
        return socket

    async def _listen(self, line: Line) -> None:
        async for frame in line.socket:
            if frame.type is not WSMsgType.TEXT:
                return
            body = frame.json()
            op, told = body["op"], body["d"]
            if op == 1:
                self.heartbeats += 1
                line.say(11)
            elif op == 2:
                self._identify(line, told)
            elif op == 6:
                self._resume(line, told)
            elif op == 8:
                self._request_members(line, told)

    def _left(self, line: Line) -> None:
        """A client that says goodbye (1000, 1001) ends its session, any other may resume it."""
        self.lines.remove(line)
        for session in [one for one in self.sessions.values() if one.line is line]:
            session.line = None
            if line.socket.close_code in (1000, 1001):
                del self.sessions[session.id]

    def _identify(self, line: Line, told: dict[str, Any]) -> None:
        self.identified.append(told)
        mine, of = told.get("shard", (0, 1))
        intents = Intent(told["intents"])
        if told["token"] != self.world.token:
            return line.close(4004)
        if not 0 <= mine < of:
            return line.close(4010)
        if len(self.world.bot_guilds()) > GUILDS_PER_SHARD * of:
            return line.close(4011)
        if intents & PRIVILEGED & ~self.world.application.privileged:
            return line.close(4014)
        session = Session(secrets.token_hex(16), intents, (mine, of), line, told.get("large_threshold", 50))
        self.sessions[session.id] = session
        return self._welcome(session)

    def _welcome(self, session: Session) -> None:
        guilds = [guild for guild in self.world.bot_guilds() if session.has(guild.id)]
        app = self.world.application
        ready = {
            "v": 10,
            "user": payloads.user(self.world.bot),
            "guilds": [{"id": guild.id, "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": list(session.shard),
            "application": {"id": app.id, "flags": app.flags},
            "private_channels": [],
        }
        session.tell("READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                session.tell("GUILD_CREATE", {**self._whole(session, guild), "unavailable": False})

    def _whole(self, session: Session, guild: Guild) -> dict[str, Any]:
        """Without presences a client is told no member but itself, and asks for the rest."""
        large = len(guild.members) >= session.large_from
        everyone = list(guild.members.values())
        me = guild.members[self.world.bot.id]
        members = everyone if session.intents & Intent.PRESENCES and not large else [me]
        threads = [
            one for one in guild.channels.values() if one.is_thread and not one.archived and self.world.bot_sees(one)
        ]
        return payloads.whole_guild(guild, self.world.bot, members, large, threads)

    def _resume(self, line: Line, told: dict[str, Any]) -> None:
        self.resumed.append(told)
        if told["token"] != self.world.token:
            return line.close(4004)
        session = self.sessions.get(told["session_id"] or "")
        if session is None:
            return line.say(9, False)
        if told["seq"] is None or told["seq"] > session.seq:
            return line.close(4007)
        if session.line is not None and session.line is not line:
            session.line.close(4000)
        session.line = line
        for seq, event, payload in session.missed(told["seq"]):
            line.say(0, payload, event, seq)
        return session.tell("RESUMED", {})

    def _request_members(self, line: Line, told: dict[str, Any]) -> None:
        session = next((one for one in self.sessions.values() if one.line is line), None)
        guild = self.world.guilds.get(str(told["guild_id"]))
        if session is None or guild is None or self.world.bot.id not in guild.members:
            return
        found, missing = self._sought(guild, told, bool(session.intents & Intent.MEMBERS))
        chunks = [found[at : at + CHUNK] for at in range(0, max(len(found), 1), CHUNK)]
        for at, chunk in enumerate(chunks):
            payload: dict[str, Any] = {"guild_id": guild.id, "members": [payloads.member(one) for one in chunk]}
            payload |= {"chunk_index": at, "chunk_count": len(chunks), "not_found": missing}
            session.tell("GUILD_MEMBERS_CHUNK", {**payload, "nonce": told["nonce"]} if "nonce" in told else payload)

    def _sought(self, guild: Guild, told: dict[str, Any], all_allowed: bool) -> tuple[list[Member], list[str]]:
        """The members asked for by id or by the beginning of their name, and the ids that are nobody's."""
        if told.get("user_ids"):
            ids = [str(one) for one in told["user_ids"]]
            return [guild.members[one] for one in ids if one in guild.members], [
                i for i in ids if i not in guild.members
            ]
        start, limit = told.get("query", "").lower(), told.get("limit", 0)
        if not start and not limit and not all_allowed:
            return [], []
        named = [one for one in guild.members.values() if (one.nick or one.person.name).lower().startswith(start)]
        return (named[: min(limit, 100)] if limit else named), []

    def dispatch(
        self, event: str, payload: dict[str, Any], guild: Guild | None, channel: Channel | None = None
    ) -> None:
        """Tells every session that may hear it: by shard, by intents, and by what the bot sees of the channel."""
        if guild is not None and self.world.bot.id not in guild.members:
            return
        if channel is not None and not self.world.bot_sees(channel):
            return
        private = guild is None
        own = event == "GUILD_MEMBER_UPDATE" and payload["user"]["id"] == self.world.bot.id
        for session in self.sessions.values():
            if session.has(guild.id if guild else None) and heard(event, session.intents, private, own):
                session.tell(event, self._as_heard(event, payload, session))

    def _as_heard(self, event: str, payload: dict[str, Any], session: Session) -> dict[str, Any]:
        hidden = event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not session.intents & Intent.CONTENT
        return without_content(payload, self.world.bot.id) if hidden else payload

    def bot_joined(self, guild: Guild) -> None:
        """A guild that is new to the bot comes without the word `unavailable`."""
        for session in self.sessions.values():
            if session.has(guild.id) and session.intents & Intent.GUILDS:
                session.tell("GUILD_CREATE", self._whole(session, guild))

    def bot_left(self, guild: Guild, unavailable: bool = False) -> None:
        for session in self.sessions.values():
            if session.has(guild.id) and session.intents & Intent.GUILDS:
                gone = {"id": guild.id, "unavailable": True} if unavailable else {"id": guild.id}
                session.tell("GUILD_DELETE", gone)

    def needs(self, guild: Guild, right: Right) -> bool:
        """Whether the bot has a right without which Discord does not tell it a kind of event."""
        return self.world.bot.id in guild.members and bool(self.world.bot_rights(guild) & right)
