"""The API document lists what is served, and with which scopes: no more, no less."""

import re

from authmint.management.http.needed_scopes import needed_scope

from tests.management.admin import Admin
from tests.support.repository import CHECKOUT

DOCUMENT = (CHECKOUT / "docs/api.md").read_text()
_ROW = re.compile(r"^\| `(/[^`]+)` \| ([A-Z, ]+) \|$", re.MULTILINE)
_FAMILY = re.compile(r"^### .*?\n\n(Scopes: .*?)\n\n(.*?)(?=\n\n|\Z)", re.MULTILINE | re.DOTALL)


def _rows(text: str) -> set[tuple[str, str]]:
    return {(method, path) for path, methods in _ROW.findall(text) for method in methods.split(", ")}


def _served() -> set[tuple[str, str]]:
    """Operations of the management API, without those that say that a feature is not there."""
    found = set()
    for method, template, operation in Admin().api._routes:
        if getattr(operation, "__name__", "") != "_refuse":
            found.add((method, template))
    return found


def test_every_operation_is_listed_and_no_other() -> None:
    told, served = _rows(DOCUMENT.partition("\n## Management\n")[2]), _served()
    assert len(served) > 100
    assert (served - told, told - served) == (set(), set())


def test_every_family_names_the_scopes_of_its_operations() -> None:
    families = _FAMILY.findall(DOCUMENT)
    assert len(families) > 8
    for scopes, rows in families:
        needed = {needed_scope(method, path) for method, path in _rows(rows)}
        assert {scope for scope in needed if f"`{scope}`" not in scopes} == set()


def test_every_route_of_the_template_is_listed() -> None:
    template = (CHECKOUT / "template.yaml").read_text()
    paths = {path for path in re.findall(r"^ +Path: (\S+)$", template, re.MULTILINE) if "{proxy+}" not in path}
    below = {
        re.sub(r"^/oauth2(/\{authServerId\})?(?=/v1/(?!clients|global-token-revocation)|/\.well-known)", "", path)
        for path in paths
    }
    known = {path.removesuffix("/oauth2/{authServerId}") for path in below}
    assert len(known) > 15
    assert {path for path in known if f"`{path}`" not in DOCUMENT} == set()
