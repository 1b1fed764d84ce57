from __future__ import annotations

import json
import struct
import time
import zlib

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from moderation.judging.pictures import BYTES, PictureError, attachment, read_picture, still
from moderation.types import CODE_LENGTH, CODES, READ_LENGTH, Attachment, Author, Message, Place
from tests.pictures import TELEGRAM, WECHAT, animation, code, file, photo

Format = zxingcpp.BarcodeFormat
SHOP = Place(platform="web", community="sample", channel="help")


def on(ground: Image.Image, *placed: tuple[Image.Image, tuple[int, int]]) -> Image.Image:
    for image, corner in placed:
        ground.paste(image, corner)
    return ground


def broken(content: bytes) -> str:
    with pytest.raises(PictureError) as told:
        read_picture(content)
    with pytest.raises(PictureError):
        still(content, 100)
    assert str(told.value).startswith("picture: ")
    return told.value.why


# ---- what is read -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
@pytest.mark.parametrize("text", [TELEGRAM, WECHAT, "加V信 abc12345 返利500"])
def test_a_code_is_read_in_every_format(kind: str, text: str) -> None:
    assert read_picture(file(on(photo(), (code(text), (40, 30))), kind)) == (text,)


def test_a_picture_without_a_code_says_nothing() -> None:
    assert read_picture(file(photo())) == ()
    assert read_picture(file(Image.new("RGB", (1, 1)))) == ()


@pytest.mark.parametrize("kind", [Format.DataMatrix, Format.Aztec, Format.PDF417, Format.Code128])
def test_other_kinds_of_codes_are_read(kind: zxingcpp.BarcodeFormat) -> None:
    assert read_picture(file(on(photo(900, 600), (code(TELEGRAM, 2, kind), (100, 100))))) == (TELEGRAM,)


@pytest.mark.parametrize(("kind", "number"), [(Format.EAN13, "4006381333931"), (Format.Code128, "SF1380013800013")])
def test_the_numbers_on_goods_and_parcels_are_nobodys_contact(kind: zxingcpp.BarcodeFormat, number: str) -> None:
    bars = code(number, 2, kind)
    assert [found.text for found in zxingcpp.read_barcodes(bars)] == [number]
    assert read_picture(file(on(photo(900, 600), (bars, (100, 100)), (code(WECHAT), (500, 100))))) == (WECHAT,)


DISGUISES = {
    "turned": lambda image: image.rotate(17, expand=True, fillcolor=255),
    "upside down": lambda image: image.rotate(180),
    "mirrored": ImageOps.mirror,
    "light on dark": ImageOps.invert,
    "pale": lambda image: image.point(lambda value: 150 + value // 8),
    "tiny": lambda image: image.resize((image.width // 4, image.height // 4), Image.Resampling.NEAREST),
    "16 bits": lambda image: Image.fromarray(np.asarray(image).astype(np.uint16) * 64 + 20_000),
    "palette": lambda image: image.convert("P"),
    "black and white": lambda image: image.convert("1"),
    "CMYK": lambda image: image.convert("CMYK"),
}


@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_code_is_read_under_a_disguise(disguise: str) -> None:
    kind = "JPEG" if disguise == "CMYK" else "PNG"
    assert read_picture(file(DISGUISES[disguise](code(WECHAT)), kind)) == (WECHAT,)


@pytest.mark.parametrize("ink", [0, 255])
def test_a_transparent_code_is_read_on_a_light_and_on_a_dark_ground(ink: int) -> None:
    drawn = code(TELEGRAM)
    clear = Image.new("LA", drawn.size, (ink, 0))
    clear.putalpha(ImageOps.invert(drawn))
    assert read_picture(file(clear)) == (TELEGRAM,)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_small_code_in_a_large_photo_is_read_beside_a_large_one(kind: str) -> None:
    large, small = code(WECHAT, 24), code(TELEGRAM, 3)
    scene = on(photo(4000, 3000), (large, (100, 100)), (small, (1000, 2000)))
    assert read_picture(file(scene, kind, quality=85)) == (WECHAT, TELEGRAM)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_a_code_in_a_later_frame_is_read(kind: str) -> None:
    drawn = on(photo(), (code(TELEGRAM), (0, 0)))
    assert read_picture(animation(photo(), photo(), drawn, kind=kind)) == (TELEGRAM,)


def test_the_second_picture_of_a_phones_jpeg_does_no_harm() -> None:
    assert read_picture(animation(code(TELEGRAM), photo(), kind="MPO")) == (TELEGRAM,)
    assert attachment(animation(code(TELEGRAM), photo(), kind="MPO")).kind == "image/jpeg"


def test_many_codes_leave_the_telling_ones() -> None:
    goods = [(code(f"{number:013}", 2), (number % 5 * 100, number // 5 * 100)) for number in range(10)]
    found = read_picture(
        file(on(photo(520, 420), *goods, (code(WECHAT, 2), (0, 220)), (code(TELEGRAM, 2), (200, 220))))
    )
    assert set(found[:2]) == {WECHAT, TELEGRAM}
    assert len(found) == CODES


def test_one_content_is_told_once() -> None:
    assert read_picture(file(on(photo(), (code(WECHAT), (0, 0)), (code(WECHAT), (200, 0))))) == (WECHAT,)


def test_nothing_hides_at_the_end_of_a_long_content() -> None:
    long = "A" * 2500 + TELEGRAM
    assert read_picture(file(code(long, 3))) == (long[CODE_LENGTH:], long[:CODE_LENGTH])


def test_bytes_that_are_no_text_travel_all_the_same() -> None:
    drawn = Image.fromarray(zxingcpp.create_barcode(b"\xff\xfe\x00\xd8", Format.QRCode).to_image(scale=3))
    assert read_picture(file(drawn))[0].encode()


# ---- what is refused --------------------------------------------------------------------------------------------
@pytest.mark.parametrize("content", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", file(photo(), "BMP")])
def test_another_format_is_told(content: bytes) -> None:
    assert broken(content) == "kind"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_file_cut_short_is_told(kind: str) -> None:
    whole = file(Image.effect_noise((300, 200), 60), kind)
    assert broken(whole[: len(whole) // 2]) == "broken"


def test_a_bomb_is_told_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    end = struct.pack(">I", zlib.crc32(chunk)) + file(photo())[33:]
    assert broken(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + end) == "pixels"
    assert broken(file(Image.new("1", (6000, 5000)))) == "pixels"


def test_too_many_bytes_are_told() -> None:
    assert broken(file(photo()) + bytes(BYTES)) == "heavy"


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), data=st.data())
def test_a_damaged_file_is_read_or_told(kind: str, data: st.DataObject) -> None:
    drawn = code("x", 2)
    whole = bytearray(file(drawn, kind) if kind == "JPEG" else animation(photo(*drawn.size), drawn, kind=kind))
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), min_size=1, max_size=20)):
        whole[place] = data.draw(st.integers(0, 255))
    try:
        read_picture(bytes(whole))
        still(bytes(whole), 30)
    except PictureError as fault:
        assert fault.why in {"broken", "kind", "pixels"}


def test_a_picture_full_of_false_codes_takes_bounded_time() -> None:
    ring = np.pad(np.ones((7, 7)), ((0, 2), (0, 2)))
    ring[1:6, 1:6] = 0
    ring[2:5, 2:5] = 1
    began = time.thread_time()
    read_picture(file(Image.fromarray((np.tile(1 - ring, (330, 440)) * 255).astype(np.uint8))))
    assert time.thread_time() - began < 8  # the reader alone takes 45 s for it


# ---- the copy ---------------------------------------------------------------------------------------------------
def test_a_copy_is_upright_small_and_without_notes() -> None:
    marks = Image.Exif()
    marks[0x0112], marks[0x010F] = 6, "a maker's name"
    taken = file(photo(4000, 1000), "JPEG", exif=marks, comment=b"a comment")
    assert b"a maker's name" in taken
    copy = still(taken, 800)
    assert (copy.size, copy.mode, copy.info) == ((200, 800), "RGB", {})
    shown = file(copy, "JPEG")
    assert (b"a maker's name" in shown, b"a comment" in shown) == (False, False)


def test_a_copy_of_an_animation_is_its_first_frame_on_white() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    assert still(animation(clear, Image.new("RGBA", (20, 20), "blue"), kind="WEBP"), 100).getpixel((5, 5)) == (255,) * 3
    assert still(file(photo(30, 20)), 100).size == (30, 20)


# ---- what an adapter attaches ------------------------------------------------------------------------------------
def test_an_attachment_travels_with_what_its_picture_says() -> None:
    found = attachment(file(code(TELEGRAM)), name="promo.jpg", url="https://cdn.example/1", text="x" * 3000)
    assert (found.kind, found.codes, len(found.text)) == ("image/png", (TELEGRAM,), READ_LENGTH)
    message = Message(id="m1", place=SHOP, author=Author(id="a"), attachments=(found,))
    assert Message.model_validate_json(message.model_dump_json()) == message


def test_an_attachment_written_before_codes_were_read_still_loads() -> None:
    old = json.dumps({"name": "a.png", "kind": "image/png", "url": ""})
    assert Attachment.model_validate_json(old).codes == ()
