"""The recorded day of the sample community, played through the whole path with the real judge, search and model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bot.sample import DAY, EXPECTED

FAIR = 0.85
"""The part of the day's messages whose fate is one that a person thought fair; the miss is told in the output."""


def test_every_message_of_the_day_is_accounted_for(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "xiaoer"), "replay", str(DAY), "--expect", str(EXPECTED)],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    summary = done.stdout.strip().splitlines()[-2:]
    messages = len(DAY.read_text("utf-8").splitlines())
    assert summary[0].startswith(f"{messages} messages: ")
    assert all(fate in summary[0] for fate in ("answered", "silent", "enforced", "escalated"))
    assert "lost" not in summary[0]
    fair = int(summary[1].split()[0])
    assert fair >= FAIR * messages, done.stdout
