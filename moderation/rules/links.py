"""Links: shorteners, look-alikes of known domains, hidden letters, and links from members not yet known.

The registered domain comes from tldextract's own snapshot of the Public Suffix List; nothing is ever fetched.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice

import re2
import tldextract

from moderation.judging.normalise import Normalised
from moderation.policy import LinkRules
from moderation.rules.brands import ORDINARY, TRADES
from moderation.rules.patterns import Pattern, finding
from moderation.types import Signal

COUNTRIES = (
    "ae|ar|au|bd|bh|bo|br|cn|co|cr|cy|do|ec|eg|et|gh|gt|hk|id|il|in|it|jp|ke|kh|kr|kw|lb|lk|mm|mo|mt|mx|my|ng|np|nz|om"
    "|pa|pe|pg|ph|pk|pl|pt|py|qa|ro|ru|sa|sg|sv|th|tn|tr|tw|tz|ua|ug|uk|uy|uz|ve|vn|za|zm|zw"
)
"""Countries that give names out under a second suffix ("co.uk", "com.cn"): a bare link does not end before it."""
LINK = re2.compile(
    r"(?:https?://|www\.)(?P<host>[\pL\d][\pL\d.-]+)(?::\d+)?(?:/[^\s，。；）)】」]*)?"
    rf"|\b(?P<bare>[a-z0-9][a-z0-9.-]*\.(?:(?:com?|net|org|ne|or)\.(?:{COUNTRIES})"
    r"|com|net|org|cn|io|co|xyz|top|shop|vip|club|site|online|info|biz|cc|tk|ml"
    r"|link|live|app|store|me|ly|gg|ru|work|fun|pro|icu))(?:/[^\s，。；）)】」]*|\b)"
)
SHORTENERS = {
    "bit.ly", "tinyurl.com", "t.co", "goo.gl", "is.gd", "ow.ly", "buff.ly", "cutt.ly", "rb.gy", "shorturl.at",
    "t.ly", "rebrand.ly", "tiny.cc", "s.id", "v.gd", "dwz.cn", "t.cn", "url.cn", "suo.im", "mrw.so", "985.so",
    "sourl.cn", "reurl.cc", "lnkd.in", "adf.ly", "shorte.st", "linktr.ee",
}  # fmt: skip
INVITES = {
    "discord.gg", "discord.com", "discordapp.com", "t.me", "telegram.me", "telegram.dog", "whatsapp.com", "wa.me",
    "signal.group", "line.me",
}  # fmt: skip
"""Judged by rules/contacts.py."""
CONFUSED = str.maketrans({"0": "o", "1": "l", "5": "s", "3": "e", "4": "a", "-": None})
MOST = 20
"""Links of one message that are told of: a text of hundreds shows itself by the first."""
MIN_NAME = 5
"""Letters a known name needs before others can be said to look like it ("jd" looks like too much)."""
ALIKE = 0.88
"""difflib's ratio from which two names look alike: one letter changed in eight or more."""
SHORTENER = Pattern("shortener", "scam_fraud", 0.3, "")
LOOKALIKE = Pattern("lookalike_link", "scam_fraud", 0.8, "")
HIDDEN = Pattern("hidden_letters_link", "scam_fraud", 0.75, "")
UNKNOWN = Pattern("unknown_link", "spam_ads", 0.65, "")
PUBLIC = re.compile(r"(?:^|\.)(?:gov|edu|mil|ac|go|gouv|gob|int|police|nhs|gc)(?:\.[a-z]{2})?$")
"""Suffixes that only public bodies and schools get: their links pass everywhere."""


class Links:
    """Finds what is wrong with the links of a text, under one policy's list of known domains."""

    def __init__(self, rules: LinkRules) -> None:
        self._extract = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
        self._allowed = frozenset(rules.allowed)
        self._known = frozenset(self._extract(domain).domain for domain in rules.allowed)
        self._names = frozenset(name for name in self._known if len(name) >= MIN_NAME)
        self._brands = self._names - ORDINARY
        self._alike = lru_cache(maxsize=4096)(partial(alike, sorted(self._brands)))

    def find(self, plain: Normalised, *, welcome: bool) -> Iterator[Signal]:
        """`welcome` says that this author's links to domains not listed are no signal by themselves."""
        return islice(self._found(plain, welcome=welcome), MOST)

    def _found(self, plain: Normalised, *, welcome: bool) -> Iterator[Signal]:
        if "." not in plain.text:  # as in most messages
            return
        for match in LINK.finditer(plain.text):
            before = plain.text[match.start() - 1 : match.start()]
            host = (match.group("host") or match.group("bare")).strip(".-")
            if before == "@" or "." not in host:
                continue
            pattern = self._judge(host, self._written(plain, host, match.start()), welcome=welcome)
            if pattern:
                yield finding(pattern, plain, match.start(), match.end())

    def _judge(self, host: str, written: str, *, welcome: bool) -> Pattern | None:
        found = self._extract(host)
        domain = found.top_domain_under_public_suffix
        if not domain or domain in INVITES:
            return None
        if "xn--" in host or not written.isascii():
            return HIDDEN
        if self._listed(host) or PUBLIC.search(found.suffix) or self._trades(found.domain, found.suffix):
            return None
        if domain in SHORTENERS:
            return SHORTENER
        if self._looks_known(found.domain, found.subdomain):
            return LOOKALIKE
        return None if welcome else UNKNOWN

    def _listed(self, host: str) -> bool:
        """Whether the policy lists the host or a domain above it."""
        labels = host.split(".")
        return any(".".join(labels[index:]) in self._allowed for index in range(len(labels) - 1))

    def _trades(self, name: str, suffix: str) -> bool:
        """Whether the domain is the page of a brand that the policy knows, in one of the brand's countries."""
        return suffix in TRADES.get(name, ()) and name in self._known

    def _written(self, plain: Normalised, host: str, start: int) -> str:
        """The host as it was written, full width forgiven: look-alike letters still show here."""
        place = plain.text.find(host, start)
        first, last = plain.span(place, place + len(host))
        return unicodedata.normalize("NFKC", plain.original[first:last])

    def _looks_known(self, name: str, subdomain: str) -> bool:
        plain_name = name.translate(CONFUSED).replace("rn", "m").replace("vv", "w")
        if plain_name in self._brands or (plain_name != name and plain_name in self._names):
            return True
        parts = set(name.split("-")) | set(subdomain.replace("-", ".").split("."))
        return not parts.isdisjoint(self._brands) or self._alike(name)


def alike(names: Sequence[str], name: str) -> bool:
    """Whether a name is nearly one of these."""
    return bool(difflib.get_close_matches(name, names, 1, ALIKE))
