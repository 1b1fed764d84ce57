"""Card, identity, wallet and telephone numbers, told from order numbers by check digits and by the word before."""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

from moderation.judging.normalise import Normalised
from moderation.rules.contacts import PHONE_CN
from moderation.rules.patterns import Pattern, finding
from moderation.types import Signal

DIGIT = re.compile("[0-9]")
CARD = re2.compile(r"\b[3-6]\d{3}(?:[ -]?\d){9,15}\b")
ISSUED = re2.compile(r"3(?:[47]\d{13}|[0689]\d{12}|5\d{14})|4\d{12}(?:\d{3}){0,2}|5\d{15}|6\d{15,18}")
"""Lengths that the card networks give out, by first digits: a bar code of 13 digits starts with 6 and is none."""
IDENTITY = re2.compile(r"\b[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dx]\b")
WALLET = re2.compile(r"\b(?:bc1[a-z0-9]{25,59}|0x[0-9a-f]{40}|t[1-9a-z]{33}|[13][1-9a-z]{25,33})\b")
CARD_WORD = re2.compile(r"卡号|银行卡|信用卡|储蓄卡|\bcard\b|\bvisa\b|mastercard|\bcvv\b")
PHONE = re2.compile(rf"(?:^|[^\da-z]|tel|phone|mob)({PHONE_CN})")
NUMBERED = re2.compile(
    r"(?:单号|订单|运单|编号|条码|货号|工单|\b(?:order|case|ticket|tracking|reference|ref|sku|id|invoice|no))[^\d\n]{0,8}$"
)
"""What stands before the number of an order or a case."""
BEFORE = 24
"""Characters before a number that are searched for such a word."""
CARD_NUMBER = Pattern("card_number", "personal_data", 0.7, "")
NAMED_CARD = Pattern("card_number", "personal_data", 0.96, "")
IDENTITY_NUMBER = Pattern("identity_number", "personal_data", 0.96, "")
PHONE_NUMBER = Pattern("phone", "personal_data", 0.55, "")
WALLET_ADDRESS = Pattern("wallet", "scam_fraud", 0.7, "")
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
IDENTITY_DIGITS = "10x98765432"
"""Weights and check digits of Chinese identity numbers (GB 11643-1999)."""


def numbers(plain: Normalised) -> Iterator[Signal]:
    """Card numbers (Luhn), Chinese identity numbers (GB 11643), wallet addresses and Chinese mobile numbers."""
    if not DIGIT.search(plain.text):  # as in most messages
        return
    for match in CARD.finditer(plain.text):
        digits = "".join(filter(str.isdigit, match.group()))
        named = CARD_WORD.search(plain.text)
        if luhn(digits) and (named or (ISSUED.fullmatch(digits) and not numbered(plain.text, match.start()))):
            yield finding(NAMED_CARD if named else CARD_NUMBER, plain, match.start(), match.end())
    for match in IDENTITY.finditer(plain.text):
        if identity(match.group()):
            yield finding(IDENTITY_NUMBER, plain, match.start(), match.end())
    for match in WALLET.finditer(plain.text):
        word = match.group()
        if any(map(str.isdigit, word)) and any(map(str.isalpha, word)):
            yield finding(WALLET_ADDRESS, plain, match.start(), match.end())
    phone = next((match for match in PHONE.finditer(plain.text) if not numbered(plain.text, match.start(1))), None)
    if phone:
        yield finding(PHONE_NUMBER, plain, phone.start(1), phone.end(1))


def numbered(text: str, start: int) -> bool:
    """Whether what starts here is called the number of an order, a case or an article."""
    return bool(NUMBERED.search(text[max(0, start - BEFORE) : start]))


def luhn(digits: str) -> bool:
    """The check of card numbers (ISO/IEC 7812-1)."""
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (sum(divmod(int(digit) * 2, 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def identity(number: str) -> bool:
    total = sum(int(digit) * weight for digit, weight in zip(number, IDENTITY_WEIGHTS, strict=False))
    return IDENTITY_DIGITS[total % 11] == number[-1]
