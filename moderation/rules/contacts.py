"""Contact details and invitations: what leads a member away from the marketplace.

A channel's name ("微信", "telegram") with something that looks like an account is a finding by itself; the name alone
is not, for members rightly ask about "微信支付". Homes of the evasions are in `moderation.judging.normalise`.
"""

from __future__ import annotations

from moderation.rules.patterns import Pattern

CLAUSE = "off_platform_contact"
CHANNEL = r"(?:微信|qq|telegram|\btg\b|电报|飞机号?|纸飞机|whatsapp|wechat|\bwa\b|skype|\bsignal\b|\bline\b|卫星)"
LINK_WORDS = (
    r"(?:号|群|id|同号|me|at|on|is|是|名|搜|加|联系|我|扣|\+|:|=|-|>|→|,|\.|\(|\)|\[|\]|【|】|「|」|\"|\s|👉|📱)"
)
ACCOUNT_WITH_DIGIT = r"(?:[a-z][a-z_-]{1,15}\d[a-z0-9_-]{1,18}|[a-z_-]{0,2}\d[a-z0-9_-]{4,18})"
ACCOUNT = r"(?:[a-z][a-z0-9_-]{4,19}|\d{5,12})"
PHONE_CN = r"(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}\b"
PHONE_INTL = r"\+\d{1,3}[ -]?\(?\d{1,4}\)?(?:[ -]?\d{2,4}){2,4}"
PHONE_LOCAL = r"(?:(?:\([2-79]\d{2}\) ?|\b[2-79]\d{2}[.-])\d{3}[.-]\d{4}|\b0\d{2,3}-\d{7,8})\b"
"""A North American number (8xx is left out: shops' free lines) or a Chinese one of a desk."""
PHONE = rf"(?:{PHONE_CN}|{PHONE_INTL}|{PHONE_LOCAL})"
MAIL = r"[a-z0-9][a-z0-9._%+-]{0,40}@[a-z0-9][a-z0-9.-]{0,40}\.[a-z]{2,8}"
ASK_ZH = r"(?:联系|咨询|私聊|加我|找我|致电|拨打|电话|手机|滴我|详询|下单|订购|同号|加)"
ASK_EN = r"(?:contact|call|text|reach|message|dm|email|mail|write|whatsapp|order|add|inquir\w+|send)"
WRITE_EN = r"(?:contact|reach|message|dm|write|order|add|inquir\w+|send)"
MAIL_TO = r"e?-?mail\b(?: (?:me|us|him|her|our|my|the|team|address|id|at|to|is|on|via))*[ :=>-]{0,3}"
"""Asks for mail or names one's own address. "A mail from x@y.com" tells of one that came."""

PATTERNS = (
    Pattern("contact", CLAUSE, 0.93, rf"{CHANNEL}{LINK_WORDS}{{0,8}}(?:{ACCOUNT_WITH_DIGIT})"),
    Pattern("contact", CLAUSE, 0.92, rf"{CHANNEL}(?:号|id|群|\s){{0,4}}(?::|=|@)\s?@?{ACCOUNT}\b"),
    Pattern("contact", CLAUSE, 0.92, rf"{CHANNEL}\s?(?:(?:号|id)\s?(?:是|is)\s?@?|(?:是|is)\s?@){ACCOUNT}\b"),
    Pattern("contact", CLAUSE, 0.92, rf"(?:加|搜|找)\s?(?:我|一下)?\s?(?:微信|qq|电报|tg|telegram)\s?{ACCOUNT}\b"),
    Pattern("contact", CLAUSE, 0.92, rf"(?:^|[\s,;|+加])v\s?[:=]\s?{ACCOUNT}\b"),
    Pattern("contact", CLAUSE, 0.9, rf"{CHANNEL}[^\n]{{0,12}}{PHONE}"),
    Pattern("contact", CLAUSE, 0.88, rf"{ASK_ZH}[^\n]{{0,8}}{PHONE}"),
    Pattern("contact", CLAUSE, 0.88, rf"\b{ASK_EN}\b[^\n]{{0,16}}{PHONE}"),
    Pattern("contact", CLAUSE, 0.75, rf"\b{WRITE_EN}\b[^\n]{{0,16}}{MAIL}"),
    Pattern("contact", CLAUSE, 0.75, rf"\b{MAIL_TO}{MAIL}"),
    Pattern("contact", CLAUSE, 0.75, rf"(?:{ASK_ZH}|邮箱)[^\n]{{0,8}}{MAIL}"),
    Pattern("contact", CLAUSE, 0.7, r"(?:telegram|\btg\b|电报|飞机)[^\n]{0,12}@[a-z][a-z0-9_]{4,31}"),
    Pattern("contact", CLAUSE, 0.7, r"\b(?:dm|pm|message|contact|text|add|write)\b[^\n]{0,10} @[a-z][a-z0-9_]{4,31}"),
    Pattern("solicitation", CLAUSE, 0.6, r"(?:加|\+|私)\s?(?:我|一下|下|个)?\s?(?:的)?\s?(?:微信|qq\b|电报)"),
    Pattern("solicitation", CLAUSE, 0.6, r"(?:微信|qq|电报)\s?(?:私聊|联系|详聊|细聊|咨询|聊|找我|加我)"),
    Pattern("solicitation", CLAUSE, 0.55, r"(?:私聊|联系|咨询|加|滴滴?)我.{0,8}(?:拿货|下单|进群|报价|领取|详情|资料)"),
    Pattern("invite", CLAUSE, 0.92, r"discord(?:\.gg|app\.com/invite|\.com/invite)/[a-z0-9-]{2,}"),
    Pattern("invite", CLAUSE, 0.92, r"(?:t|telegram)\.(?:me|dog)/(?:\+|joinchat/)?[a-z0-9_-]{3,}"),
    Pattern(
        "invite", CLAUSE, 0.92, r"(?:chat\.whatsapp\.com|wa\.me|whatsapp\.com/channel|signal\.group|line\.me/ti)/\S{3,}"
    ),
    Pattern(
        "invite", CLAUSE, 0.92, r"(?:(?:微信|weixin)\.qq\.com/[gr]/|u\.wechat\.com/|qm\.qq\.com/|jq\.qq\.com/)\S{3,}"
    ),
    Pattern("payment_code", "scam_fraud", 0.6, r"(?:wxp://|qr\.alipay\.com/|weixin://wxpay)\S{3,}"),
    Pattern("e_mail", "personal_data", 0.4, MAIL),
)
