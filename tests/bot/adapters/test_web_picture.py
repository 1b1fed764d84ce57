from __future__ import annotations

import asyncio
import io
import time

import pytest
from httpx import AsyncClient
from PIL import Image
from redis.asyncio import Redis

from bot.adapters import web_picture, web_room
from bot.adapters.web_chat import WebChat
from bot.adapters.web_picture import AT_ONCE, COPY_BYTES, PictureDesk, Shown
from bot.adapters.web_post import PICTURE_BYTES
from moderation.types import Attachment, Enforce
from tests.bot.adapters.tab import HELP, Tab, heard
from tests.pictures import TELEGRAM, WECHAT, animation, code, file, photo

POST = "0f8fad5b-d9cb-469f-a165-70867728950e"
LEAFLET = file(code(WECHAT))
LOOK = web_picture._look


def slow_look(content: bytes, url: str) -> tuple[Attachment, Shown]:
    time.sleep(1.5)
    return LOOK(content, url)


def removal(message: str) -> Enforce:
    return Enforce(id="c1:delete", place=HELP, action="delete", message=message, member="m", reason="scam_fraud")


async def test_a_picture_reaches_the_judge_with_its_words_and_the_chat_as_a_copy(tab: Tab, redis: Redis) -> None:
    await tab.join("Mei")
    assert (await tab.post("Scan me", picture=LEAFLET)).status_code == 200

    (message,) = await heard(redis)
    (attached,) = message.attachments
    assert (message.text, attached.kind, attached.codes) == ("Scan me", "image/png", (WECHAT,))
    async with tab.live() as events:
        said = (await anext(events))[2]
    assert said["picture"] == {"url": attached.url, "width": 148, "height": 148}

    answer = await tab.client.get(attached.url)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    with Image.open(io.BytesIO(answer.content)) as copy:
        assert (copy.format, copy.size) == ("JPEG", (148, 148))


async def test_a_picture_needs_no_text_and_a_chinese_channel_will_do(tab: Tab, redis: Redis) -> None:
    await tab.join("Mei")
    assert (await tab.post("", "新手问答", file(photo(), "JPEG"))).status_code == 200
    (message,) = await heard(redis)
    assert (message.text, message.attachments[0].codes) == ("", ())
    assert (await tab.client.get(message.attachments[0].url)).status_code == 200


async def test_neither_the_place_nor_the_name_of_the_file_goes_along(tab: Tab, redis: Redis) -> None:
    await tab.join("Mei")
    marks = Image.Exif()
    marks[0x010F] = "a maker's name"
    await tab.post("", picture=file(photo(), "JPEG", exif=marks))
    (message,) = await heard(redis)
    answer = await tab.client.get(message.attachments[0].url)
    assert b"maker" not in answer.content
    assert message.attachments[0].name == "picture"


async def test_a_removed_message_takes_its_picture_along(tab: Tab, chat: WebChat, redis: Redis) -> None:
    await tab.join("Mei")
    await tab.post("Scan me", picture=LEAFLET)
    (message,) = await heard(redis)
    await chat.enforce(removal(message.id))

    assert (await tab.client.get(message.attachments[0].url)).status_code == 404
    assert await redis.keys("x:{sample}:picture:*") == []
    async with tab.live() as events:
        assert (await anext(events))[2]["event"] == "removed"


async def test_a_picture_sent_twice_is_kept_once(tab: Tab, redis: Redis) -> None:
    await tab.join("Mei")
    for content in (LEAFLET, file(photo())):
        await tab.post("", picture=content, post=POST)
    (message,) = await heard(redis)
    assert message.attachments[0].codes == (WECHAT,)
    assert await redis.llen("x:{sample}:pictures") == 1
    assert 0 < await redis.ttl(f"x:{{sample}}:picture:{message.id}") <= web_room.PICTURE_S


async def test_the_oldest_pictures_make_room(tab: Tab, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_room, "PICTURES", 2)
    await tab.join("Mei")
    for number in range(3):
        await tab.post(str(number), picture=LEAFLET)
    urls = {message.text: message.attachments[0].url for message in await heard(redis)}
    assert [(await tab.client.get(urls[text])).status_code for text in "012"] == [404, 200, 200]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html><script>alert(1)</script>", "Send a PNG, JPEG, GIF or WebP picture."),
        (LEAFLET[: len(LEAFLET) // 2], "The picture is broken and cannot be opened. Save it anew and send that."),
        (file(Image.new("1", (6000, 5000))), "The picture is too large: 25 million pixels at most."),
        (bytes(PICTURE_BYTES + 1), "The picture is too large: 5 MB at most."),
    ],
    ids=["kind", "broken", "pixels", "heavy"],
)
async def test_a_picture_that_cannot_be_taken_says_why(tab: Tab, redis: Redis, content: bytes, told: str) -> None:
    await tab.join("Mei")
    refused = await tab.post("Scan me", picture=content)
    assert (refused.status_code, refused.json()) == (422, {"error": told})
    tab.client.headers["Accept-Language"] = "zh"
    assert "图片" in (await tab.post("Scan me", picture=content)).json()["error"]
    assert await heard(redis) == []
    assert await redis.keys("x:{sample}:picture*") == []


async def test_a_picture_is_under_the_rules_of_texts(tab: Tab, redis: Redis) -> None:
    nameless = await tab.post("", picture=LEAFLET)
    await tab.join("Mei")
    answers = [
        nameless,
        await tab.post("", "announcements", LEAFLET),
        await tab.post("", picture=LEAFLET, csrf="guessed"),
        await tab.post("x" * 5000, picture=LEAFLET),
        await tab.post("", picture=b""),
        await tab.post("", picture=bytes(PICTURE_BYTES + 100_000)),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 403, 422, 422, 413]
    tab.origin = "https://evil.example"
    assert (await tab.post("", picture=LEAFLET)).status_code == 403
    assert await heard(redis) == []


async def test_who_sends_pictures_too_fast_is_slowed_and_may_still_write(tab: Tab) -> None:
    await tab.join("Mei")
    answers = [await tab.post("", picture=LEAFLET) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [422]
    assert answers[-1].json() == {"error": "You are going too fast. Wait a moment."}
    assert (await tab.post("hi")).status_code == 200


@pytest.mark.parametrize("id_", ["0" * 24, "..%2f..%2fsecret", "x" * 24])
async def test_a_picture_that_is_not_there_is_not_found(tab: Tab, id_: str) -> None:
    async with AsyncClient(base_url=tab.origin) as client:
        assert (await client.get(f"/c/help/picture/{id_}")).status_code == 404


# ---- the desk ---------------------------------------------------------------------------------------------------
async def test_the_event_loop_goes_on_while_a_photo_is_looked_at() -> None:
    looking = asyncio.create_task(PictureDesk().look(file(photo(3000, 2000), "JPEG"), "/p"))
    turns = 0
    while not looking.done():
        await asyncio.sleep(0.005)
        turns += 1
    assert turns > 3
    assert (await looking)[0].url == "/p"


async def test_a_crowd_of_pictures_is_asked_to_come_back(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_picture, "WAIT_S", 0.1)
    monkeypatch.setattr(web_picture, "_look", slow_look)
    await tab.join("Mei")
    csrf = await tab.csrf()
    answers = await asyncio.gather(*(tab.post("", picture=LEAFLET, csrf=csrf) for _ in range(AT_ONCE + 1)))
    assert sorted(answer.status_code for answer in answers) == [200] * AT_ONCE + [422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert refused.json()["error"].startswith("Too many pictures at the moment.")


async def test_a_copy_of_anything_fits() -> None:
    noise = file(Image.merge("RGB", [Image.effect_noise((1800, 1800), 200)] * 3), "JPEG", quality=60)
    _, shown = await PictureDesk().look(noise, "/p")
    assert len(shown.jpeg) <= COPY_BYTES
    assert max(shown.width, shown.height) < 1800


async def test_what_hides_in_a_later_frame_is_read_and_not_shown() -> None:
    attached, shown = await PictureDesk().look(animation(photo(148, 148), code(TELEGRAM)), "/p")
    assert (attached.kind, attached.codes) == ("image/gif", (TELEGRAM,))
    with Image.open(io.BytesIO(shown.jpeg)) as copy:
        assert getattr(copy, "n_frames", 1) == 1
