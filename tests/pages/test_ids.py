"""The ids of pages that programs rely on (docs/protocol.md §3.6)."""

import re
from pathlib import Path

from authmint.pages import documents
from authmint.web import render

from tests.conformance.browser import browser
from tests.support.repository import CHECKOUT

TEMPLATES = [
    *Path(documents.__file__).parent.glob("templates/*.html"),
    *Path(render.__file__).parent.glob("templates/*.html"),
]
#: Only for what belongs to a field or button within its page.
OWN = {"lacks", "strength", "rules", "switch-form"}


def _documented() -> set[str]:
    section = (CHECKOUT / "docs" / "protocol.md").read_text().split("### 3.6 ")[1].split("\n## ")[0]
    cells = [row.split("|")[2] for row in section.splitlines() if row.startswith("|") and "`" in row]
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_ids_are_the_documented_ones() -> None:
    present = {name for template in TEMPLATES for name in re.findall(r'\bid="([^"]+)"', template.read_text())}

    assert present - OWN == _documented()


def test_the_conformance_suites_browser_goes_by_them() -> None:
    steps = [step for entry in browser("https://auth.test", "https://suite.test") for step in entry["tasks"]]
    used = {
        name
        for step in steps
        for command in step["commands"]
        if command[1] in {"id", "css"} and "auth.test" in step["match"]
        for name in re.findall(r"[\w-]+", command[2])
    }

    assert {"username", "password", "signin-submit", "consent-allow", "error", "done"} <= used <= _documented()
