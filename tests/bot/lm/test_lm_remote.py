"""The OpenAI-compatible backend, over a real socket."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any, Literal

import pytest

from bot.lm import LmError, LmTimeout, check_model, open_lm
from bot.lm.bounded import Bounded
from bot.lm.choice import Choice
from bot.lm.types import Completion
from tests.peers.openai_server import OpenAiServer, serving


async def opened(url: str, model: str | None = None, timeout_s: float = 20.0, key: str | None = None) -> Bounded:
    return await open_lm(cache=Path("/nowhere"), url=url, model=model, key=key, timeout_s=timeout_s)


async def test_each_prompt_is_streamed_and_answers_come_in_the_order_of_the_prompts() -> None:
    async with serving(OpenAiServer(answers={"fees": "5% of the price\nand more", "时间": " 周二 "})) as server:
        lm = await opened(server.url, key="secret")
        said = await lm.complete(["fees?", "时间?"], max_tokens=7)
        await lm.close()
    assert [one.text for one in said] == ["5% of the price", "周二"]
    assert [one.refusal for one in said] == [None, None]
    assert sorted(asked["prompt"] for asked in server.asked) == ["fees?", "时间?"]
    for asked in server.asked:
        assert (asked["model"], asked["max_tokens"], asked["temperature"]) == ("stub-7b", 7, 0)
        assert (asked["stop"], asked["stream"]) == (["\n"], True)
    assert server.keys == ["Bearer secret"] * 2


async def test_the_time_to_the_first_token_is_told() -> None:
    async with serving(OpenAiServer(answers={"fees": "5%"}, delay_s=0.05)) as server:
        lm = await opened(server.url, model="named")
        (said,) = await lm.complete(["fees?"], max_tokens=7)
        await lm.close()
    assert said.first_ms is not None
    assert said.first_ms >= 50


def test_the_first_token_is_the_first_with_letters() -> None:
    made = Choice()
    for at_ms, text in ((1.0, ""), (5.0, "5"), (9.0, "%")):
        made.add({"choices": [{"text": text}]}, at_ms)
    assert made.completion() == Completion("5%", 0.0, 2, first_ms=5.0)


@pytest.mark.parametrize("dialect", ["openai", "llama.cpp"])
@pytest.mark.parametrize("streams", ["yes", "no"])
async def test_probabilities_are_read_where_the_server_gives_them(
    dialect: Literal["openai", "llama.cpp"], streams: Literal["yes", "no"]
) -> None:
    told = {"NONE": math.log(0.5), " NO": math.log(0.25), "5": math.log(0.2)}
    server = OpenAiServer(answers={"fees": "5%"}, logprobs=told, dialect=dialect, streams=streams)
    async with serving(server):
        lm = await opened(f"{server.url}/v1/", model="named")
        (said,) = await lm.complete(["fees?"], max_tokens=7)
        await lm.close()
    assert (said.logprob, said.tokens) == (-0.5, 2)
    assert said.refusal == pytest.approx(0.75)
    assert (said.first_ms is None) == (streams == "no")
    assert server.asked[0]["model"] == "named"


async def test_a_server_that_refuses_to_stream_is_asked_without_and_that_is_remembered() -> None:
    async with serving(OpenAiServer(answers={"fees": "5%"}, streams="refused")) as server:
        lm = await opened(server.url, model="named")
        said = [(await lm.complete(["fees?"], max_tokens=7))[0] for _ in range(2)]
        await lm.close()
    assert [(one.text, one.first_ms) for one in said] == [("5%", None)] * 2
    assert ["stream" in asked for asked in server.asked] == [True, False, False]


async def test_a_refusal_that_had_another_reason_is_told_and_streams_are_tried_again() -> None:
    async with serving(OpenAiServer(answers={"fees": "5%"}, status=400)) as server:
        lm = await opened(server.url, model="named")
        with pytest.raises(LmError, match="answered 400"):
            await lm.complete(["fees?"], max_tokens=7)
        server.status = 200
        (said,) = await lm.complete(["fees?"], max_tokens=7)
        await lm.close()
    assert said.first_ms is not None


async def test_a_server_that_does_not_stop_at_the_line_s_end_is_left_there() -> None:
    async with serving(OpenAiServer(answers={"fees": "5%\n" + "and on " * 2000}, delay_s=0.001)) as server:
        lm = await opened(server.url, model="named")
        (said,) = await lm.complete(["fees?"], max_tokens=7)
        await until_left(server, 1)
        await lm.close()
    assert said.text == "5%"


async def test_a_caller_that_leaves_takes_its_requests_with_it() -> None:
    async with serving(OpenAiServer(answers={"": "word " * 2000}, delay_s=0.01)) as server:
        lm = await opened(server.url, model="named")
        leaving = asyncio.create_task(lm.complete(["one", "two"], max_tokens=7))
        while len(server.asked) < 2:
            await asyncio.sleep(0.01)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        await until_left(server, 2)
        await lm.close()
    assert sorted(server.left) == ["one", "two"]


async def until_left(server: OpenAiServer, number: int) -> None:
    async with asyncio.timeout(60):
        while len(server.left) < number:
            await asyncio.sleep(0.01)


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


@pytest.mark.parametrize("streams", ["yes", "no"])
@pytest.mark.parametrize("choices", [[{"index": 0}], [], "nonsense"])
async def test_something_else_behind_the_address_is_told_clearly(choices: Any, streams: Literal["yes", "no"]) -> None:
    server = OpenAiServer(streams=streams)
    server._body = lambda text, tokens: {"choices": choices}  # type: ignore[method-assign]
    async with serving(server):
        lm = await opened(server.url, model="named")
        with pytest.raises(LmError, match="not answer like an OpenAI-compatible server"):
            await lm.complete(["fees?"], max_tokens=7)
        await lm.close()


async def test_an_answer_that_breaks_off_is_none() -> None:
    async with serving(OpenAiServer(answers={"fees": "5% of"}, streams="breaks")) as server:
        lm = await opened(server.url, model="named")
        with pytest.raises(LmError, match="broke off with an error"):
            await lm.complete(["fees?"], max_tokens=7)
        await lm.close()


async def test_doctor_names_the_server_that_answers() -> None:
    async with serving(OpenAiServer(answers={"Payouts": "Monday"})) as server:
        assert "answers in" in await check_model(cache=Path("/nowhere"), url=server.url, model="named")
