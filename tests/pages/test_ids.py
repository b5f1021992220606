"""The ids of pages that programs rely on (docs/protocol.md §3.6)."""

import re
from pathlib import Path

from authmint.pages import documents
from authmint.web import render

from tests.support.repository import CHECKOUT

TEMPLATES = [
    *Path(documents.__file__).parent.glob("templates/*.html"),
    *Path(render.__file__).parent.glob("templates/*.html"),
]
#: Only for what belongs to a field or button within its page.
OWN = {"rules", "switch-form"}


def test_ids_are_the_documented_ones() -> None:
    section = (CHECKOUT / "docs" / "protocol.md").read_text().split("### 3.6 ")[1].split("\n## ")[0]
    cells = [row.split("|")[2] for row in section.splitlines() if row.startswith("|") and "`" in row]
    documented = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}

    present = {name for template in TEMPLATES for name in re.findall(r'\bid="([^"]+)"', template.read_text())}

    assert present - OWN == documented
