"""Before the suite: see to Chromium, by the system's packages where that is allowed, and say so where it is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")
COMMAND = ("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES)


def main() -> None:
    """Install Chromium if it is missing, if this is root, and if the system has apt."""
    if any(map(shutil.which, BROWSERS)):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say(f"Chromium is missing, so the browser tests are skipped. To run them: sudo {' '.join(COMMAND)}")
        return
    say("Installing Chromium for the browser tests ...")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("apt-get", "update"), COMMAND):
        done = subprocess.run(command, env=quiet, check=False, capture_output=True, text=True)
        if done.returncode:
            say(f"`{' '.join(command)}` failed, so the browser tests are skipped: {done.stderr.strip()[-300:]}")
            return


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
