"""The Bot API's methods that put something new into a chat: messages, pictures, files, topics."""

from __future__ import annotations

from itertools import product
from typing import Any

from tests.peers.telegram.given import Given
from tests.peers.telegram.nouns import GENERAL, Json, User, bad
from tests.peers.telegram.text import CAPTION_LIMIT, TEXT_LIMIT, formatted
from tests.peers.telegram.world import TOPIC_COLOUR, World

_ACTIONS = frozenset(
    f"{verb}_{what}"
    for verb, what in product(("upload", "record"), ("photo", "video", "voice", "document", "video_note"))
) | {"typing", "choose_sticker", "find_location"}


async def send_message(world: World, given: Given) -> Json:
    chat = world.chat(given.text("chat_id"), "write")
    if not given.text("text").strip():
        raise bad("message text is empty")
    text, entities = words_of(given, "text", "entities", TEXT_LIMIT, "message")
    if not text:
        raise bad("message text is empty")
    preview = (given.json("link_preview_options") or {}).get("is_disabled") or given.flag("disable_web_page_preview")
    more = _around(world, given)
    world.may_write(chat)
    content = {"text": text} | ({"entities": entities} if entities else {})
    return world.put(chat, _face(world, given), content, preview=not preview, **more).json()


async def send_photo(world: World, given: Given) -> Json:
    photo = _uploaded(world, given, "photo")
    return _send_file(world, given, {"photo": [world.keep_file(photo)]}, "can_send_photos", photo)


async def send_document(world: World, given: Given) -> Json:
    kept = world.keep_file(_uploaded(world, given, "document"))
    document = {name: kept[name] for name in ("file_id", "file_unique_id", "file_size")}
    return _send_file(world, given, {"document": document}, "can_send_documents", None)


def _send_file(world: World, given: Given, content: Json, permission: str, picture: bytes | None) -> Json:
    chat = world.chat(given.text("chat_id"), "write")
    caption, entities = words_of(given, "caption", "caption_entities", CAPTION_LIMIT, "message caption")
    more = _around(world, given)
    world.may_write(chat, permission)
    content |= {"caption": caption} if caption else {}
    content |= {"caption_entities": entities} if entities else {}
    return world.put(chat, _face(world, given), content, picture=picture, **more).json()


def _face(world: World, given: Given) -> User | None:
    """In a channel the channel itself speaks; elsewhere the bot."""
    chat = world.chat(given.text("chat_id"), "read")
    return None if chat.kind == "channel" else world.bot


def words_of(given: Given, name: str, entities: str, limit: int, what: str) -> tuple[str, list[Json]]:
    marked = given.json(entities)
    return formatted(given.text(name), given.text("parse_mode"), marked, limit, what)


def _uploaded(world: World, given: Given, name: str) -> bytes:
    """A file's bytes: uploaded under its name or by attach://, or sent before (its file_id)."""
    named = given.text(name)
    if named in world.files:
        return world.files[named]
    if named and not named.startswith("attach://"):
        raise bad("wrong file identifier/HTTP URL specified")
    part = named.removeprefix("attach://") or name
    if part not in given.files:
        raise bad(f"there is no {name} in the request")
    if not given.files[part]:
        raise bad("file must be non-empty")
    return given.files[part]


def _around(world: World, given: Given) -> dict[str, Any]:
    """Topic, message replied to and buttons of a message to be sent."""
    chat = world.chat(given.text("chat_id"), "write")
    reply = given.json("reply_parameters") or {"message_id": given.number("reply_to_message_id")}
    lenient = reply.get("allow_sending_without_reply") or given.flag("allow_sending_without_reply")
    reply_to = chat.posts.get(int(reply.get("message_id") or 0))
    if reply.get("message_id") and reply_to is None and not lenient:
        raise bad("message to be replied not found")
    around: dict[str, Any] = {"reply_to": reply_to, "markup": markup_of(given), "own": True}
    around["sender_chat"] = chat if chat.kind == "channel" else None
    thread = given.number("message_thread_id")
    if chat.is_forum and not thread and reply_to and reply_to.topic:
        thread = reply_to.topic
    if thread in chat.topics and thread != GENERAL:
        if chat.topics[thread].closed and not world.standing(chat, world.bot).may("can_manage_topics"):
            raise bad("TOPIC_CLOSED")
        around["topic"] = thread
    elif thread:
        roots = [one.id for one in chat.posts.values() if thread in (one.id, one.thread)]
        if chat.kind != "supergroup" or chat.is_forum or not roots:
            raise bad("message thread not found")
        around["thread"] = thread
    return around


def markup_of(given: Given) -> Json | None:
    markup = given.json("reply_markup")
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    for button in (one for row in markup.get("inline_keyboard", []) for one in row):
        if not str(button.get("text", "")).strip():
            raise bad("BUTTON_TEXT_EMPTY" if "text" in button else "can't parse inline keyboard button: text missing")
        if len(str(button.get("callback_data", "")).encode()) > 64:
            raise bad("BUTTON_DATA_INVALID")
        if not any(key in button for key in ("callback_data", "url", "copy_text", "web_app", "login_url")):
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    return markup if markup.get("inline_keyboard") else None


async def send_chat_action(world: World, given: Given) -> bool:
    chat = world.chat(given.text("chat_id"), "write")
    if given.text("action") not in _ACTIONS:
        raise bad("wrong parameter action in request")
    world.may_write(chat)
    return True


async def create_forum_topic(world: World, given: Given) -> Json:
    chat = world.chat(given.text("chat_id"), "write")
    if not chat.is_forum:
        raise bad("the chat is not a forum")
    if not world.standing(chat, world.bot).may("can_manage_topics"):
        raise bad("not enough rights to create a topic")
    topic = world.open_topic(chat, world.bot, given.needed("name"))
    return {"message_thread_id": topic.id, "name": topic.name, "icon_color": TOPIC_COLOUR}


METHODS = {
    "sendmessage": send_message,
    "sendphoto": send_photo,
    "senddocument": send_document,
    "sendchataction": send_chat_action,
    "createforumtopic": create_forum_topic,
}
