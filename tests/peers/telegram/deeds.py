"""More of the people's side: what happens to messages and to whole chats."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, replace

from tests.peers.telegram.nouns import Chat, Json, Member, Post, User
from tests.peers.telegram.people import Answer, NotAllowed, People
from tests.peers.telegram.text import found


@dataclass(eq=False, repr=False)
class Deeds(People):
    """Edits, reactions, presses, topics, and the fates of chats."""

    def edit(self, chat: Chat, user: User, number: int, text: str) -> None:
        post = chat.posts[number]
        name = "caption" if "photo" in post.content else "text"
        marks = "caption_entities" if name == "caption" else "entities"
        kept = {key: value for key, value in post.content.items() if key != marks}
        post.content = kept | {name: text} | ({marks: found(text)} if found(text) else {})
        post.edited = int(self.now())
        self.hear(post, "edited_message")

    def unfold(self, chat: Chat, number: int) -> None:
        """A link's preview appears: an edit arrives though nobody changed a word."""
        self.hear(chat.posts[number], "edited_message")

    def erase(self, chat: Chat, *numbers: int) -> None:
        """People delete messages; a bot never hears of it."""
        for number in numbers:
            del chat.posts[number]

    def react(self, chat: Chat, user: User, number: int, *emoji: str) -> None:
        """The user's reactions become these; none takes them back. In a channel only their count is told."""
        post = chat.posts[number]
        old, post.reactions[user.id] = post.reactions.get(user.id, ()), emoji
        body: Json = {"chat": chat.json(), "message_id": number, "date": int(self.now())}
        if not (chat.person or self.standing(chat, self.bot).rules):
            return
        if chat.kind == "channel":
            counts = [one for each in post.reactions.values() for one in each]
            told = [{"type": _emoji(one), "total_count": counts.count(one)} for one in dict.fromkeys(counts)]
            self.updates.add("message_reaction_count", body | {"reactions": told})
            return
        actor = {"actor_chat": chat.json()} if self.standing(chat, user).anonymous else {"user": user.json()}
        changed = {"old_reaction": [_emoji(one) for one in old], "new_reaction": [_emoji(one) for one in emoji]}
        self.updates.add("message_reaction", body | actor | changed)

    async def press(self, chat: Chat, user: User, number: int, data: str, within: float = 60.0) -> Answer:
        """Presses a button and waits for answerCallbackQuery. Raises TimeoutError when none comes `within` seconds."""
        post = chat.posts[number]
        rows = (post.markup or {}).get("inline_keyboard", [])
        if data not in [one.get("callback_data") for row in rows for one in row]:
            raise NotAllowed(f"message {number} has no button {data}")
        return await self.forge(post, user, data, within)

    async def forge(self, post: Post, user: User, data: str, within: float = 60.0) -> Answer:
        """A press with any data, as a changed app can send it, also on a message that was deleted meanwhile."""
        message = post.json() if post.there else {"chat": post.chat.json(), "message_id": post.id, "date": 0}
        query = str(random.randrange(10**17, 10**18))
        answered = self.queries[query] = asyncio.get_running_loop().create_future()
        self.updates.add(
            "callback_query",
            {
                "id": query,
                "from": user.json(),
                "message": message,
                "chat_instance": str(post.chat.id * 31),
                "data": data,
            },
        )
        text, alert = await asyncio.wait_for(answered, within)
        return Answer(text, alert)

    # Topics

    def topic(self, chat: Chat, user: User, name: str) -> int:
        """Opens a forum topic and gives its id."""
        return self.open_topic(chat, user, name).id

    def close_topic(self, chat: Chat, topic: int) -> None:
        chat.topics[topic].closed = True
        self.put(chat, self.owner(chat), {"forum_topic_closed": {}}, service=True, topic=topic)

    def delete_topic(self, chat: Chat, topic: int) -> None:
        """It goes with all its messages; the bot hears nothing."""
        del chat.topics[topic]
        chat.posts = {number: post for number, post in chat.posts.items() if post.topic != topic}

    # Chats

    def migrate(self, chat: Chat) -> Chat:
        """A basic group becomes a supergroup: another chat, empty, with the same members."""
        new = self.group(chat.title, "supergroup", self.owner(chat))
        bot = self.standing(chat, self.bot)
        self.put(chat, self.owner(chat), {"migrate_to_chat_id": new.id}, service=True)
        for member in chat.members.values():
            new.members.setdefault(member.user.id, replace(member))
        if bot.inside:
            new.members[self.bot.id] = Member(self.bot, "left", inside=False)
            self.change(new, replace(bot), self.owner(chat))
            self.change(chat, Member(self.bot, "left", inside=False), self.owner(chat))
        chat.moved_to = new
        self.put(new, self.owner(chat), {"migrate_from_chat_id": chat.id}, service=True)
        return new

    def delete_chat(self, chat: Chat) -> None:
        """The owner deletes the chat for everyone."""
        self.change(chat, Member(self.bot, "left", inside=False), self.owner(chat))
        chat.deleted = True

    def rename(self, chat: Chat, title: str) -> None:
        chat.title = title
        self.put(chat, self.owner(chat), {"new_chat_title": title}, service=True)

    def may(self, chat: Chat, **permissions: bool) -> None:
        """Changes what plain members may do."""
        chat.permissions |= permissions


def _emoji(one: str) -> Json:
    return {"type": "emoji", "emoji": one}
