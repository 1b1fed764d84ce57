"""The sample community: an invented marketplace, Lanqiao Market / 蓝桥集市, its knowledge, and a day of its chat."""

from pathlib import Path

FOLDER = Path(__file__).parent
KNOWLEDGE = FOLDER / "knowledge"
"""Markdown documents, the same subjects in Chinese and in English; one in each language is out of date on purpose."""
POLICY = FOLDER / "policy.toml"
"""Says what differs from the packaged policy."""
DAY = FOLDER / "day.jsonl"
"""A day's messages, one `moderation.types.Message` a line, in the order of their times."""
EXPECTED = FOLDER / "day.expected.jsonl"
"""What should become of each message: {"id", "edit", "expect"}, a list where more than one outcome is fair."""
