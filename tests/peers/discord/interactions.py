"""Interactions of the Discord peer: slash commands, autocomplete, context menus, buttons, selects and modals."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.peers.discord import payloads as payloads
from tests.peers.discord.commands import chosen, find, leaf, may_use, typed_value
from tests.peers.discord.interaction import Interaction
from tests.peers.discord.nouns import Channel, Message, Person
from tests.peers.discord.refusals import RefusalError
from tests.peers.discord.rights import EVERYTHING

if TYPE_CHECKING:
    from tests.peers.discord.world import Command, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
FILE_LIMIT = 10 * 2**20


class Interactions:
    """Every interaction by its token. `patience_s` is how long the bot may take for its first answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_token: dict[str, Interaction] = {}
        self.patience_s = 3.0
        self.token_life = timedelta(minutes=15)

    # what people do

    def slash(self, channel: Channel, person: Person, path: str, options: dict[str, Any], lang: str) -> Interaction:
        """Raises LookupError for a command or option that is not there, ValueError for a value that does not fit."""
        words = path.split()
        command = self._command(channel, person, words[0], 1, lang)
        names, declared = leaf(command.body, words[1:], lang or person.lang)
        unknown = set(options) - {one["name"] for one in declared}
        if unknown:
            raise LookupError(f"/{path} has no option {sorted(unknown)}")
        missing = [one["name"] for one in declared if one.get("required") and one["name"] not in options]
        if missing:
            raise ValueError(f"/{path} needs {missing}")
        resolved: dict[str, Any] = {}
        given = [
            typed_value(one, options[one["name"]], resolved, channel) for one in declared if one["name"] in options
        ]
        body = {**self._named(command), "options": chosen(names, given)}
        body |= {"resolved": resolved} if resolved else {}
        return self._send(COMMAND, channel, person, body, lang)

    def autocomplete(
        self, channel: Channel, person: Person, path: str, option: str, typed: str, others: dict[str, Any], lang: str
    ) -> Interaction:
        words = path.split()
        command = self._command(channel, person, words[0], 1, lang)
        names, declared = leaf(command.body, words[1:], lang or person.lang)
        asked = next(one for one in declared if one["name"] == option)
        if not asked.get("autocomplete"):
            raise LookupError(f"/{path} {option} offers nothing")
        given = [typed_value(one, others[one["name"]], {}, channel) for one in declared if one["name"] in others]
        given.append({"name": option, "type": asked["type"], "value": typed, "focused": True})
        return self._send(
            AUTOCOMPLETE, channel, person, {**self._named(command), "options": chosen(names, given)}, lang
        )

    def menu(self, target: str | Person, channel: Channel, person: Person, name: str, lang: str) -> Interaction:
        command = self._command(channel, person, name, 2 if isinstance(target, Person) else 3, lang)
        resolved: dict[str, Any] = {}
        if isinstance(target, Person):
            typed_value({"name": "target", "type": 6}, target, resolved, channel)
            found = target.id
        else:
            found = target
            told = self.world.told(channel.messages[target])
            resolved["messages"] = {found: told}
        return self._send(
            COMMAND, channel, person, {**self._named(command), "target_id": found, "resolved": resolved}, lang
        )

    def press(self, message: Message, person: Person, custom_id: str, values: list[str]) -> Interaction:
        parts = [part for row in message.components for part in row.get("components", [])]
        part = next((one for one in parts if one.get("custom_id") == custom_id), None)
        if part is None or part.get("disabled") or message not in message.channel.shown(person):
            raise PermissionError(f"no {custom_id} to press")
        body = {"custom_id": custom_id, "component_type": part["type"]}
        if part["type"] != 2:
            body["values"] = values
        return self._send(COMPONENT, message.channel, person, body, "", source=message)

    def submit(self, opened: Interaction, fields: dict[str, str]) -> Interaction:
        if opened.modal is None:
            raise LookupError("no modal is open")
        body = {"custom_id": opened.modal["custom_id"], "components": filled(opened.modal["components"], fields)}
        return self._send(MODAL, opened.channel, opened.person, body, opened.lang, source=opened.source)

    # what is sent

    def _command(self, channel: Channel, person: Person, name: str, kind: int, lang: str) -> Command:
        command = find(self.world.commands, channel, name, kind, lang or person.lang)
        if not may_use(command, channel, self.world.rights_of(person, channel)):
            raise PermissionError(f"{person.name} does not see {name} here")
        return command

    def _named(self, command: Command) -> dict[str, Any]:
        told = {"id": command.id, "name": command.name, "type": command.kind}
        return {**told, "guild_id": command.guild} if command.guild else told

    def _send(
        self,
        kind: int,
        channel: Channel,
        person: Person,
        body: dict[str, Any],
        lang: str,
        source: Message | None = None,
    ) -> Interaction:
        world = self.world
        if channel.guild and world.bot.id not in channel.guild.members:
            raise PermissionError("the bot is not here")
        token = f"aW50ZXJhY3Rpb24{secrets.token_hex(24)}"
        made = Interaction(
            world.ids.next(), token, kind, channel, person, lang or person.lang, world.clock.now(), source
        )
        made.name = body.get("name", body.get("custom_id", ""))
        self.by_token[token] = made
        payload = self._payload(made, body)
        world.gateway.dispatch("INTERACTION_CREATE", payload, channel.guild)
        return made

    def _payload(self, made: Interaction, body: dict[str, Any]) -> dict[str, Any]:
        channel, guild, app = made.channel, made.channel.guild, self.world.application.id
        told: dict[str, Any] = {"id": made.id, "application_id": app, "type": made.kind, "token": made.token}
        told |= {"version": 1, "data": body, "channel_id": channel.id, "channel": payloads.channel(channel)}
        told |= {"locale": made.lang, "entitlements": [], "attachment_size_limit": FILE_LIMIT}
        if made.source is not None:
            told["message"] = self.world.told(made.source)
        if guild is None:
            told |= {"user": payloads.user(made.person), "context": 1, "authorizing_integration_owners": {}}
            return {**told, "app_permissions": str(int(EVERYTHING))}
        member = payloads.member(guild.members[made.person.id])
        member["permissions"] = str(int(self.world.rights_of(made.person, channel)))
        told |= {
            "guild_id": guild.id,
            "guild": {"id": guild.id, "locale": guild.lang, "features": []},
            "member": member,
        }
        told |= {"guild_locale": guild.lang, "context": 0, "authorizing_integration_owners": {"0": guild.id}}
        return {**told, "app_permissions": str(int(self.world.rights_of(self.world.bot, channel)))}

    # what the bot finds again

    def to_answer(self, interaction: str, token: str) -> Interaction:
        """For the first answer. Raises RefusalError 10062 when it is unknown or too late, 40060 when it has one."""
        found = self.by_token.get(token)
        if found is None or found.id != interaction:
            raise RefusalError(10062)
        if found.acknowledged_as is not None:
            raise RefusalError(40060)
        if self.world.clock.now() - found.at > timedelta(seconds=self.patience_s):
            raise RefusalError(10062)
        return found

    def to_follow(self, application: str, token: str) -> Interaction:
        """For everything later. Raises RefusalError 10015 before the first answer, 50027 after 15 minutes."""
        found = self.by_token.get(token)
        if found is None or application != self.world.application.id or found.acknowledged_as is None:
            raise RefusalError(10015)
        if self.world.clock.now() - found.at > self.token_life:
            raise RefusalError(50027)
        return found


def filled(parts: list[dict[str, Any]], fields: dict[str, str]) -> list[dict[str, Any]]:
    """A modal's rows or labels with what the person wrote. Raises ValueError if it does not fit."""
    return [_filled(part, fields) for part in parts]


def _filled(part: dict[str, Any], fields: dict[str, str]) -> dict[str, Any]:
    if part["type"] == 1:
        return {"type": 1, "id": 1, "components": filled(part["components"], fields)}
    if part["type"] == 18:
        return {"type": 18, "id": 1, "component": _filled(part["component"], fields)}
    if part["type"] == 10:
        return {"type": 10, "id": 1}
    written = fields.get(part["custom_id"], "")
    if part["type"] != 4:
        return {"type": part["type"], "id": 1, "custom_id": part["custom_id"], "values": [written] if written else []}
    least = part.get("min_length", 1 if part.get("required", True) else 0)
    if not least <= len(written) <= part.get("max_length", 4000) and (written or part.get("required", True)):
        raise ValueError(f"{part['custom_id']} does not take {len(written)} characters")
    return {"type": 4, "id": 1, "custom_id": part["custom_id"], "value": written}
