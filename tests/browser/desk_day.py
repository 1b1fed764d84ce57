"""A day at a desk, in two languages: what the pages show while they are looked at and photographed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.knowledge.documents import Document
from bot.knowledge.proposals import proposing
from bot.knowledge.shelf import teaching
from moderation.audit import Kind, auditing
from moderation.cases import remarking
from moderation.cases.writes import reporting
from moderation.seals import Sealer
from moderation.types import (
    Author,
    Case,
    Decision,
    Lang,
    Message,
    Passage,
    Place,
    Remark,
    Reply,
    Ruling,
    Signal,
    Verdict,
    case_id,
)
from tests.browser.desk import COMMUNITY, Desk, person

SCAM: Final[Mapping[Lang, str]] = {
    "zh": "招刷单兼职，一单返现 500 元，先交押金 200，加微信 abc12345，名额有限",
    "en": "Part-time job: 500 USDT cashback for each order, send a 50 USDT deposit first, write to @fastcash88",
}
MARK: Final[Mapping[Lang, str]] = {"zh": "先交押金 200", "en": "send a 50 USDT deposit first"}
INSULT: Final[Mapping[Lang, str]] = {"zh": "你这个废物，滚出去", "en": "You are trash, get out of here"}
BEFORE: Final[Mapping[Lang, str]] = {"zh": "今天有人接代发吗？", "en": "Does anyone ship for others today?"}
APPEAL: Final[Mapping[Lang, str]] = {
    "zh": "那是玩笑，我是老成员了。",
    "en": "It was a joke, I have been here for years.",
}
QUESTION: Final[Mapping[Lang, str]] = {
    "zh": "发到新加坡的包裹关税谁付？",
    "en": "Who pays the duty on parcels to Singapore?",
}
DRAFT: Final[Mapping[Lang, str]] = {
    "zh": "跨境订单的关税由买家在签收时支付。",
    "en": "On cross-border orders the buyer pays the duty at delivery.",
}
TITLE: Final[Mapping[Lang, str]] = {"zh": "跨境物流", "en": "Cross-border shipping"}
REMARK: Final[Mapping[Lang, str]] = {"zh": "昨天在 Telegram 群里也发过。", "en": "Said the same in the Telegram group."}
PEOPLE: Final[Mapping[Lang, tuple[str, ...]]] = {
    "zh": ("小何", "阿林", "老周", "静怡", "大宝"),
    "en": ("Jonas", "Amira", "Pavel", "Lucy", "Tom"),
}
TRAIL: Final[Sequence[tuple[Kind, str]]] = (
    ("login", "console login"),
    ("command", "/mode live"),
    ("decision", "mute"),
    ("setting", "policy set 3f2a91c07b44"),
)
SAM: Final = "telegram:sam"
NOW: Final = datetime.now(UTC)


def lay_out(desk: Desk, lang: Lang) -> None:
    """Open cases of every kind, settled ones, knowledge, and a trail."""
    desk.do(desk.rooms.logins.introduce(person("Sam", "admin")))
    desk.opened(doubt("SCAM1111", lang, 0, minutes=18, severity=5, due=-12), asked(lang), insult(lang))
    desk.opened(*(doubt(f"SCAM{at}{at}{at}{at}", lang, at, minutes=9 - at, due=45 * at) for at in (2, 3, 4)))
    reports = (reporting(COMMUNITY, "SCAM1111", f"web:member{who}") for who in (2, 3))
    desk.perform(*reports, *remarking(COMMUNITY, "SCAM1111", Remark(by=SAM, by_name="Sam", text=REMARK[lang])))
    first = doubt("MUTED111", lang, 1, minutes=300)
    desk.settled(first, Decision(case=first.id, action="mute", by="policy", reason="scam_fraud", strikes=2))
    appeal = said("appeal", APPEAL[lang], lang, 1, minutes=30)
    name = case_id("appeal", first.subject)
    desk.opened(Case(id=name, kind="appeal", subject=appeal, of=first.id, context=(first.subject,), opened_at=NOW))
    document = Document(id="teach/duty", title=TITLE[lang], lang=lang, text=DRAFT[lang], owner=SAM, source="teach")
    saved = document.model_copy(update={"id": "teach/new", "title": QUESTION[lang], "taught_at": NOW})
    desk.perform(*teaching(COMMUNITY, document), proposing(COMMUNITY, saved))
    for kind, what in TRAIL:
        desk.perform(auditing(COMMUNITY, SAM, "admin", what, "done", NOW, kind=kind))
    desk.do(Sealer(desk.redis).seal(COMMUNITY))


def said(id_: str, text: str, lang: Lang, who: int, *, minutes: int) -> Message:
    """What a member said so many minutes ago."""
    place = Place(platform="web", community=COMMUNITY, channel="help", profile="help", title="help")
    author = Author(id=f"member{who}", name=PEOPLE[lang][who], trust=("new", "member")[who % 2])
    return Message(id=id_, place=place, author=author, text=text, sent_at=NOW - timedelta(minutes=minutes))


def doubt(id_: str, lang: Lang, who: int, *, minutes: int, severity: int = 3, due: int = 60) -> Case:
    """A scam of a member, to look at."""
    text, mark = SCAM[lang] + "!" * who, MARK[lang]
    span = (text.index(mark), text.index(mark) + len(mark))
    signals = (Signal(check="money", clause="scam_fraud", score=0.81, evidence=mark, span=span),)
    scores = {"scam_fraud": 0.81, "advertising": 0.34, "contact_leak": 0.22}
    verdict = Verdict(
        ruling=Ruling.REVIEW,
        clause="scam_fraud",
        score=0.81,
        scores=scores,
        signals=signals,
        model="judge-6",
        policy="default@5e1dfc6864",
        took_ms=2.4,
    )
    opened = NOW - timedelta(minutes=minutes)
    return Case(
        id=id_,
        kind="moderation",
        subject=said(f"m-{id_}", text, lang, who, minutes=minutes),
        context=(said("before", BEFORE[lang], lang, 2, minutes=minutes + 3),),
        verdict=verdict,
        opened_at=opened,
        severity=severity,
        due_at=NOW + timedelta(minutes=due),
    )


def insult(lang: Lang) -> Case:
    """What nobody has to read unprepared."""
    verdict = Verdict(ruling=Ruling.REVIEW, clause="abuse", score=0.7, scores={"abuse": 0.7})
    subject = said("m-insult", INSULT[lang], lang, 4, minutes=6)
    return Case(
        id="ABUSE111", kind="moderation", subject=subject, verdict=verdict, opened_at=NOW - timedelta(minutes=6)
    )


def asked(lang: Lang) -> Case:
    """A question that the bot is not sure about."""
    passage = Passage(document="d", title=TITLE[lang], text=DRAFT[lang], lang=lang, score=0.44)
    reply = Reply(text=DRAFT[lang], passages=(passage,), confidence=0.44, handoff=True, why="unsure")
    subject = said("m-question", QUESTION[lang], lang, 3, minutes=4)
    return Case(id="QUESTION", kind="handoff", subject=subject, reply=reply, opened_at=NOW - timedelta(minutes=4))
