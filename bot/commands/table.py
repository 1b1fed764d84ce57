"""The one table of commands, which every platform, the terminal and the web chat show and understand.

What a command does and how it is written stand in the table of words, `[commands]`: `queue` and `queue_usage`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from bot.adapters.menu import MenuEntry, Parameter
from bot.groups.communities import MODES
from bot.words import LANGS, words
from moderation.types import ENFORCING, Lang, Profile, Tier, Trust

Where = Literal["anywhere", "channel", "alone"]
"""Where a command makes sense: anywhere, in a channel (not in a direct message), or where only its author reads on."""


class Command(NamedTuple):
    """A command: the least tier that may use it, what follows its name, where it makes sense, and its other names."""

    name: str
    tier: Tier
    parameters: tuple[Parameter, ...] = ()
    where: Where = "anywhere"
    aliases: tuple[str, ...] = ()

    def description(self, lang: Lang) -> str:
        """What it does, in one line."""
        return words(lang)(f"commands.{self.name}")

    def usage(self, lang: Lang) -> str:
        """How it is written."""
        return words(lang)(f"commands.{self.name}_usage")


def _parameter(
    name: str, kind: Literal["text", "case", "member", "choice"] = "text", *, needed: bool = True
) -> Parameter:
    described: dict[Lang, str] = {lang: words(lang)(f"commands.of_{name}") for lang in LANGS}
    return Parameter(name, described, kind, needed)


def _choice(name: str, *choices: str, needed: bool = True) -> Parameter:
    return _parameter(name, "choice", needed=needed)._replace(choices=choices)


TABLE: tuple[Command, ...] = (
    Command("help", "member", (_parameter("command", needed=False),), aliases=("start", "帮助", "命令")),
    Command("ask", "member", (_parameter("question", needed=False),), aliases=("提问", "问")),
    Command("report", "member", (_parameter("message", needed=False),), aliases=("举报", "投诉")),
    Command("appeal", "member", (_parameter("case", "case"), _parameter("words")), aliases=("申诉",)),
    Command("mydata", "member", where="alone", aliases=("我的数据",)),
    Command("forgetme", "member", (_parameter("confirmation", needed=False),), aliases=("忘记我", "删除我的数据")),
    Command("queue", "helper", (_parameter("view", needed=False),), aliases=("队列", "待处理")),
    Command("next", "helper", aliases=("下一个",)),
    Command("case", "helper", (_parameter("case", "case"),), aliases=("案件",)),
    Command("answer", "helper", (_parameter("case", "case"), _parameter("words")), aliases=("答复",)),
    Command("note", "helper", (_parameter("case", "case"), _parameter("words")), aliases=("备注",)),
    Command("claim", "helper", (_parameter("case", "case"),), aliases=("认领",)),
    Command("release", "helper", (_parameter("case", "case"),), aliases=("放回",)),
    Command(
        "assign",
        "helper",
        (_parameter("case", "case"), _parameter("person", "member", needed=False)),
        aliases=("交给",),
    ),
    Command("hold", "helper", (_parameter("case", "case"), _parameter("until")), aliases=("搁置",)),
    Command("skip", "helper", (_parameter("case", "case"),), aliases=("跳过",)),
    Command("escalate", "helper", (_parameter("case", "case"), _parameter("to", needed=False)), aliases=("上报",)),
    Command("opinion", "moderator", (_parameter("case", "case"), _parameter("decision")), aliases=("意见",)),
    Command("undo", "moderator", (_parameter("case", "case"),), aliases=("撤销",)),
    Command("second", "moderator", where="alone", aliases=("复核",)),
    Command("login", "helper", where="alone", aliases=("登录",)),
    Command(
        "bulk",
        "moderator",
        (
            _parameter("case", "case", needed=False),
            _choice("action", "dismiss", *ENFORCING, needed=False),
            _parameter("confirmation", needed=False),
        ),
        aliases=("批量",),
    ),
    Command("duty", "helper", (_choice("duty", "on", "off", needed=False),), aliases=("值班",)),
    Command("teach", "admin", (_parameter("lesson"),), aliases=("教",)),
    Command(
        "knowledge",
        "admin",
        (_choice("action", "list", "delete", "pending", "approve", needed=False), _parameter("title", needed=False)),
        aliases=("知识库",),
    ),
    Command(
        "policy",
        "admin",
        (_choice("action", "show", "set", "shadow", "rollback", needed=False), _parameter("change", needed=False)),
        aliases=("规则",),
    ),
    Command("channel", "admin", (_choice("profile", *get_args(Profile)),), "channel", ("频道",)),
    Command("trust", "admin", (_parameter("member", "member"), _choice("trust", *get_args(Trust))), aliases=("信任",)),
    Command(
        "roles",
        "admin",
        (
            _parameter("who", "member", needed=False),
            _choice("tier", "member", "helper", "moderator", "admin", needed=False),
        ),
        aliases=("角色", "权限"),
    ),
    Command("mode", "admin", (_choice("mode", *MODES, needed=False),), aliases=("模式",)),
    Command("confidence", "admin", (_parameter("confidence", needed=False),), aliases=("把握",)),
    Command("desk", "admin", (_choice("log", "log on", "log off", needed=False),), "channel", ("管理台",)),
    Command("setup", "admin", (_parameter("step", needed=False),), "channel", ("设置",)),
    Command("stats", "admin", aliases=("统计",)),
    Command("health", "admin", aliases=("状态",)),
)

COMMANDS: dict[str, Command] = {name: command for command in TABLE for name in (command.name, *command.aliases)}
"""Every command by its name and by each of its other names."""


def menu() -> tuple[MenuEntry, ...]:
    """The table as the adapters render it."""
    return tuple(_entry(one) for one in TABLE)


def _entry(one: Command) -> MenuEntry:
    chinese: dict[Lang, str] = {"zh": next(name for name in one.aliases if not name.isascii())}
    described = {lang: one.description(lang) for lang in LANGS}
    return MenuEntry(one.name, one.tier, described, one.parameters, chinese)
