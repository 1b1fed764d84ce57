"""The policy: what a community does not want, how sure the judge must be, and what follows.

A policy is one TOML file (the packaged `policies/default.toml` explains every key). It is checked as a whole: `load`
tells every fault at once, each with its line and its mend. Nothing here looks at a message.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationError, model_validator

from moderation.errors import XiaoerError
from moderation.policy.durations import UNITS, Duration
from moderation.policy.faults import did_you_mean, fault_lines, key_lines, one_of, syntax_fault
from moderation.policy.layers import over, strays
from moderation.policy.review import ReviewRules
from moderation.policy.words import Fault, Unfit
from moderation.types import ENFORCING, Lang, Noun, Profile, Trust

CLAUSES = (
    "spam_ads",
    "off_platform_contact",
    "scam_fraud",
    "brushing_fake_reviews",
    "counterfeit_illegal",
    "account_trading",
    "abuse",
    "hate",
    "sexual",
    "threat",
    "personal_data",
    "prompt_injection",
    "distress",
)
"""Every clause that some check can find. `distress` is a call for help: it goes to a person and is never punished."""
DEFAULT = Path(__file__).parent.parent / "policies" / "default.toml"
LONGEST_TIMEOUT = 28 * 86400
"""Seconds; Discord's limit, below Telegram's of 366 days."""
SHORTEST_TIMEOUT = 30
"""Seconds; Telegram takes a shorter restriction for an endless one."""


class PolicyError(XiaoerError):
    """A policy that cannot be used. The message holds one line per fault, in English: `FILE:LINE: what; mend`."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(map(str, faults)))


class Rung(Noun):
    """One step of a ladder. `seconds` is a timeout's length, `strikes` what the step adds to the member's record."""

    action: Literal["warn", "remove", "timeout", "mute", "kick", "ban"]
    seconds: int = Field(default=0, ge=0)
    strikes: int = Field(default=1, ge=0)


def parse_step(step: object) -> object:
    """A step such as `"remove"`, or `"timeout 1h"` (s, m, h, d), as a Rung; raises ValueError for anything else."""
    if not isinstance(step, str):
        return step
    if step in ENFORCING and step != "timeout":
        return {"action": step}
    match = re.fullmatch(r"timeout (\d{1,7})([smhd])", step)
    if not match:
        raise Unfit("step_unknown", given=step)
    seconds = int(match[1]) * UNITS[match[2]]
    if not SHORTEST_TIMEOUT <= seconds <= LONGEST_TIMEOUT:
        raise Unfit("step_length", given=step)
    return {"action": "timeout", "seconds": seconds}


def known_clause(name: str) -> str:
    """Raises ValueError for a clause that no check can find."""
    if name not in CLAUSES:
        raise Unfit("clause_unknown", given=name, mend=did_you_mean(name, CLAUSES) or one_of(CLAUSES))
    return name


def parse_threshold(value: object) -> object:
    return math.inf if value == "never" else value


def check_threshold(value: float) -> float:
    """Raises ValueError for a number that no score reaches; "never" says so."""
    if 1 < value < math.inf:
        raise Unfit("score_above_one")
    return value


ClauseName = Annotated[str, AfterValidator(known_clause)]
Step = Annotated[Rung, BeforeValidator(parse_step)]
Threshold = Annotated[
    float,
    BeforeValidator(parse_threshold),
    Field(gt=0),
    AfterValidator(check_threshold),
    PlainSerializer(lambda value: "never" if math.isinf(value) else value, return_type=float | str),
]
"""A score in (0, 1] from which on something follows, or "never"."""
Words = Annotated[str, Field(min_length=1, max_length=2000)]


class Bilingual(Noun):
    zh: Words
    en: Words

    def of(self, lang: Lang) -> str:
        """The words in that language."""
        return self.zh if lang == "zh" else self.en


class Thresholds(Noun):
    """The two scores of a clause: from `review_at` on a person looks, from `act_at` on the policy acts."""

    review_at: Threshold
    act_at: Threshold

    @model_validator(mode="after")
    def ordered(self) -> Self:
        if self.review_at > self.act_at:
            raise Unfit("thresholds_crossed")
        return self


class Clause(Thresholds):
    """One thing that the community does not want, with the words that a member reads about it.

    `respond` is the time to a decision, in seconds; where it says nothing the severity's holds.
    """

    title: Bilingual
    text: Bilingual
    severity: int = Field(ge=1, le=5)
    strikes: int = Field(default=1, ge=0, le=10)
    shadow: bool = False
    respond: Duration | None = None
    ladder: tuple[Step, ...] = Field(min_length=1)


class Adjustment(Thresholds):
    """Other thresholds for one clause in one profile, for authors of the trust named."""

    clause: ClauseName
    trust: tuple[Trust, ...] = ("new", "member", "trusted")


class ProfileRules(Noun):
    """What is welcome in channels of one kind: whose offers and price lists, and whose links to domains not listed."""

    offers: tuple[Trust, ...] = ()
    links: tuple[Trust, ...] = ("member", "trusted")
    adjust: tuple[Adjustment, ...] = ()


class TrustRules(Noun):
    """`review_factor` scales every `review_at` (below 1: a closer look); with `act` false a person always decides."""

    review_factor: float = Field(default=1.0, gt=0, le=2)
    act: bool = True


class FloodRules(Noun):
    """A flood: more than `messages` of one author within `seconds`."""

    messages: int = Field(default=6, ge=1)
    seconds: int = Field(default=15, ge=1)


class DuplicateRules(Noun):
    """A campaign: a text like at least `copies` earlier ones. `similarity` is the shared part of 4-character pieces."""

    copies: int = Field(default=2, ge=1)
    seconds: int = Field(default=3600, ge=1)
    similarity: float = Field(default=0.7, gt=0, le=1)
    min_chars: int = Field(default=16, ge=4)


class LinkRules(Noun):
    """Registered domains that anyone may link to. A domain that looks like one of them is a signal."""

    allowed: tuple[str, ...] = ()


class Policy(Noun):
    """A checked policy. `channels` maps a channel's name to its profile; a channel not named is `general`."""

    name: Words
    shadow: bool = False
    clauses: dict[ClauseName, Clause] = Field(min_length=1)
    channels: dict[str, Profile] = Field(default_factory=dict)
    profiles: dict[Profile, ProfileRules] = Field(default_factory=dict)
    trust: dict[Trust, TrustRules] = Field(default_factory=dict)
    flood: FloodRules = FloodRules()
    duplicates: DuplicateRules = DuplicateRules()
    links: LinkRules = LinkRules()
    review: ReviewRules = ReviewRules()

    @property
    def version(self) -> str:
        """Ten hexadecimal digits that change with any setting, and with nothing else."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:10]

    def clause(self, name: str) -> Clause:
        """Raises PolicyError for a clause that this policy does not have."""
        found = self.clauses.get(name)
        if found is None:
            mend = did_you_mean(name, self.clauses) or one_of(self.clauses)
            raise PolicyError(Fault("clause_absent", {"policy": self.name, "given": name, "mend": mend}))
        return found

    def explain(self, clause: str, lang: Lang) -> str:
        """The clause's text for a member, in the member's language."""
        return self.clause(clause).text.of(lang)

    def rung(self, clause: str, strikes: int) -> Rung:
        """The step for a member who already has `strikes` strikes; past the ladder's end its last step."""
        rules = self.clause(clause)
        step = rules.ladder[min(max(strikes, 0), len(rules.ladder) - 1)]
        return step.model_copy(update={"strikes": rules.strikes})

    def profile(self, channel: str) -> Profile:
        return self.channels.get(channel, "general")

    def rules_of(self, profile: Profile) -> ProfileRules:
        return self.profiles.get(profile, ProfileRules())

    def trust_of(self, trust: Trust) -> TrustRules:
        return self.trust.get(trust, TrustRules())

    def thresholds(self, clause: str, profile: Profile, trust: Trust) -> Thresholds:
        """The two thresholds that hold for this clause, in this kind of channel, for this author."""
        rules: Thresholds = self.clause(clause)
        for adjustment in self.rules_of(profile).adjust:
            if adjustment.clause == clause and trust in adjustment.trust:
                rules = adjustment
        author = self.trust_of(trust)
        raised = rules.review_at * author.review_factor
        review_at = raised if raised <= 1 else math.inf
        return Thresholds(review_at=review_at, act_at=max(review_at, rules.act_at) if author.act else math.inf)


MODELS = (
    *(Policy, Clause, Bilingual, Adjustment, ProfileRules, TrustRules, FloodRules, DuplicateRules, LinkRules),
    ReviewRules,
)
"""Whose keys a misspelt key is compared with."""


def load(path: Path | None = None) -> Policy:
    """Read and check a policy; None reads the packaged default. Raises PolicyError that tells every fault."""
    path = path or DEFAULT
    return parse(read(path), str(path))


def read(path: Path) -> str:
    """The text of a policy file, unchecked. Raises PolicyError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise PolicyError(Fault("unreadable", {"why": error.strerror or ""}, str(path))) from error
    except UnicodeDecodeError as error:
        raise PolicyError(Fault("not_utf8", {"byte": error.start}, str(path))) from error


def parse(text: str, where: str) -> Policy:
    """Check a policy's text; `where` names it in faults. Raises PolicyError that tells every fault.

    A text that begins with `extends = "default"` says only what differs from the packaged policy.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(syntax_fault(error, where)) from error
    try:
        return Policy.model_validate(_extended(where, text, table))
    except ValidationError as error:
        faults = fault_lines(text, error, MODELS)
        raise PolicyError(*(fault._replace(where=f"{where}:{line}") for line, fault in faults)) from error


def _extended(where: str, text: str, table: dict[str, Any]) -> dict[str, Any]:
    """The table itself or, with `extends = "default"`, the packaged policy with the table's keys over it."""
    base = table.pop("extends", None)
    if base not in (None, "default"):
        raise PolicyError(Fault("extends_unknown", {"given": str(base)}, where))
    whole = over(tomllib.loads(read(DEFAULT)), table) if base else table
    if stray := list(strays(whole)):
        lines = key_lines(text)
        told = sorted((lines.get(path, 1), ".".join(map(str, path))) for path in stray)
        raise PolicyError(*(Fault("stray_dots", {"key": name}, f"{where}:{line}") for line, name in told))
    return whole
