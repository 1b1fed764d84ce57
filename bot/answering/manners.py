"""When the bot may speak without being spoken to, per community: where, how sure, how often, and after which pause."""

from __future__ import annotations

from typing import NamedTuple

from moderation.types import Place


class Manners(NamedTuple):
    """The settings of unasked answers.

    `where` names channels or kinds of channels, parted by commas; `community/name` holds in that community alone, and a
    community with names of its own follows only these. A name that no channel has, such as `none`, switches it off.
    `score` is what the best passage must reach outside help channels. `quiet_s` is how long a person's word to a member
    keeps the bot quiet, `burst_s` the pause that ends a burst of messages.
    """

    where: str = "help"
    score: float = 0.5
    per_hour: int = 30
    quiet_s: float = 300.0
    burst_s: float = 3.0

    def may_speak_in(self, place: Place) -> bool:
        """Whether questions are answered there that are not addressed to the bot.

        >>> manners = Manners("help, tea/general, silent/none")
        >>> places = [Place(platform="web", community=name, channel="general") for name in ("tea", "silk", "silent")]
        >>> [manners.may_speak_in(place) for place in places]
        [True, False, False]
        """
        named = [name.strip() for name in self.where.split(",")]
        own = [name.partition("/")[2] for name in named if name.startswith(f"{place.community}/")]
        names = own or [name for name in named if "/" not in name]
        return place.channel in names or place.profile in names
