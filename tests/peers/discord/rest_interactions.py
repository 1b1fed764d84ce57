"""REST routes of the Discord peer: the first answers to interactions, and what follows them."""

from __future__ import annotations

from typing import Any

from tests.peers.discord.commands import check_choices
from tests.peers.discord.forms import check_message, check_modal
from tests.peers.discord.interaction import Interaction
from tests.peers.discord.interactions import AUTOCOMPLETE, COMPONENT, MODAL
from tests.peers.discord.nouns import EPHEMERAL, LOADING, Message
from tests.peers.discord.refusals import RefusalError, invalid
from tests.peers.discord.rest import Asked, route
from tests.peers.discord.rest_messages import create, rewrite

MESSAGE, THINKING, LATER, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9


@route("POST", "/interactions/{interaction}/{token}/callback")
def first_answer(asked: Asked) -> Any:
    found = asked.peer.interactions.to_answer(asked.at["interaction"], asked.at["token"])
    kind, form = asked.form["type"], asked.form.get("data") or {}
    if kind not in _fitting(found):
        raise invalid("type", "BASE_TYPE_CHOICES", f"Value must be one of {_fitting(found)}.")
    message = _answer(asked, found, kind, form)
    found.acknowledged_as = kind
    found.news.set()
    return _told(asked, found, kind, message) if asked.query.get("with_response") else None


def _fitting(found: Interaction) -> tuple[int, ...]:
    """The answers that this kind of interaction takes; those of a message need a message it came from."""
    if found.kind == AUTOCOMPLETE:
        return (CHOICES,)
    on_message = (LATER, UPDATE) if found.kind in (COMPONENT, MODAL) and found.source else ()
    return (MESSAGE, THINKING, *on_message, *((FORM,) if found.kind != MODAL else ()))


def _answer(asked: Asked, found: Interaction, kind: int, form: dict[str, Any]) -> Message | None:
    if kind == CHOICES:
        check_choices("data.choices", form["choices"])
        found.offered = form["choices"]
    elif kind == FORM:
        check_modal(form)
        found.modal = form
    elif kind == LATER:
        found.original = found.source
    elif kind == UPDATE:
        assert found.source is not None
        found.original = found.source
        rewrite(asked, found.source, form)
        found.answers.append(found.source)
    elif kind == THINKING:
        found.original = _create(asked, found, {"flags": form.get("flags", 0)})
        found.original.flags |= LOADING
    else:
        check_message(form, len(asked.files), "data.")
        found.original = _create(asked, found, form)
        found.answers.append(found.original)
    return found.original


def _create(asked: Asked, found: Interaction, form: dict[str, Any]) -> Message:
    """A message of the interaction's own; an ephemeral one is only for the person who asked."""
    app = asked.peer.application.id
    who = {"id": found.person.id, "username": found.person.name, "discriminator": "0", "avatar": None}
    source = {"id": found.id, "type": found.kind, "name": found.name, "user": who, "application_id": app}
    source |= {"authorizing_integration_owners": {}}
    only_for = found.person.id if form.get("flags", 0) & EPHEMERAL else None
    return create(asked, found.channel, form, None, only_for=only_for, interaction=source)


def _told(asked: Asked, found: Interaction, kind: int, message: Message | None) -> dict[str, Any]:
    told: dict[str, Any] = {"interaction": {"id": found.id, "type": found.kind}, "resource": {"type": kind}}
    if message is not None and kind in (MESSAGE, THINKING, UPDATE):
        told["interaction"] |= {"response_message_id": message.id, "response_message_loading": message.loading}
        told["interaction"]["response_message_ephemeral"] = message.only_for is not None
        told["resource"]["message"] = asked.peer.told(message)
    return told


def _found(asked: Asked) -> Interaction:
    return asked.peer.interactions.to_follow(asked.at["app"], asked.at["token"])


@route("POST", "/webhooks/{app}/{token}")
def follow_up(asked: Asked) -> Any:
    """The first one after "is thinking" takes that message's place."""
    found = _found(asked)
    check_message(asked.form, len(asked.files))
    if found.original is not None and found.original.loading:
        return _fill(asked, found, found.original)
    message = _create(asked, found, asked.form)
    found.answers.append(message)
    found.news.set()
    return asked.peer.told(message)


def _fill(asked: Asked, found: Interaction, message: Message) -> dict[str, Any]:
    """New words in a message that the interaction made or came from."""
    rewrite(asked, message, asked.form, flags=message.flags & ~LOADING)
    if message not in found.answers:
        found.answers.append(message)
    found.news.set()
    return asked.peer.told(message)


def _message(asked: Asked, found: Interaction) -> Message:
    """The message of the path, which belongs to this interaction."""
    wanted = asked.at["message"]
    own = [one for one in (found.original, *found.answers) if one is not None]
    message = found.original if wanted == "@original" else next((one for one in own if one.id == wanted), None)
    if message is None or message.id not in message.channel.messages:
        raise RefusalError(10008)
    return message


@route("GET", "/webhooks/{app}/{token}/messages/{message}")
def get_followed(asked: Asked) -> Any:
    return asked.peer.told(_message(asked, _found(asked)))


@route("PATCH", "/webhooks/{app}/{token}/messages/{message}")
def edit_followed(asked: Asked) -> Any:
    found = _found(asked)
    return _fill(asked, found, _message(asked, found))


@route("DELETE", "/webhooks/{app}/{token}/messages/{message}")
def delete_followed(asked: Asked) -> Any:
    asked.peer.remove(_message(asked, _found(asked)))
