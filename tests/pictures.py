"""Pictures for the tests, made on the spot."""

from __future__ import annotations

import io

import zxingcpp
from PIL import Image

TELEGRAM = "https://t.me/fastcash88"
WECHAT = "https://u.wechat.com/EJk3b-abc123?s=2"


def code(text: str, scale: int = 4, kind: zxingcpp.BarcodeFormat = zxingcpp.BarcodeFormat.QRCode) -> Image.Image:
    """A code on white, `scale` pixels a module."""
    return Image.fromarray(zxingcpp.create_barcode(text, kind).to_image(scale=scale)).convert("L")


def file(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as a file of that kind."""
    held = io.BytesIO()
    image.save(held, kind, **options)
    return held.getvalue()


def animation(*frames: Image.Image, kind: str = "GIF") -> bytes:
    """The pictures one after the other in one file."""
    return file(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def photo(width: int = 400, height: int = 300) -> Image.Image:
    """A picture with a shade in it and without a code."""
    return Image.linear_gradient("L").resize((width, height)).convert("RGB")
