from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from bot.web.guard import page_key, same_origin


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"host": "a.example", "origin": "https://a.example"}, True),
        ({"host": "a.example:8080", "origin": "http://a.example:8080"}, True),
        ({"host": "a.example:8080", "origin": "http://a.example:8081"}, False),
        ({"host": "a.example", "origin": "https://b.example"}, False),
        ({"host": "a.example", "origin": "null"}, False),
        ({"host": "a.example"}, False),
        ({"origin": ""}, False),
    ],
)
def test_only_our_own_pages_post(headers: dict[str, str], ours: bool) -> None:
    assert same_origin(Headers(headers)) is ours


def test_each_page_signs_with_a_key_of_its_own() -> None:
    keys = {page_key("one", "community"), page_key("one", "console"), page_key("two", "console")}
    assert len(keys) == 3
    assert page_key("one", "console") == page_key("one", "console")
