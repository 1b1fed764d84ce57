"""Settings, from the environment and `.env`. The only file that reads the environment.

`.env.example` documents every setting; a test compares the two.
"""

from __future__ import annotations

import difflib
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from moderation.errors import XiaoerError


class Settings(BaseSettings):
    """Every setting of the house, with its default. Paths are relative to the working folder."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", env_ignore_empty=True, extra="forbid", frozen=True
    )

    # Where things are kept
    redis_url: SecretStr = Field(SecretStr(""), description="Redis or Valkey server; empty starts the embedded one")
    data_dir: Path = Field(Path("data"), description="the embedded server's files and this installation's secret key")
    cache_dir: Path = Field(Path("~/.cache/xiaoer"), description="converted models, and the index of the knowledge")

    # The community
    community: str = Field("sample", description="its name: letters, digits, '.', '_' and '-'")
    policy_file: Path | None = Field(
        None, description="policy file (TOML); empty takes the sample's or the packaged one"
    )
    knowledge_dir: Path | None = Field(
        None, description="folder of documents (Markdown, HTML, PDF, DOCX, TXT, CSV); empty takes the sample's"
    )

    admins: str = Field("", description="who may use /teach, as platform:member-id, parted by commas")

    # Chat platforms
    telegram_token: SecretStr = Field(SecretStr(""), description="the bot's token of @BotFather; empty: no Telegram")
    telegram_api: str = Field("https://api.telegram.org", description="the Bot API's address, or your own server's")
    telegram_webhook: str = Field("", description="public https address that Telegram posts to; empty: long polling")
    telegram_port: int = Field(8083, ge=0, le=65535, description="where the webhook is heard; 0 picks a free port")
    discord_token: SecretStr = Field(SecretStr(""), description="the bot's token; empty: no Discord")
    discord_api: str = Field("https://discord.com/api/v10", description="the API's address")
    chats: str = Field("", description="the chats it may serve, such as telegram:-1001234,discord:5678; empty: all")

    # Web addresses
    bind: str = Field("127.0.0.1", description="address that the pages listen on")
    web_port: int = Field(8080, ge=0, le=65535, description="community page; 0 picks a free port")
    web_channels: str = Field(
        "help,deals,supply,general,announcements", description="its channels; the policy gives each its profile"
    )
    console_port: int = Field(8081, ge=0, le=65535, description="moderators' console; 0 picks a free port")
    ops_port: int = Field(8082, ge=0, le=65535, description="/metrics, /healthz and /readyz; 0 picks a free port")
    secret_key: SecretStr = Field(SecretStr(""), description="signs sessions; empty keeps one in DATA_DIR/secret.key")
    public_url: str = Field("", description="the console's address as moderators reach it, for login links")

    # The local language model
    lm_model: str = Field("", description="hub model or folder; empty takes the shipped one")
    lm_url: str = Field("", description="OpenAI-compatible server, such as http://127.0.0.1:8000/v1")
    lm_key: SecretStr = Field(SecretStr(""), description="its key")
    lm_device: Literal["auto", "cpu", "cuda"] = Field("auto", description="auto takes a GPU when there is one")
    lm_threads: int = Field(0, ge=0, description="CPU threads; 0 takes all cores")
    lm_queue: int = Field(
        32, ge=1, description="questions that may wait, half of them one community's; more go to people"
    )
    lm_timeout_s: float = Field(20.0, gt=0, description="seconds the model may take; then a question goes to a person")
    answer_confidence: float = Field(0.72, ge=0, le=1, description="an answer less sure than this goes to a person")

    # Manners
    unasked: str = Field("help", description="channels, or kinds of channels, where questions to nobody are answered")
    unasked_score: float = Field(0.5, ge=0, le=1, description="what the search must reach for that, help aside")
    unasked_per_hour: int = Field(30, ge=0, description="how often the bot speaks unasked in a community")
    quiet_s: float = Field(300.0, ge=0, description="seconds the bot leaves a member to a person who spoke to it")
    burst_s: float = Field(3.0, ge=0, le=60, description="seconds of silence after which a question is complete")

    # Running
    archive_days: int = Field(30, ge=0, le=3650, description="how long messages are kept for backtests; 0 keeps none")
    lease_s: float = Field(6.0, ge=1, le=300, description="seconds until a dead process's work is taken over")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much is logged")
    log_format: Literal["text", "json"] = Field("text", description="text for people, json for machines")


@lru_cache
def settings() -> Settings:
    """The settings, read once. Raises XiaoerError with every fault and its mend."""
    try:
        return Settings()
    except ValidationError as fault:
        raise XiaoerError("\n".join(_explain(dict(error)) for error in fault.errors())) from None


def terminal_language() -> str:
    """The terminal's language as a tag such as `zh-CN`, as POSIX ranks the variables; "" where none is set."""
    found = next((given for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (given := os.environ.get(name))), "")
    return found.partition(".")[0].replace("_", "-")


def _explain(error: dict[str, object]) -> str:
    location = error["loc"]
    name = str(location[0]).upper() if isinstance(location, tuple) and location else ".env"
    if error["type"] == "extra_forbidden":
        close = difflib.get_close_matches(name.lower(), Settings.model_fields, n=1)
        hint = f"did you mean {close[0].upper()}?" if close else "remove it"
        return f".env: unknown setting {name}; {hint} (.env.example lists all)"
    return f"setting {name}: {error['msg']}; correct it in .env or the environment (.env.example explains it)"
