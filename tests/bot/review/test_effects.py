"""What each action does in the chats and what the member reads: the same for a person's decision and the policy's."""

from __future__ import annotations

import pytest

from bot.review.effects import carrying_out, taking_back
from moderation.policy import load, parse
from moderation.types import ENFORCING, UNDO, Action, Author, Case, Decision, Enforce, Message, Place, Say

PLACE = Place(platform="discord", community="tea", channel="1")
WORDS = {
    "warn": "这次予以保留",
    "remove": "消息已移除",
    "timeout": "发言已暂停 1 小时",
    "mute": "直到管理员解除",
    "kick": "可以重新加入",
    "ban": "已被移出本群",
}


def decided(action: Action) -> Case:
    message = Message(id="m1", place=PLACE, author=Author(id="li", name="Li"), text="加微信返利")
    seconds = 3600 if action == "timeout" else 0
    decision = Decision(case="7KQF2M9D", action=action, by="policy", reason="abuse", seconds=seconds, strikes=1)
    return Case(id="7KQF2M9D", kind="moderation", subject=message, state="settled", decision=decision)


@pytest.mark.parametrize("action", ENFORCING)
def test_the_member_reads_the_reason_and_how_to_disagree(action: Action) -> None:
    case = decided(action)
    assert case.decision is not None
    *steps, notice = carrying_out(load(), case, case.decision)
    done = [step.action for step in steps if isinstance(step, Enforce)]
    assert done == {"warn": [], "remove": ["delete"]}.get(action, ["delete", action])
    assert isinstance(notice, Say)
    assert (notice.to, notice.reply_to) == ("li", "m1" if action == "warn" else None)
    assert [part in notice.text for part in (WORDS[action], load().explain("abuse", "zh"), "/申诉 7KQF2M9D")] == [
        True
    ] * 3
    assert case.subject.text not in notice.text


@pytest.mark.parametrize("action", ENFORCING)
def test_what_can_be_taken_back_is_and_the_chat_is_told(action: Action) -> None:
    *steps, told = taking_back(decided(action))
    back = {str(done): undone for done, undone in UNDO.items()}.get(action)
    assert [step.action for step in steps if isinstance(step, Enforce)] == ([back] if back else [])
    assert isinstance(told, Say)
    assert ("可以重新发布" in told.text, "提醒" in told.text) == (action != "warn", action == "warn")


def test_a_ladder_may_have_every_step() -> None:
    text = 'extends = "default"\n[clauses.abuse]\nladder = ["warn", "remove", "timeout 1h", "mute", "kick", "ban"]\n'
    policy = parse(text, "policy.toml")
    assert tuple(policy.rung("abuse", strikes).action for strikes in range(6)) == ENFORCING
