"""Where known brands trade under their own name: "amazon.fr" is Amazon, "amazon.top" is somebody else.

Only suffixes that the brand itself uses are listed, for some countries' suffixes (.cc, .co, .io) are sold to anybody.
"""

from __future__ import annotations

SHOPS = {
    "adidas": (
        "at be ca ch co.in co.kr co.uk com.au com.br com.cn com.hk com.my com.sg com.tw de es fr ie it jp mx"
        " nl pl pt se"
    ),
    "airbnb": (
        "at be ca ch cn co.in co.kr co.nz co.uk com.au com.br com.hk com.mx com.sg com.tr de dk es fr ie it"
        " jp mx nl pl pt se"
    ),
    "aliexpress": "ru us",
    "allegro": "com cz hu pl sk",
    "amazon": "ae ca cn co.jp co.uk co.za com.au com.br com.mx com.tr de eg es fr ie in it nl pl sa se sg dev science",
    "apple": "com.cn",
    "bestbuy": "ca",
    "bilibili": "tv",
    "canva": "cn",
    "carrefour": "be com.tw es eu fr it pl ro",
    "costco": "ca co.jp co.kr co.uk com.au com.mx com.tw es fr",
    "coupang": "com tw",
    "daraz": "com com.bd com.np lk pk",
    "dhl": "co.uk de es fr it nl pl",
    "dpd": "be ch co.uk com cz de fr ie nl pl",
    "ebay": "at be ca ch cn co.uk co.jp com.au com.hk com.my com.sg de es fr ie in it nl ph pl vn",
    "emag": "bg hu ro",
    "fnac": "be ch es pt",
    "gmarket": "com",
    "google": (
        "at be ca ch cl cn co.id co.il co.in co.jp co.kr co.nz co.th co.uk co.za com.ar com.au com.br com.co"
        " com.eg com.hk com.mx com.my com.ng com.pe com.ph com.pk com.sa com.sg com.tr com.tw com.ua com.vn"
        " cz de dk es fi fr gr hu ie it nl no pl pt ro ru se"
    ),
    "homedepot": "ca com.mx",
    "hongkongpost": "com",
    "huawei": "ru",
    "ikea": "cn",
    "jtexpress": "co.th my ph sg vn",
    "jumia": "ci co.ke co.tz co.za com.eg com.gh com.ng com.tn dz ma sn ug",
    "kaufland": "at bg cz de fr hr it pl ro sk",
    "laposte": "net",
    "lazada": "cn co.id co.th com.my com.ph sg vn",
    "lenovo": "cn com.cn",
    "linkedin": "cn",
    "mastercard": "ca co.in co.uk com.au com.cn de fr us",
    "mercadolibre": "cl co.cr com.ar com.bo com.co com.do com.ec com.gt com.mx com.pe com.py com.uy com.ve",
    "newegg": "ca",
    "ozon": "by kz",
    "pinterest": "at ca ch cl co.kr co.uk com.au com.mx de dk es fr ie it jp nz ph pt se",
    "qoo10": "sg",
    "rakuten": "co.jp com com.tw de fr it",
    "samsung": "com.cn",
    "shein": "co.uk com.hk com.mx",
    "shopee": "cl cn co.id co.th com.br com.co com.mx com.my es fr in ph pl sg tw vn",
    "shopify": "ca co.id co.uk com.au com.sg de dev es fr ie in it jp nl pl pt",
    "shopline": "cn com.my hk sg tw vn",
    "stripe": "dev",
    "target": "com.au",
    "trustpilot": "co.uk de dk es fr it nl se",
    "uniqlo": "cn",
    "vinted": "at be co.uk cz de es fr hu it lt lu nl pl pt ro se sk",
    "walmart": "ca cn com.mx",
    "wayfair": "ca co.uk de ie",
    "weibo": "cn",
    "wildberries": "am by ge kg kz uz",
    "yahoo": "co.jp com com.hk com.tw",
    "yandex": "by com com.tr eu kz uz",
    "zalando": "at be ch co.uk com cz de dk ee es fi fr hr hu ie it lt lv nl no pl ro se si sk",
}  # fmt: skip
"""The brand's registered name, and the suffixes of its own shops and pages, besides the domains that a policy lists."""
TRADES = {name: frozenset(suffixes.split()) for name, suffixes in SHOPS.items()}
ORDINARY = frozenset(
    {
        "archive", "booking", "canada", "cites", "customs", "express", "europa", "medium", "notion", "office",
        "overstock", "people", "python", "remove", "schema", "score", "target", "weather",
    }
)  # fmt: skip
"""Known names that are plain words too: "office-chairs.com" need not pose as anybody."""
