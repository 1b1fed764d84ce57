from __future__ import annotations

import socket

import pytest

from bot.web.serving import address, bind
from moderation.errors import XiaoerError


def test_a_busy_port_is_told_with_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            XiaoerError, match=rf"port {port} is in use on 127\.0\.0\.1; .* set WEB_PORT to another port"
        ):
            bind("127.0.0.1", port, "WEB_PORT")


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(XiaoerError, match=r"address 203\.0\.113\.7: .*; set BIND to an address of this machine"):
        bind("203.0.113.7", 0, "WEB_PORT")


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")])  # noqa: S104
def test_the_address_opens_in_a_browser(host: str, shown: str) -> None:
    with bind(host, 0, "WEB_PORT") as listener:
        assert address(listener) == f"{shown}{listener.getsockname()[1]}"
