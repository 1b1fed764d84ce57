"""The Bot API's methods for members: who they are, restrict, ban, promote, join requests."""

from __future__ import annotations

from typing import Any

from tests.peers.telegram.given import Given
from tests.peers.telegram.nouns import ADMIN_RIGHTS, PERMISSIONS, Chat, Json, Member, User, bad
from tests.peers.telegram.world import World

SHORTEST_S, LONGEST_S = 30, 366 * 24 * 3600
_MEDIA = tuple(one for one in PERMISSIONS if one.startswith("can_send_") and one != "can_send_messages")
_FILES = tuple(one for one in _MEDIA if one not in ("can_send_polls", "can_send_other_messages"))


async def get_chat(world: World, given: Given) -> Json:
    chat = world.chat(given.text("chat_id"), "read")
    shown = chat.json() | {
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
        ),
    }
    shown |= {} if chat.person or chat.kind == "channel" else {"permissions": chat.permissions}
    return shown | ({"linked_chat_id": chat.linked.id} if chat.linked else {})


async def get_chat_member(world: World, given: Given) -> Json:
    number = given.user()
    chat = world.chat(given.text("chat_id"), "read" if number == world.bot.id else "members")
    return world.standing(chat, world.user(number)).json(chat)


async def get_chat_administrators(world: World, given: Given) -> list[Json]:
    """Bots other than the one that asks are left out."""
    chat = world.chat(given.text("chat_id"), "members")
    if chat.person:
        raise bad("there are no administrators in the private chat")
    ruling = [one for one in chat.members.values() if one.rules]
    return [one.json(chat) for one in ruling if not one.user.is_bot or one.user is world.bot]


async def get_chat_member_count(world: World, given: Given) -> int:
    chat = world.chat(given.text("chat_id"), "members")
    return 2 if chat.person else sum(world.standing(chat, one.user).inside for one in list(chat.members.values()))


def _target(world: World, given: Given, right: str = "can_restrict_members") -> tuple[Chat, User]:
    """The chat and the user whom the bot may restrict or ban there."""
    chat = world.chat(given.text("chat_id"), "write")
    if chat.person:
        raise bad("can't ban members in private chats")
    user = world.user(given.user())
    if user is world.bot:
        raise bad("can't restrict self")
    if not world.standing(chat, world.bot).may(right):
        raise bad("not enough rights to restrict/unrestrict chat member")
    return chat, user


def _below(member: Member) -> Member:
    """Raises for those whom no bot may touch."""
    if member.status == "creator":
        raise bad("can't remove chat owner")
    if member.status == "administrator" and not member.by_bot:
        raise bad("user is an administrator of the chat")
    return member


def _until(world: World, given: Given) -> int:
    """When it ends: under 30 seconds or over 366 days from now is for ever (0)."""
    until = given.number("until_date")
    return until if SHORTEST_S <= until - world.now() <= LONGEST_S else 0


async def restrict_chat_member(world: World, given: Given) -> bool:
    if world.chat(given.text("chat_id"), "write").kind != "supergroup":
        raise bad("method is available only for supergroups")
    asked = given.json("permissions")
    if not isinstance(asked, dict):
        raise bad("can't parse permissions: Expected an Object")
    chat, user = _target(world, given)
    member = _below(world.standing(chat, user))
    may = _spelled_out(asked, given.flag("use_independent_chat_permissions"))
    inside = member.inside
    if all(may.values()):
        new = Member(user, "member" if inside else "left", inside=inside)
    else:
        new = Member(user, "restricted", permissions=may, until=_until(world, given), inside=inside)
    world.change(chat, new, world.bot)
    return True


def _spelled_out(asked: Json, independent: bool) -> dict[str, bool]:
    """Every permission; unless independent, media and the like imply those they need."""
    may = {one: bool(asked.get(one, False)) for one in PERMISSIONS}
    may["can_react_to_messages"] = bool(asked.get("can_react_to_messages", may["can_send_messages"]))
    may["can_manage_topics"] = bool(asked.get("can_manage_topics", may["can_pin_messages"]))
    may["can_edit_tag"] = bool(asked.get("can_edit_tag", may["can_pin_messages"]))
    if not independent:
        if may["can_send_other_messages"] or may["can_add_web_page_previews"]:
            may |= dict.fromkeys(_FILES, True)
        if any(may[one] for one in _MEDIA):
            may["can_send_messages"] = True
    return may


async def ban_chat_member(world: World, given: Given) -> bool:
    chat, user = _target(world, given)
    member = _below(world.standing(chat, user))
    world.change(chat, Member(user, "kicked", until=_until(world, given), inside=False), world.bot)
    if member.inside and chat.kind != "channel":
        world.put(chat, world.bot, {"left_chat_member": user.json()}, service=True)
    return True


async def unban_chat_member(world: World, given: Given) -> bool:
    """Without only_if_banned a member inside is put out: the trap that this method is known for."""
    if world.chat(given.text("chat_id"), "write").kind not in ("supergroup", "channel"):
        raise bad("method is available for supergroup and channel chats only")
    chat, user = _target(world, given)
    member = world.standing(chat, user)
    if member.status != "kicked" and given.flag("only_if_banned"):
        return True
    if member.status != "left":
        world.change(chat, Member(_below(member).user, "left", inside=False), world.bot)
    return True


async def ban_chat_sender_chat(world: World, given: Given) -> bool:
    chat, sender = _senders(world, given)
    if sender in (chat.id, chat.linked.id if chat.linked else 0):
        raise bad("PARTICIPANT_ID_INVALID")
    chat.banned_chats.add(sender)
    return True


async def unban_chat_sender_chat(world: World, given: Given) -> bool:
    chat, sender = _senders(world, given)
    chat.banned_chats.discard(sender)
    return True


def _senders(world: World, given: Given) -> tuple[Chat, int]:
    chat = world.chat(given.text("chat_id"), "write")
    if chat.kind not in ("supergroup", "channel"):
        raise bad("method is available for supergroup and channel chats only")
    if not given.text("sender_chat_id"):
        raise bad("sender_chat_id is empty")
    sender = given.number("sender_chat_id")
    if sender not in world.chats:
        raise bad("PARTICIPANT_ID_INVALID")
    if world.chats[sender].person:
        raise bad("can't ban or unban private chats as message senders")
    if not world.standing(chat, world.bot).may("can_restrict_members"):
        raise bad("not enough rights to restrict/unrestrict chat member")
    return chat, sender


async def promote_chat_member(world: World, given: Given) -> bool:
    chat = world.chat(given.text("chat_id"), "write")
    if chat.kind not in ("supergroup", "channel"):
        raise bad("method is available for supergroup and channel chats only")
    user, bot = world.user(given.user()), world.standing(chat, world.bot)
    if not bot.may("can_promote_members"):
        raise bad("not enough rights")
    rights = frozenset(one for one in ADMIN_RIGHTS if given.flag(one))
    if not rights <= bot.rights:
        raise bad("RIGHT_FORBIDDEN")
    member = world.standing(chat, user)
    if member.status == "creator" or (member.rules and not member.by_bot):
        raise bad("CHAT_ADMIN_REQUIRED")
    rights |= {"can_manage_chat"} if rights else frozenset()
    new = Member(user, "administrator", rights, by_bot=True) if rights else Member(user)
    world.change(chat, new, world.bot)
    return True


async def approve_chat_join_request(world: World, given: Given) -> bool:
    chat, user = _asker(world, given)
    world.change(chat, Member(user), world.bot, via_join_request=True)
    world.put(chat, user, {"new_chat_members": [user.json()]}, service=True)
    return True


async def decline_chat_join_request(world: World, given: Given) -> bool:
    _asker(world, given)
    return True


def _asker(world: World, given: Given) -> tuple[Chat, User]:
    chat = world.chat(given.text("chat_id"), "write")
    if not world.standing(chat, world.bot).may("can_invite_users"):
        raise bad("not enough rights to manage chat join requests")
    user = world.user(given.user())
    if world.standing(chat, user).inside:
        raise bad("USER_ALREADY_PARTICIPANT")
    if user.id not in chat.asking:
        raise bad("HIDE_REQUESTER_MISSING")
    return chat, chat.asking.pop(user.id)


async def leave_chat(world: World, given: Given) -> bool:
    chat = world.chat(given.text("chat_id"), "read")
    if chat.person:
        raise bad("chat member status can't be changed in private chats")
    world.change(chat, Member(world.bot, "left", inside=False), world.bot)
    return True


METHODS: dict[str, Any] = {
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "getchatmembercount": get_chat_member_count,
    "restrictchatmember": restrict_chat_member,
    "banchatmember": ban_chat_member,
    "unbanchatmember": unban_chat_member,
    "banchatsenderchat": ban_chat_sender_chat,
    "unbanchatsenderchat": unban_chat_sender_chat,
    "promotechatmember": promote_chat_member,
    "approvechatjoinrequest": approve_chat_join_request,
    "declinechatjoinrequest": decline_chat_join_request,
    "leavechat": leave_chat,
}
