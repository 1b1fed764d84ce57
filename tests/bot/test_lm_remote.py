"""The OpenAI-compatible backend, over a real socket."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bot.lm import LmError, LmTimeout, check_model, open_lm
from bot.lm.bounded import Bounded
from tests.peers.openai_server import OpenAiServer, serving


async def opened(url: str, model: str | None = None, timeout_s: float = 10.0, key: str | None = None) -> Bounded:
    return await open_lm(cache=Path("/nowhere"), url=url, model=model, key=key, timeout_s=timeout_s)


async def test_answers_come_back_in_the_order_of_the_prompts() -> None:
    async with serving(OpenAiServer(answers={"fees": "5%\nand more", "时间": " 周二 "})) as server:
        lm = await opened(server.url, key="secret")
        said = await lm.complete(["fees?", "时间?"], max_tokens=7)
        await lm.close()
    assert [one.text for one in said] == ["5%", "周二"]
    assert [one.refusal for one in said] == [None, None]
    (asked,) = server.asked
    assert (asked["model"], asked["max_tokens"], asked["temperature"], asked["stop"]) == ("stub-7b", 7, 0, ["\n"])
    assert server.keys == ["Bearer secret"]


async def test_probabilities_are_read_where_the_server_gives_them() -> None:
    told = {"NONE": math.log(0.5), " NO": math.log(0.25), "5": math.log(0.2)}
    async with serving(OpenAiServer(answers={"fees": "5%"}, logprobs=told)) as server:
        lm = await opened(f"{server.url}/v1/", model="named")
        (said,) = await lm.complete(["fees?"], max_tokens=7)
        await lm.close()
    assert (said.logprob, said.tokens) == (-1.0, 2)
    assert said.refusal == pytest.approx(0.75)
    assert server.asked[0]["model"] == "named"


@pytest.mark.parametrize("status", [401, 404, 500, 503])
async def test_a_server_that_fails_is_told_with_its_status_and_without_the_key(status: int) -> None:
    async with serving(OpenAiServer(status=status)) as server:
        lm = await opened(server.url, model="named", key="secret-key")
        with pytest.raises(LmError, match=f"answered {status}") as told:
            await lm.complete(["fees?"], max_tokens=7)
        await lm.close()
    assert "secret-key" not in str(told.value)


async def test_a_server_that_is_down_is_an_error_and_works_again_once_it_is_up() -> None:
    async with serving(OpenAiServer()) as gone:
        pass
    lm = await opened(gone.url, model="named")
    with pytest.raises(LmError, match="is the server up"):
        await lm.complete(["fees?"], max_tokens=7)
    await lm.close()


async def test_a_slow_server_is_a_timeout() -> None:
    async with serving(OpenAiServer(delay_s=1.0)) as server:
        lm = await opened(server.url, model="named", timeout_s=0.2)
        with pytest.raises(LmTimeout):
            await lm.complete(["fees?"], max_tokens=7)
        await lm.close()


async def test_something_else_behind_the_address_is_told_clearly() -> None:
    server = OpenAiServer()
    server._choice = lambda index, prompt: {"index": index}  # type: ignore[method-assign]
    async with serving(server):
        lm = await opened(server.url, model="named")
        with pytest.raises(LmError, match="not answer like an OpenAI-compatible server"):
            await lm.complete(["fees?"], max_tokens=7)
        await lm.close()


async def test_doctor_names_the_server_that_answers() -> None:
    async with serving(OpenAiServer(answers={"Payouts": "Monday"})) as server:
        assert "answers in" in await check_model(cache=Path("/nowhere"), url=server.url, model="named")
