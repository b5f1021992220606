"""Objects as configuration for Terraform."""

import json
import re
from typing import Any

import pytest
from authmint.console.terraform import RESOURCES, configuration

from .browser import Browser, text


def of(path: str, item: dict[str, Any], **parts: str) -> str:
    found = configuration(path, name=item.get("name", ""), identity="i1", item=item, parts=parts)
    assert found is not None
    return found


def test_an_object_is_a_resource_and_a_block_that_takes_it_over() -> None:
    scope = {"name": "orders:read", "displayName": "Read", "consent": "IMPLICIT", "default": False, "optional": True}

    assert of("/servers/{server}/scopes", scope, server="aus1") == (
        "import {\n"
        "  to = okta_auth_server_scope.orders_read\n"
        '  id = "aus1/i1"\n'
        "}\n"
        "\n"
        'resource "okta_auth_server_scope" "orders_read" {\n'
        '  auth_server_id = "aus1"\n'
        '  name           = "orders:read"\n'
        '  display_name   = "Read"\n'
        '  consent        = "IMPLICIT"\n'
        "  optional       = true\n"
        "}\n"
    )


@pytest.mark.parametrize("name", ['a"} \n', "${user.name}", "%{ if true }", "\\${x}", "Ünï 😀", "1st", "", "</pre>"])
def test_no_name_leaves_its_place(name: str) -> None:
    found = of("/groups", {"profile": {"name": name, "extra": "${a}"}, "name": name})

    label = re.findall(r'^resource "okta_group" "(\w+)" \{$', found, re.MULTILINE)
    assert len(label) == 1
    assert found.count(f"okta_group.{label[0]}\n") == 1
    assert not re.search(r"(?<!\$)\$\{|(?<!%)%\{", found)
    named = re.findall(r"^  name +=(.*)$", found, re.MULTILINE)
    assert [json.loads(one.replace("$${", "${").replace("%%{", "%{")) for one in named] == ([name] if name else [])


def test_what_comes_with_the_deployment_is_nobodys_to_make() -> None:
    assert configuration("/groups", name="Everyone", identity="g", item={"system": True}, parts={}) is None
    assert configuration("/tokens", name="t", identity="t", item={}, parts={}) is None


def test_pages_show_it_with_what_stands_in_the_object() -> None:
    browser = Browser()
    admin = browser.deployment.admin
    server = admin.server(name="orders")["id"]
    policy = admin.made(
        f"/api/v1/authorizationServers/{server}/policies",
        {
            "type": "OAUTH_AUTHORIZATION_POLICY",
            "name": "p",
            "description": "d",
            "conditions": {"clients": {"include": ["ALL_CLIENTS"]}},
        },
    )["id"]

    page = text(browser.get(f"/console/servers/{server}/policies/{policy}"))

    assert f"{server}/{policy}" in page
    assert "okta_auth_server_policy" in page
    assert "client_whitelist = [&#34;ALL_CLIENTS&#34;]" in page
    assert "okta_auth_server" not in text(browser.get("/console/servers/new"))


def test_every_family_that_is_named_is_there() -> None:
    paths = {route.path.removesuffix("/{id}") for _, route in Browser(signed_in=False).site._routes}

    assert sorted(set(RESOURCES) - paths) == []
