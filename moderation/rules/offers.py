"""Offers and price lists: welcome where the policy says so, elsewhere out of place."""

from __future__ import annotations

from collections.abc import Iterator

import re2

from moderation.judging.normalise import Normalised
from moderation.rules.numbers import DIGIT
from moderation.rules.patterns import Pattern, finding
from moderation.types import Signal

UNITS = (
    r"个|件|箱|盒|斤|公斤|克|套|副|双|对|条|只|支|张|把|台|本|卷|包|袋|瓶|罐|桶|米|码"
    r"|kg|pcs?|pack|box|set|pair|roll|pallet|each|unit|dozen"
)
PRICE = re2.compile(
    r"[¥$€£]\s?\d[\d,.]*|\d[\d,.]*\s?(?:元|块|rmb|cny|usd|eur|gbp|usdt|dollars?|bucks|u/)"
    rf"|\d[\d.]*\s?/\s?(?:{UNITS})"
)
SELLING = re2.compile(
    r"现货|批发|出货|清仓|起批|起订|包邮|一件代发|出售|供应|拿货|清库存|特价|甩卖|大量(?:有货|供应)|厂家直销|混批"
    r"|限时秒杀|报价单|价目表|今日价|新品上架|量大从优|量大可谈|工厂直供|开团|团购|接单|预售|先到先得|亏本|尾单|尾货|贴牌"
    r"|买.送.|\bfor sale\b|\bin stock\b|\bwholesale\b|\bmoq\b|\bfree shipping\b"
    r"|\bbulk (?:order|price|discount)s?\b|\bclearance\b|\bclearing out\b|\boverstock\b|\bliquidation\b"
    r"|\bprice ?list\b|\border now\b|\bpre-?orders?\b|\bflash sale\b|\bhalf price\b|\bgroup buy\b"
    r"|\bdropship available\b|\bper (?:unit|piece|box|carton|dozen)\b|\bfactory (?:direct|price)s?\b|\bselling\b"
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
    if not DIGIT.search(plain.text):
        return
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
