"""`/policy`: the policy in force, shown and changed from the chat; every change is a version that can be taken back."""

from __future__ import annotations

import asyncio
import re

from bot.commands.call import Call, Carry, Reach
from bot.commands.parsing import CommandError
from bot.outcome import Outcome
from bot.words import words
from moderation.policy import Policy, PolicyError, known_clause, parse
from moderation.policy.book import FILE, Moved, PolicyBook
from moderation.policy.changes import changes, step
from moderation.policy.proof import Again, ProofBook, repeated
from moderation.policy.shadow import ShadowBook
from moderation.policy.words import Unfit, worded
from moderation.types import Lang

ANYWAY = ("anyway", "仍然", "确认")
"""Words behind a change that confirm it."""
CASES = 5
"""Cases that a warning names."""
SETTINGS = ("review_at", "act_at", "severity", "strikes", "shadow", "ladder")
"""What of a clause can be set in a chat; its words are changed in the file."""


async def policy(reach: Reach, call: Call) -> Outcome:
    """Shows the policy, or changes it. A change that cannot be used is told with its faults, and changes nothing."""
    verb, _, rest = call.typed.partition(" ")
    work = {"": _show, "show": _show, "set": _set, "shadow": _shadow, "rollback": _rollback}.get(verb.casefold())
    if work is None:
        raise CommandError("/policy: write show, set, shadow or rollback")
    try:
        return call.told(await work(reach, call, rest.strip()))
    except PolicyError as fault:
        return call.told(call.says("policy_fault", fault=told_in(call.lang, fault)))


def told_in(lang: Lang, error: PolicyError) -> str:
    """The faults in that language, one a line. Whoever types a command sees no file, so that no line is named."""
    return "\n".join(worded(fault, words(lang).under("fault")) for fault in error.faults)


async def _show(reach: Reach, call: Call, clause: str) -> str:
    sitting = await reach.bench.sitting(call.community.name)
    found = sitting.judge.policy
    if clause:
        return f"{_line(found, clause, call)}\n{found.explain(clause, call.lang)}"
    beside = f"{sitting.shadow.policy.name}@{sitting.shadow.policy.version}" if sitting.shadow else "-"
    head = call.says("policy_is", policy=f"{found.name}@{found.version}", shadow=beside)
    return "\n".join([head, *(_line(found, name, call) for name in found.clauses)])


def _line(found: Policy, name: str, call: Call) -> str:
    """A clause in a line. Raises PolicyError where the policy does not have it."""
    clause = found.clause(name)
    title = clause.title.of(call.lang)
    ladder = " > ".join(step(rung.action, rung.seconds) for rung in clause.ladder)
    shadow = " (shadow)" if clause.shadow else ""
    return f"- {name}{shadow} ({title}): {clause.review_at:g} / {clause.act_at:g}; {ladder}"


async def _set(reach: Reach, call: Call, change: str) -> str:
    book, community, note = reach.books.policies, call.community.name, _note(call)
    before = await _text(reach, call)
    change, anyway = _sure(change)
    text = with_setting(before, *_change(change))
    told = changes(parse(before, "policy"), parse(text, "/policy set"))
    if not told:
        return call.says("policy_same")
    again = () if anyway else await _again(reach, community, parse(text, "/policy set"))
    if again:
        cases = ", ".join(one.case for one in again[:CASES])
        return call.says("policy_mistakes", n=len(again), cases=cases, change=change)
    moved = await book.set(community, text, where="/policy set", by=call.by, note=note)
    return "\n".join([_moved(call, moved), *told])


def _sure(change: str) -> tuple[str, bool]:
    """The change without the word that confirms it, and whether that was there."""
    rest, _, last = change.rpartition(" ")
    return (rest.strip(), True) if last.casefold() in ANYWAY else (change, False)


async def _again(reach: Reach, community: str, new: Policy) -> tuple[Again, ...]:
    """The mistakes that a policy would make again and the one in force would not."""
    examples = await ProofBook(reach.books.streams.redis).overturned(community)
    if not examples:
        return ()
    judge = (await reach.bench.sitting(community)).judge
    return await asyncio.to_thread(repeated, judge, new, examples)


async def _shadow(reach: Reach, call: Call, change: str) -> str:
    book, community = reach.books.policies, call.community.name
    if change.casefold() in ("off", "end", "关闭"):
        await book.end_shadow(community, call.by)
        return call.says("shadow_ended")
    if not change:
        return await _compared(reach, call)
    text = with_setting(await _text(reach, call), *_change(change))
    moved = await book.shadow(community, text, where="/policy shadow", by=call.by, note=_note(call))
    return call.says("shadow_is", version=moved.now)


async def _compared(reach: Reach, call: Call) -> str:
    """What the policy in shadow ruled otherwise so far."""
    sitting = await reach.bench.sitting(call.community.name)
    if sitting.shadow is None:
        return call.says("shadow_none")
    live, beside = (f"{judge.policy.name}@{judge.policy.version}" for judge in (sitting.judge, sitting.shadow))
    book = ShadowBook(reach.books.streams.redis, reach.books.cases)
    found = await book.report(call.community.name, live, beside, examples=0)
    lines = [f"- {one.old} -> {one.new}: {one.count}" for one in found.transitions]
    return "\n".join([call.says("compared", n=found.messages, same=found.unchanged, shadow=beside), *lines])


async def _rollback(reach: Reach, call: Call, to: str) -> str:
    book, community, note = reach.books.policies, call.community.name, _note(call)
    if await _was_done(book, community, note):
        return _moved(call, Moved("", (await book.in_force(community)).live))
    if not to:
        start = (await book.in_force(community)).live
        return _moved(call, await book.step_back(community, start, by=call.by, note=note))
    version = to if to == FILE else (await book.get(community, to)).version
    return _moved(call, await book.rollback(community, version, by=call.by, note=note))


async def _was_done(book: PolicyBook, community: str, note: str) -> bool:
    """Whether this very command was carried out before: after a crash it comes again, and must not step back twice."""
    return any(change.note == note for change in await book.log(community))


def _note(call: Call) -> str:
    return f"chat {call.message.key}"[:500]


def _moved(call: Call, moved: Moved) -> str:
    return call.says("policy_moved", version=moved.now)


async def _text(reach: Reach, call: Call) -> str:
    """The text that a change begins from: what is in force here, or else in the house, or the settings' file."""
    communities = (call.community.name, reach.books.communities.house)
    return await reach.books.policies.text(communities, reach.file)


def _change(change: str) -> tuple[str, str, str]:
    """`scam_fraud act_at 0.9` in its parts. Raises CommandError, and PolicyError for a clause that there is none of."""
    parts = " ".join(change.replace("=", " ").split()).split(" ", 2)
    if len(parts) != 3 or parts[1] not in SETTINGS:
        raise CommandError(f"/policy set: write CLAUSE, one of {', '.join(SETTINGS)}, and its value")
    clause, setting, value = parts
    try:
        return known_clause(clause), setting, _toml(setting, value)
    except Unfit as unfit:
        raise PolicyError(unfit.fault) from unfit


def _toml(setting: str, value: str) -> str:
    """A value as the file writes it: `remove > timeout 1h > ban` is a list, `never` a word."""
    if setting == "ladder":
        steps = [re.sub(r'["\\\[\]]', "", part).strip() for part in re.split(r"[>,，]", value)]
        return "[" + ", ".join(f'"{part}"' for part in steps if part) + "]"
    return '"never"' if value.casefold() == "never" else value.casefold()


def with_setting(text: str, clause: str, setting: str, value: str) -> str:
    """A policy's text with one setting of a clause replaced or added; comments and all else stay as they are."""
    lines = text.splitlines()
    header = re.compile(rf"^\s*\[\s*clauses\s*\.\s*{re.escape(clause)}\s*\]\s*(#.*)?$")
    start = next((number for number, line in enumerate(lines) if header.match(line)), None)
    new = f"{setting} = {value}"
    if start is None:
        return "\n".join([*lines, "", f"[clauses.{clause}]", new, ""])
    end = next((at for at in range(start + 1, len(lines)) if re.match(r"^\s*\[\[?\s*[\w\"]", lines[at])), len(lines))
    at = next((at for at in range(start + 1, end) if re.match(rf"^\s*{setting}\s*=", lines[at])), None)
    if at is None:
        return "\n".join([*lines[: start + 1], new, *lines[start + 1 :], ""])
    return "\n".join([*lines[:at], new, *lines[at + 1 :], ""])


CARRY: dict[str, Carry] = {"policy": policy}
