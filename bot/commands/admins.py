"""What admins tell the bot: what it knows, how far it may go, who may do what, and how it fares."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast, get_args

import re2

from bot.commands.call import Call, Carry, Reach
from bot.commands.finding import called, member_named, shown
from bot.commands.parsing import CommandError
from bot.commands.teaching import taught
from bot.groups.channels import profiling
from bot.groups.communities import LEAST, MODES, keeping
from bot.groups.setup import open_setup
from bot.knowledge.learnt import TAUGHT
from bot.knowledge.proposals import Proposals, approving, may_approve
from bot.knowledge.shelf import Shelf, forgetting, teaching
from bot.outcome import Outcome
from bot.review.effects import in_reply
from bot.words import LANGS, words
from moderation.members import Standing, admin, giving, naming, reaches, role, trusting
from moderation.types import TIERS, Profile, Tier, Trust

TITLES = 20
"""Documents that /knowledge shows."""
WEEK = timedelta(days=7)

_PERCENT = re2.compile(r"^(\d{1,3})\s?[%％]$")
_AS_SET = ("default", "默认")
_LOG = {"on": True, "off": False, "开": True, "关": False}
_ROLE = re2.compile(r"^(?:<@&(\d+)>|(?:role|角色)[:： ]\s*(\S+))$")


async def teach(_reach: Reach, call: Call) -> Outcome:
    """Keeps a lesson as a document; it is quoted from that moment on."""
    document = taught(call.message)
    said = in_reply(call.message, words(call.lang)("say.taught", title=document.title), "answer")
    line = call.setting(f"knowledge taught: {document.id}")
    return Outcome("answered", (said,), (*teaching(call.community.name, document), line))


async def knowledge(reach: Reach, call: Call) -> Outcome:
    """The documents' titles, or one of them taken out."""
    documents = await Shelf(reach.books.streams.redis, call.community.name).list()
    verb, _, title = call.typed.partition(" ")
    if verb.casefold() in ("", "list", "列表"):
        titles = [f"- {one.title}" for one in documents[:TITLES]]
        return call.told("\n".join([call.says("documents", n=len(documents)), *titles]))
    if verb.casefold() in ("pending", "approve", "待批", "批准"):
        return await _proposals(reach, call, title.strip())
    if verb.casefold() not in ("delete", "删除") or not title.strip():
        raise CommandError("/knowledge: write list, delete TITLE, pending, or approve ID")
    wanted = title.strip().casefold()
    gone = [one.id for one in documents if wanted in (one.title.casefold(), one.id.casefold())]
    if not gone:
        return call.told(call.says("no_document", title=title.strip()))
    deleted = (*forgetting(call.community.name, gone), call.setting(f"knowledge deleted: {', '.join(gone)}"))
    return call.told(call.says("deleted", title=title.strip()), *deleted)


async def _proposals(reach: Reach, call: Call, id_: str) -> Outcome:
    """Saved answers that wait for a second person, or one of them approved."""
    proposals, community = Proposals(reach.books.streams.redis, call.community.name), call.community.name
    if not id_:
        lines = [f"- {one.id.removeprefix(TAUGHT)}: {one.title}" for one in await proposals.list()]
        return call.told("\n".join([call.says("proposed", n=len(lines)), *lines]))
    document = await proposals.get(TAUGHT + id_.upper())
    if document is None:
        return call.told(call.says("no_document", title=id_))
    if not may_approve(document, call.by, call.tier):
        return call.told(call.says("own_proposal"))
    line = call.setting(f"knowledge approved: {document.id}")
    return call.told(call.says("approved", title=document.title), *approving(community, document, call.by), line)


async def channel(_reach: Reach, call: Call) -> Outcome:
    """What this channel is for."""
    typed = call.typed.casefold().removeprefix("profile").strip()
    profile = cast(Profile | None, _choice(typed, get_args(Profile), "profile"))
    if profile is None:
        raise CommandError(f"/channel: write one of {', '.join(get_args(Profile))}")
    told = call.says("placed", profile=words(call.lang)(f"profile.{profile}"))
    place = call.message.place
    return call.told(told, profiling(place, profile), call.setting(f"channel {place.address}: {profile}"))


async def trust(reach: Reach, call: Call) -> Outcome:
    """How far a member is trusted, whatever it has earned so far."""
    who, _, last = call.typed.rpartition(" ")
    given = cast(Trust | None, _choice(last.casefold(), get_args(Trust), "trust"))
    author = await member_named(reach.books.history, call.message, who.strip())
    if given is None:
        raise CommandError(f"/trust: write a member and one of {', '.join(get_args(Trust))}")
    if author is None:
        return call.told(call.says("no_member", name=who.strip()))
    told = call.says("trusted", name=author.name or author.id, trust=words(call.lang)(f"trust.{given}"))
    changed = call.setting(f"trust of {admin(call.message.place.platform, author.id)}: {given}")
    return call.told(told, *trusting(call.community.name, author.id, given), changed)


async def roles(reach: Reach, call: Call) -> Outcome:
    """Who may do what here, or a tier for a member or a platform's role; only an owner gives the own tier."""
    given = await reach.books.members.appointed(call.community.name)
    if not call.typed:
        known = await called(reach.books, call.community.name)
        tiers = ((shown(name, known), words(call.lang)(f"tier.{tier}")) for name, tier in sorted(given.items()))
        lines = [f"- {name}: {tier}" for name, tier in tiers]
        return call.told("\n".join([call.says("appointed", n=len(given)), *lines]))
    who, _, last = call.typed.rpartition(" ")
    tier = cast(Tier | None, _choice(last.casefold(), TIERS, "tier"))
    if tier is None:
        raise CommandError(f"/roles: write a member or a role, and one of {', '.join(TIERS)}")
    found = await _appointee(reach, call, who.strip())
    if found is None:
        return call.told(call.says("no_member", name=who.strip()))
    name, heard = found
    if call.tier != "owner" and any(reaches(one, call.tier) for one in (tier, given.get(name, "member"))):
        return call.told(call.says("below_own", tier=words(call.lang)(f"tier.{call.tier}")))
    known = await called(reach.books, call.community.name) | heard
    told = call.says("given", name=shown(name, known), tier=words(call.lang)(f"tier.{tier}"))
    changed = call.setting(f"tier of {name}: {given.get(name, 'member')} -> {tier}")
    named = (naming(call.community.name, heard),) if heard else ()
    return call.told(told, *giving(call.community.name, name, tier), *named, changed)


async def _appointee(reach: Reach, call: Call, who: str) -> tuple[str, dict[str, str]] | None:
    """What the book of members calls a role or a member; with what people call the member, where that is known."""
    platform, found = call.message.place.platform, _ROLE.search(who)
    if found:
        return role(platform, found.group(1) or found.group(2)), {}
    author = await member_named(reach.books.history, call.message, who)
    if author is None:
        return None
    name = admin(platform, author.id)
    return name, {name: author.name} if author.name else {}


async def mode(_reach: Reach, call: Call) -> Outcome:
    """How far the bot may go here."""
    typed = call.typed.casefold()
    wanted = _choice(typed, MODES, "mode")
    if typed and wanted is None:
        raise CommandError(f"/mode: write one of {', '.join(MODES)}")
    now = call.community.model_copy(update={"mode": wanted or call.community.mode})
    told = call.says("mode_is", mode=words(call.lang)(f"mode.{now.mode}"))
    changed = call.setting(f"mode: {call.community.mode} -> {now.mode}")
    return call.told(told, keeping(now), changed) if wanted else call.told(told)


async def confidence(_reach: Reach, call: Call) -> Outcome:
    """From which confidence on the bot answers here, instead of what the settings say."""
    if not call.typed:
        return call.told(_answers_from(call, call.community.confidence))
    try:
        now, line = call.community.with_confidence(_number(call.typed))
    except ValueError as fault:
        raise CommandError(f"/confidence: write a number from {LEAST} to 1, or default") from fault
    return call.told(_answers_from(call, now.confidence), keeping(now), call.setting(line))


def _answers_from(call: Call, confidence: float | None) -> str:
    if confidence is None:
        return call.says("confidence_as_set")
    return call.says("confidence_is", confidence=f"{confidence:.2f}")


def _number(typed: str) -> float | None:
    """`0.65` and `65 %`; None for the default. Raises ValueError for what is no number."""
    if typed.casefold() in _AS_SET:
        return None
    percent = _PERCENT.search(typed)
    return float(percent[1]) / 100 if percent else float(typed)


async def desk(_reach: Reach, call: Call) -> Outcome:
    """This channel becomes the moderators' desk, or the desk is shown what the policy does by itself, or no more."""
    if not call.typed:
        moved = call.community.with_desk(call.message.place)
        line = call.setting(f"desk: {call.community.desk or '-'} -> {moved.desk}")
        return call.told(call.says("desk_is"), keeping(moved), line)
    word = re2.sub(r"^(?i:log|记录)\s*", "", call.typed).casefold()
    if word not in _LOG or word == call.typed.casefold():
        raise CommandError("/desk: write /desk, /desk log on or /desk log off")
    changed = call.community.model_copy(update={"desk_log": _LOG[word]})
    line = call.setting(f"desk log: {'on' if changed.desk_log else 'off'}")
    return call.told(call.says("desk_log_on" if changed.desk_log else "desk_log_off"), keeping(changed), line)


async def setup(reach: Reach, call: Call) -> Outcome:
    """The guided set-up: the next step, or what the word behind it says."""
    return await open_setup(reach.books, reach.rights).step(call.message, Standing("new", 0, call.tier))


async def stats(reach: Reach, call: Call) -> Outcome:
    """Cases, and the answers of a week with their votes."""
    counts = await reach.books.cases.counts(call.community.name)
    today = datetime.now(UTC).date()
    days = await reach.books.feedback.days(call.community.name, today - WEEK, today)
    totals = [sum(numbers) for numbers in zip(*(day.total for day in days), strict=True)] or [0, 0, 0, 0]
    answers = dict(zip(("answers", "up", "down", "person"), totals, strict=True))
    return call.told(call.says("counted", **{**counts._asdict(), **answers}))


async def health(reach: Reach, call: Call) -> Outcome:
    """Whether the house works: its Redis, what waits, and what is in force."""
    started = time.perf_counter()
    await reach.books.streams.redis.ping()
    took = (time.perf_counter() - started) * 1000
    waiting = {kind: n for kind, n in (await reach.books.streams.backlog(call.community.name)).items() if n}
    policy = (await reach.bench.sitting(call.community.name)).judge.policy
    told = call.says(
        "healthy",
        ms=f"{took:.1f}",
        waiting=", ".join(f"{kind} {n}" for kind, n in waiting.items()) or "0",
        policy=f"{policy.name}@{policy.version}",
        mode=words(call.lang)(f"mode.{call.community.mode}"),
        desk=call.community.desk or "-",
    )
    return call.told(told)


def _choice(typed: str, choices: tuple[str, ...], room: str) -> str | None:
    """The choice that was typed, in its own name or as the table of words calls it in either language."""
    named: Mapping[str, str] = {words(lang)(f"{room}.{one}").casefold(): one for lang in LANGS for one in choices}
    return typed if typed in choices else named.get(typed)


CARRY: dict[str, Carry] = {
    "teach": teach,
    "knowledge": knowledge,
    "channel": channel,
    "trust": trust,
    "roles": roles,
    "mode": mode,
    "confidence": confidence,
    "desk": desk,
    "setup": setup,
    "stats": stats,
    "health": health,
}
