"""What a picture says: the contents of its QR and bar codes, read from its bytes without a network.

A picture comes from a stranger. Its size is checked before it is decoded, a broken one is a PictureError, and the time
for a crafted one is bounded. What is called here is slow for an event loop (0.3 s for a photo of 12 megapixels): use
`asyncio.to_thread`; the decoders work side by side with other threads.
"""

from __future__ import annotations

import io
import re
import struct
import time
import zlib
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import zxingcpp
from PIL import Image, ImageOps, UnidentifiedImageError

from moderation.errors import XiaoerError
from moderation.types import CODE_LENGTH, CODES, READ_LENGTH, Attachment

BYTES = 20 * 1024 * 1024
"""The largest file that is read."""
PIXELS = 25_000_000
"""The largest picture that is decoded: a camera's 24 megapixels, 100 MB in memory at the most."""
FRAMES = 8
"""Frames of an animation that are read, the first ones, and of a large one as many as PIXELS allow."""
SECONDS = 1.0
"""Time of the processor, decoding apart, after which no further part of a picture is looked at. A photo takes a fifth
of it; it is there for crafted pictures, one part of which may take as long."""
COARSE = 1200
"""Longest side in pixels of the first look, which reads every kind of code."""
TILE, OVERLAP = 1024, 256
"""The second look, for small QR codes, goes over the whole picture in squares, because the reader's time grows faster
than the area where something looks like a code. A code up to OVERLAP pixels wide lies in one square at least."""

KINDS: Final = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
"""The formats read, as Pillow calls them (MPO is how some phones write JPEG)."""

SQUARES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.AllMatrix)
LINES = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.AllLinear)
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)

_TELLING = re.compile(r"[^0-9A-Za-z -]")
"""What a link or a contact has, and the number of a parcel or of goods has not."""

_FAULTS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    ArithmeticError,
    LookupError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What the decoders raise for a file that is not what it says."""

Why = Literal["kind", "heavy", "pixels", "broken"]


class PictureError(XiaoerError):
    """A picture that cannot be read. `why`: another format, too many bytes, too many pixels, or broken."""

    def __init__(self, why: Why, told: str) -> None:
        super().__init__(f"picture: {told}")
        self.why: Why = why


def attachment(content: bytes, *, name: str = "", url: str = "", text: str = "") -> Attachment:
    """What an adapter attaches to a message for a picture that it has downloaded.

    `name` and `url` are the platform's; `text` is what the member told of the picture, such as its alternative text.
    The kind is found in the content. Raises PictureError; the adapter then attaches name, kind and url alone.
    """
    kind = KINDS[open_picture(content).format or ""]
    return Attachment(name=name, kind=kind, url=url, codes=read_picture(content), text=text[:READ_LENGTH])


def read_picture(content: bytes) -> tuple[str, ...]:
    """What the picture's codes say: at most CODES texts of at most CODE_LENGTH characters, each once.

    Codes may be small, turned, mirrored or light on dark. Raises PictureError.
    """
    spent, found = 0.0, dict[str, None]()
    try:
        for look, formats in _looks(content):
            began = time.thread_time()
            found |= dict.fromkeys(_codes(look, formats))
            spent += time.thread_time() - began
            if spent > SECONDS:
                break
    except _FAULTS as fault:
        raise _broken(fault) from None
    return _foremost(found)


def open_picture(content: bytes) -> Image.Image:
    """The picture with its size checked and nothing decoded yet. Raises PictureError."""
    if len(content) > BYTES:
        raise PictureError("heavy", f"it has {len(content):,} bytes; at most {BYTES:,} are read")
    try:
        image = Image.open(io.BytesIO(content), formats=[name for name in KINDS if name != "MPO"])
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError("pixels", f"it has more than {PIXELS:,} pixels; send a smaller one") from None
    except UnidentifiedImageError:
        raise PictureError("kind", "it is no PNG, JPEG, GIF or WebP; send one of these") from None
    except _FAULTS as fault:
        raise _broken(fault) from None
    if image.width * image.height > PIXELS:
        raise PictureError("pixels", f"it has {image.width} x {image.height} pixels; at most {PIXELS:,} are decoded")
    return image


def still(content: bytes, side: int) -> Image.Image:
    """The first frame as RGB, upright, at most `side` pixels wide and high, on white, with nothing of the file's notes.

    Raises PictureError.
    """
    image = open_picture(content)
    try:
        _draft(image, "RGB", side)
        upright = ImageOps.exif_transpose(image)
        flat = _flat(upright, "white").convert("RGB")
        flat.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2)
    except _FAULTS as fault:
        raise _broken(fault) from None
    bare = Image.new("RGB", flat.size)
    bare.paste(flat)
    return bare


def _looks(content: bytes) -> Iterator[tuple[Image.Image, zxingcpp.BarcodeFormats]]:
    """The pictures to look at, in grey, the most telling first, each with the codes to look for."""
    image = open_picture(content)
    _draft(image, "L", COARSE)
    drafted = max(image.size) < max(open_picture(content).size)
    for grey in _greys(image):
        small = _small(grey)
        yield small, SQUARES
        yield small, LINES
    whole = open_picture(content) if drafted else image
    if max(whole.size) > COARSE:
        for grey in _greys(whole):
            yield from ((tile, QR) for tile in _tiles(grey))
    for frame in _further_frames(image):
        yield from ((_small(grey), QR) for grey in _greys(frame))


def _further_frames(image: Image.Image) -> Iterator[Image.Image]:
    if image.format == "MPO" or not getattr(image, "is_animated", False):
        return
    for number in range(1, min(FRAMES, PIXELS // (image.width * image.height))):
        try:
            image.seek(number)
        except EOFError:
            return
        yield image


def _draft(image: Image.Image, mode: Literal["L", "RGB"], side: int) -> None:
    """Have a JPEG decoded at a half, a quarter or an eighth, not below `side`: many times faster. Others stay whole."""
    share = side / max(image.size)
    if share < 1:
        image.draft(mode, (round(image.width * share), round(image.height * share)))


def _greys(image: Image.Image) -> Iterator[Image.Image]:
    """The picture in grey; a transparent one as it looks on white and on black, because chats come in both."""
    for ground in ("white", "black") if image.has_transparency_data else ("white",):
        yield _flat(image, ground).convert("L")


def _flat(image: Image.Image, ground: str) -> Image.Image:
    """Without transparency, and with 8 bits a channel."""
    if image.mode.startswith("I"):
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if not image.has_transparency_data:
        return image
    seen = image.convert("RGBA")
    flat = Image.new("RGB", seen.size, ground)
    flat.paste(seen, mask=seen.getchannel("A"))
    return flat


def _small(grey: Image.Image) -> Image.Image:
    small = grey.copy()
    small.thumbnail((COARSE, COARSE), Image.Resampling.BILINEAR, reducing_gap=2)
    return small


def _tiles(grey: Image.Image) -> Iterator[Image.Image]:
    step = TILE - OVERLAP
    for top in range(0, max(1, grey.height - OVERLAP), step):
        for left in range(0, max(1, grey.width - OVERLAP), step):
            yield grey.crop((left, top, min(left + TILE, grey.width), min(top + TILE, grey.height)))


def _codes(grey: Image.Image, formats: zxingcpp.BarcodeFormats) -> Iterator[str]:
    """What each code holds; a very long one in pieces, so that nothing hides at its end.

    The bars on goods and parcels hold numbers, which a judge of texts would take for a phone's: those are left out.
    """
    for code in zxingcpp.read_barcodes(grey, formats=formats):
        text = code.text.strip()
        if formats is not LINES or _TELLING.search(text):
            yield from (text[start : start + CODE_LENGTH] for start in range(0, len(text), CODE_LENGTH))


def _foremost(found: Iterable[str]) -> tuple[str, ...]:
    """The first CODES; what may be a link or a contact goes before names and numbers, which could crowd it out."""
    return tuple(sorted(found, key=lambda text: not _TELLING.search(text))[:CODES])


def _broken(fault: Exception) -> PictureError:
    if isinstance(fault, PictureError):
        return fault
    return PictureError("broken", f"it is broken or cut short ({type(fault).__name__}: {fault}); save it anew")
