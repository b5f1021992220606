"""``python -m tests.benchmarks.console``: processor time and weight of the console's pages, with 10,000 people.

Counted is what ``make run`` uses for a page: its gateway, the console, and the management API that it calls; the
stand-in for DynamoDB and KMS is told apart.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urljoin

import pytest
import requests

from tests.benchmarks.measure import line
from tests.support.backend import Deployed, LocalAws
from tests.support.crowd import move_in
from tests.support.people import Form
from tests.support.stack import ADMINISTRATOR_PASSWORD, Running, running_stack

ROUNDS: Final = 5
MOST_BYTES: Final = 150_000
MOST_MS: Final = 300
PAGES: Final = (
    "/console",
    "/console/servers",
    "/console/servers/default",
    "/console/servers/default/preview",
    "/console/servers/default/keys",
    "/console/servers/default/analysis",
    "/console/servers/new",
    "/console/apps",
    "/console/apps/new/web",
    "/console/users",
    "/console/users?q=user",
    "/console/users/00u00042",
    "/console/users/00u00042/groups",
    "/console/groups",
    "/console/groups/00g000/users",
    "/console/policies",
    "/console/analysis",
    "/console/explain?user=00u00042",
    "/console/zones",
    "/console/administrators",
    "/console/log",
    "/console/usage",
)


def main() -> None:
    """Prints a line for each page, and what the bars say of the heaviest ones."""
    with tempfile.TemporaryDirectory() as directory, running_stack(Path(directory)) as stack:
        _crowd(stack)
        browser = _signed_in(stack)
        found = [(path, *_measured(stack, browser, path)) for path in PAGES]
    for path, ours, backend, weight in found:
        line(f"{path}: processor time (and the backend's: {backend:.0f})", ours, "ms")
        line(f"{path}: weight", weight / 1_000, "kB")
    slowest, heaviest = max(ours for _, ours, _, _ in found), max(weight for *_, weight in found) / 1_000
    line("slowest page", slowest, "ms", ratio=slowest, bar=MOST_MS)
    line("heaviest page", heaviest, "kB", ratio=heaviest, bar=MOST_BYTES / 1_000)


def _crowd(stack: Running) -> None:
    environment = next(_environments(stack))
    config, grants, events = (environment[f"AUTHMINT_{table}_TABLE"] for table in ("CONFIG", "GRANTS", "EVENTS"))
    deployed = Deployed(LocalAws(environment["AWS_ENDPOINT_URL_DYNAMODB"]), config, grants, events, "")
    with pytest.MonkeyPatch.context() as patch:
        move_in(deployed.tables(), ADMINISTRATOR_PASSWORD, patch.setattr)


def _signed_in(stack: Running) -> requests.Session:
    browser = requests.Session()
    page = browser.get(f"{stack.url}/console", timeout=60)
    form = Form()
    form.feed(page.text)
    fields = form.fields | {"username": "admin@local.invalid", "password": ADMINISTRATOR_PASSWORD}
    home = browser.post(urljoin(page.url, form.action), data=fields, headers={"origin": stack.url}, timeout=60)
    assert home.url == f"{stack.url}/console", home.url
    return browser


def _measured(stack: Running, browser: requests.Session, path: str) -> tuple[float, float, int]:
    """Milliseconds of processor time for one page, ours and the backend's; its bytes."""
    page = browser.get(stack.url + path, timeout=60)  # what it needs is loaded
    assert page.status_code == 200, (path, page.status_code)
    ours, backend = _used(stack)
    for _ in range(ROUNDS):
        browser.get(stack.url + path, timeout=60)
    now, backend_now = _used(stack)
    return (now - ours) / ROUNDS, (backend_now - backend) / ROUNDS, len(page.content)


def _used(stack: Running) -> tuple[float, float]:
    """Milliseconds of processor time so far: of the stack and its execution environments; of the backend."""
    ours = _ticks(stack.process.pid)
    backend = 0.0
    for process in _children(stack):
        if "backend_process" in (process / "cmdline").read_text():
            backend += _ticks(int(process.name))
        else:
            ours += _ticks(int(process.name))
    return ours, backend


def _ticks(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1_000 / os.sysconf("SC_CLK_TCK")


def _children(stack: Running) -> Iterator[Path]:
    for directory in Path("/proc").iterdir():
        try:
            if directory.name.isdigit():
                parent = int((directory / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == stack.process.pid:
                    yield directory
        except OSError:
            continue  # it has ended


def _environments(stack: Running) -> Iterator[dict[str, str]]:
    """What the execution environments are given."""
    for process in _children(stack):
        pairs = (process / "environ").read_text().split("\0")
        found = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
        if "AUTHMINT_CONFIG_TABLE" in found:
            yield found


if __name__ == "__main__":
    main()
