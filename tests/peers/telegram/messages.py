"""The Bot API's methods for messages that are there: edit, delete, react, and answer a press."""

from __future__ import annotations

from tests.peers.telegram.given import Given
from tests.peers.telegram.nouns import Json, Post, bad
from tests.peers.telegram.sending import markup_of, words_of
from tests.peers.telegram.text import CAPTION_LIMIT, TEXT_LIMIT
from tests.peers.telegram.world import Access, World

OLD_S = 48 * 3600
_SERVICE_LEFT_ALONE = ("supergroup_chat_created", "channel_chat_created", "migrate_to_chat_id", "migrate_from_chat_id")
REACTIONS = frozenset(
    "👍👎🔥🥰👏😁🤔🤯😱🤬😢🎉🤩🤮💩🙏👌🤡🥱🥴😍🐳🌚🌭💯🤣⚡🍌🏆💔🤨😐🍓🍾💋🖕😈😴😭🤓"
    "👻👀🎃🙈😇😨🤝🤗🫡🎅🎄☃💅🤪🗿🆒💘🙉🦄😘💊🙊😎👾🤷😡❤"
)
"""The emoji that a reaction may be, without their variation selectors."""


def _post(world: World, given: Given, access: Access, what: str) -> Post:
    """The message that a call names."""
    chat = world.chat(given.text("chat_id"), access)
    post = chat.posts.get(given.number("message_id"))
    if post is None:
        raise bad(f"{what} not found")
    return post


def _own(world: World, given: Given) -> Post:
    post = _post(world, given, "edit", "message to edit")
    by_channel = post.chat.kind == "channel" and world.standing(post.chat, world.bot).may("can_edit_messages")
    if post.service or (not post.own and not by_channel):
        raise bad("message can't be edited")
    return post


async def edit_message_text(world: World, given: Given) -> Json:
    text, entities = words_of(given, "text", "entities", TEXT_LIMIT, "message")
    if not text:
        raise bad("message text is empty")
    post = _own(world, given)
    if "photo" in post.content:
        raise bad("there is no text in the message to edit")
    return _edited(world, post, {"text": text} | ({"entities": entities} if entities else {}), markup_of(given))


async def edit_message_caption(world: World, given: Given) -> Json:
    caption, entities = words_of(given, "caption", "caption_entities", CAPTION_LIMIT, "message caption")
    post = _own(world, given)
    if "photo" not in post.content:
        raise bad("there is no caption in the message to edit")
    content = {"photo": post.content["photo"]} | ({"caption": caption} if caption else {})
    return _edited(world, post, content | ({"caption_entities": entities} if entities else {}), markup_of(given))


async def edit_message_reply_markup(world: World, given: Given) -> Json:
    post = _own(world, given)
    return _edited(world, post, post.content, markup_of(given))


def _edited(world: World, post: Post, content: Json, markup: Json | None) -> Json:
    if content == post.content and markup == post.markup:
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    post.content, post.markup, post.edited = content, markup, int(world.now())
    return post.json()


async def delete_message(world: World, given: Given) -> bool:
    _delete(world, _post(world, given, "write", "message to delete"))
    return True


async def delete_messages(world: World, given: Given) -> bool:
    """Unknown ids are skipped; one that may not be deleted refuses them all."""
    chat = world.chat(given.text("chat_id"), "write")
    ids = given.json("message_ids")
    if not ids:
        raise bad("message identifiers are not specified")
    if len(ids) > 100:
        raise bad("too many message identifiers specified")
    posts = [chat.posts[one] for one in ids if one in chat.posts]
    for post in posts:
        _deletable(world, post)
    for post in posts:
        del chat.posts[post.id]
    return True


def _delete(world: World, post: Post) -> None:
    _deletable(world, post)
    del post.chat.posts[post.id]


def _deletable(world: World, post: Post) -> None:
    bot = world.standing(post.chat, world.bot)
    own = post.own or post.author is world.bot or (post.chat.kind == "channel" and bot.may("can_post_messages"))
    left_alone = post.id == 1 or any(name in post.content for name in _SERVICE_LEFT_ALONE)
    if left_alone or not (own or post.chat.person or bot.may("can_delete_messages")):
        raise bad("message can't be deleted")
    if world.now() - post.date > OLD_S:
        whom = "" if post.chat.kind in ("supergroup", "channel") else " for everyone"
        raise bad("message can't be deleted" + whom)


async def set_message_reaction(world: World, given: Given) -> bool:
    post = _post(world, given, "read", "message to react")
    emoji = [one.get("emoji", "") for one in given.json("reaction") or []]
    if len(emoji) > 1:
        raise bad("REACTIONS_TOO_MANY")
    if any(one.replace("\ufe0f", "") not in REACTIONS for one in emoji):
        raise bad("REACTION_INVALID")
    post.reactions[world.bot.id] = tuple(emoji)
    return True


async def answer_callback_query(world: World, given: Given) -> bool:
    press = world.queries.pop(given.needed("callback_query_id"), None)
    if press is None or press.done():
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if len(given.text("text")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    press.set_result((given.text("text"), given.flag("show_alert")))
    return True


METHODS = {
    "editmessagetext": edit_message_text,
    "editmessagecaption": edit_message_caption,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "deletemessages": delete_messages,
    "setmessagereaction": set_message_reaction,
    "answercallbackquery": answer_callback_query,
}
