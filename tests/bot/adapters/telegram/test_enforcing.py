"""Enforcement on Telegram."""

from __future__ import annotations

import pytest

from moderation.types import Enforcement, Place
from tests.bot.adapters.telegram.rig import Rig
from tests.peers.telegram.nouns import Chat, Member, User
from tests.peers.telegram.server import TelegramServer


@pytest.fixture
async def shop(peer: TelegramServer, rig: Rig) -> Chat:
    """A group whose moderators have a desk."""
    chat = peer.group("Shop talk")
    peer.add_bot(chat)
    community = await rig.communities.of_chat("telegram", str(chat.id), chat.title)
    await rig.communities.keep(community.model_copy(update={"desk": "telegram:-1009"}))
    return chat


@pytest.fixture
def mei(peer: TelegramServer, shop: Chat) -> User:
    user = peer.person("Mei")
    peer.join(shop, user)
    return user


async def test_a_scam_goes_and_its_author_is_put_out(rig: Rig, peer: TelegramServer, shop: Chat, mei: User) -> None:
    number = peer.say(shop, mei, "50% off")
    for _ in range(2):  # the second delivery changes nothing
        await rig.enforce(shop, "delete", mei, number)
        await rig.enforce(shop, "ban", mei, number)
    assert shop.shown() == []
    assert peer.standing(shop, mei).status == "kicked"
    assert (len(peer.called("deleteMessage")), len(peer.called("banChatMember"))) == (1, 1)


async def test_what_was_done_can_be_undone(rig: Rig, peer: TelegramServer, shop: Chat, mei: User) -> None:
    await rig.enforce(shop, "timeout", mei, seconds=3600)
    muted = peer.standing(shop, mei)
    assert (muted.status, muted.inside, muted.permissions["can_send_messages"]) == ("restricted", True, False)
    assert 3500 < muted.until - peer.now() < 3700
    await rig.enforce(shop, "untimeout", mei)
    assert peer.standing(shop, mei).status == "member"
    await rig.enforce(shop, "mute", mei)
    silent = peer.standing(shop, mei)
    assert (silent.status, silent.permissions["can_send_messages"], silent.until) == ("restricted", False, 0)
    await rig.enforce(shop, "unmute", mei)
    assert peer.standing(shop, mei).status == "member"
    await rig.enforce(shop, "ban", mei)
    await rig.enforce(shop, "unban", mei)
    assert peer.standing(shop, mei).status == "left"


async def test_taking_back_a_ban_that_is_none_puts_nobody_out(
    rig: Rig, peer: TelegramServer, shop: Chat, mei: User
) -> None:
    await rig.enforce(shop, "unban", mei)
    assert peer.standing(shop, mei).status == "member"


@pytest.mark.parametrize("seconds", [0, 5, 10**9])
async def test_no_timeout_is_for_ever(rig: Rig, peer: TelegramServer, shop: Chat, mei: User, seconds: int) -> None:
    await rig.enforce(shop, "timeout", mei, seconds=seconds)
    assert peer.standing(shop, mei).until > peer.now()


async def test_who_is_kicked_may_come_again(rig: Rig, peer: TelegramServer, shop: Chat, mei: User) -> None:
    await rig.enforce(shop, "kick", mei)
    assert peer.standing(shop, mei).status == "left"


async def test_in_a_basic_group_a_kick_works_and_a_timeout_is_told(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Small", "group"), peer.person("Mei")
    peer.add_bot(chat)
    peer.join(chat, mei)
    community = await rig.communities.of_chat("telegram", str(chat.id), chat.title)
    await rig.communities.keep(community.model_copy(update={"desk": "telegram:-1009"}))
    await rig.enforce(chat, "timeout", mei, seconds=600)
    (notice,) = await rig.notices()
    assert "supergroup" in notice.text
    await rig.enforce(chat, "kick", mei)
    assert not peer.standing(chat, mei).inside


@pytest.mark.parametrize("action", ["timeout", "mute", "ban", "kick"])
async def test_who_speaks_as_a_channel_is_silenced_as_one(
    rig: Rig, peer: TelegramServer, shop: Chat, mei: User, action: Enforcement
) -> None:
    spam = peer.channel("Spam", creator=mei)
    number = peer.say(shop, mei, "buy now", as_chat=spam)
    await rig.enforce(shop, "delete", spam, number)
    await rig.enforce(shop, action, spam, seconds=600)
    assert (shop.shown(), shop.banned_chats) == ([], {spam.id})
    assert peer.standing(shop, mei).status == "member"
    await rig.enforce(shop, "unban", spam)
    assert shop.banned_chats == set()


@pytest.mark.parametrize("stand_in", [1087968824, 777000, 136817688])
async def test_telegrams_own_accounts_are_never_touched(
    rig: Rig, peer: TelegramServer, shop: Chat, stand_in: int
) -> None:
    await rig.enforce(shop, "ban", User(stand_in, "stands in"))
    assert peer.called("banChatMember") == []
    assert len(await rig.notices()) == 1


async def test_nobody_above_the_bot_is_touched_and_the_moderators_are_told(
    rig: Rig, peer: TelegramServer, shop: Chat
) -> None:
    news = peer.channel("News", group=shop)
    for target in (peer.owner(shop), shop, news, peer.bot):
        await rig.enforce(shop, "ban", target, id=f"case:ban:{target.id}")
    assert peer.called("banChatMember") == peer.called("banChatSenderChat") == []
    (notice,) = await rig.notices()  # once a day
    assert "owner" in notice.text
    assert "7KQF2M9D" in notice.text


async def test_a_missing_right_is_seen_beforehand_and_told_with_its_mend(
    rig: Rig, peer: TelegramServer, shop: Chat, mei: User
) -> None:
    number = peer.say(shop, mei, "50% off")
    peer.promote(shop, peer.bot, {"can_restrict_members"})
    await rig.settled()
    await rig.enforce(shop, "delete", mei, number)
    assert peer.called("deleteMessage") == []
    (notice,) = await rig.notices()
    assert "Delete messages" in notice.text
    assert (notice.place, notice.case) == (
        Place(platform="telegram", community=notice.place.community, channel="-1009"),
        "7KQF2M9D",
    )


async def test_a_message_that_is_gone_counts_as_deleted_and_one_too_old_is_told(
    rig: Rig, peer: TelegramServer, shop: Chat, mei: User
) -> None:
    gone, old = peer.say(shop, mei, "one"), peer.say(shop, mei, "two")
    peer.erase(shop, gone)
    await rig.enforce(shop, "delete", mei, gone)
    shop.posts[old].date -= 3 * 24 * 3600
    await rig.enforce(shop, "delete", mei, old, id="case:delete:old")
    (notice,) = await rig.notices()
    assert "too old" in notice.text


async def test_rights_that_changed_behind_our_back_are_read_again(
    rig: Rig, peer: TelegramServer, shop: Chat, mei: User
) -> None:
    numbers = [peer.say(shop, mei, text) for text in ("one", "two", "three")]
    await rig.enforce(shop, "delete", mei, numbers[0], id="a")
    shop.members[peer.bot.id] = Member(peer.bot, "administrator", frozenset({"can_restrict_members"}))  # and no update
    await rig.enforce(shop, "delete", mei, numbers[1], id="b")
    calls = len(peer.called("deleteMessage"))
    await rig.enforce(shop, "delete", mei, numbers[2], id="c")
    assert len(peer.called("deleteMessage")) == calls
    assert len(await rig.notices()) == 1


async def test_a_ban_follows_a_group_that_moved(rig: Rig, peer: TelegramServer) -> None:
    chat, mei = peer.group("Small", "group"), peer.person("Mei")
    peer.add_bot(chat)
    peer.join(chat, mei)
    new = peer.migrate(chat)
    await rig.enforce(chat, "ban", mei)
    assert peer.standing(new, mei).status == "kicked"


async def test_in_private_nobody_is_put_out(rig: Rig, peer: TelegramServer, mei: User) -> None:
    peer.start(mei)
    await rig.enforce(peer.private(mei), "ban", mei)
    place = await rig.place(peer.private(mei))
    assert place.channel == str(mei.id)
