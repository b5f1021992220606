"""Where Chromium is, and how tests start it."""

import os
from pathlib import Path

CHROMIUM = Path(os.environ.get("AUTHMINT_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-dev-shm-usage",
]
#: Milliseconds. Only a machine that does much else needs so many.
PATIENCE = 20_000
