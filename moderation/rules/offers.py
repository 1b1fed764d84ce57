"""Offers and price lists: welcome where the policy says so, elsewhere out of place."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from moderation.normalise import Normalised
from moderation.rules.patterns import Pattern, finding
from moderation.types import Signal

PRICE = re2.compile(
    r"[¥$€£]\s?\d[\d,.]*|\d[\d,.]*\s?(?:元|块|rmb|cny|usd|eur|gbp|usdt|dollars?|bucks|u/)"
    r"|\d[\d.]*\s?/\s?(?:个|件|箱|盒|斤|kg|pcs?|pack|box|set|套|双|条|只|包|瓶|each|unit|dozen)"
)
SELLING = re2.compile(
    r"现货|批发|出货|清仓|起批|起订|包邮|一件代发|出售|供应|拿货|清库存|特价|甩卖|大量(?:有货|供应)|厂家直销|支持混批"
    r"|限时秒杀|报价单|价目表|今日价|新品上架|量大从优|工厂直供"
    r"|\bfor sale\b|\bin stock\b|\bwholesale\b|\bmoq\b|\bfree shipping\b"
    r"|\bbulk (?:order|price|discount)s?\b|\bclearance\b"
    r"|\bprice ?list\b|\border now\b|\bper (?:unit|piece|box|carton|dozen)\b|\bfactory (?:direct|price)s?\b|\bselling\b"
    r"|\bships? (?:today|from|within|worldwide)\b|\brestock(?:ed)?\b|\bdm (?:me )?(?:to order|for price)\b"
    r"|\d% off\b|\bnew arrivals?\b"
)
ASKING = re2.compile(
    r"[?]|吗|怎么|如何|为什么|多少|\bhow\b|\bwhat\b|\bwhy\b|\bcan i\b|\bdo i\b"
    r"|\bi (?:was|got|paid|bought|ordered)\b"
)
PRICE_LIST = Pattern("price_list", "spam_ads", 0.65, "")
OFFER = Pattern("offer", "spam_ads", 0.55, "")
LIST_LENGTH = 3
"""Prices that make a list even without a word of selling, unless they are spread over a story."""
SPREAD = 50
"""Characters per price: a list has fewer, a story of one's stay at a hotel has more."""


def offers(plain: Normalised) -> Iterator[Signal]:
    """A price list (three prices, or two with words of selling) or a single offer (a price with words of selling)."""
    prices = list(PRICE.finditer(plain.text))
    if not prices:
        return
    selling = SELLING.search(plain.text)
    asking = ASKING.search(plain.text)
    if asking and not (selling and len(prices) >= LIST_LENGTH):
        return
    first, last = prices[0].start(), prices[-1].end()
    dense = len(prices) >= LIST_LENGTH and len(plain.text) <= SPREAD * len(prices)
    if dense or (selling and len(prices) > 1):
        yield finding(PRICE_LIST, plain, first, last)
    elif selling:
        yield finding(OFFER, plain, first, last)
