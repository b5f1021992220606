"""Lists below a server of those whom nobody registered, and of those who hold its tokens."""

import re

from .browser import Browser, header, text


def test_clients_by_their_document_are_let_in_blocked_and_removed() -> None:
    browser = Browser()
    admin = browser.deployment.admin
    server = f"/console/servers/{admin.server()['id']}"
    url = "https://client.example.com/metadata.json"

    page = browser.get(f"{server}/metadata-clients/new")
    made = browser.submit(page, f"{server}/metadata-clients/new", clientId=url)
    assert made.status == 303, text(made)
    one = header(made, "location").partition("?")[0]
    assert browser.submit(browser.get(one), one, status="BLOCKED").status == 303
    assert "BLOCKED" in text(browser.get(f"{server}/metadata-clients"))
    assert browser.post(f"{one}/delete", csrf=browser.csrf(), name=url).status == 303


def test_a_registration_token_is_shown_once_and_servers_are_trusted() -> None:
    browser = Browser()
    admin = browser.deployment.admin
    other = admin.server(name="other", audiences=["api://other"])["id"]
    server = f"/console/servers/{admin.server()['id']}"

    page = browser.get(f"{server}/registration-tokens/new")
    made = text(browser.submit(page, f"{server}/registration-tokens/new", name="partner", uses="3"))
    assert "shown once" in made
    assert browser.post(f"{server}/trusted-servers/new", csrf=browser.csrf(), id=other).status == 303
    listed = text(browser.get(f"{server}/trusted-servers"))
    assert re.search(r">other</a>", listed)
    assert browser.post(f"{server}/trusted-servers/{other}/delete", csrf=browser.csrf()).status == 303
    for part in ("clients", "metadata-documents", "dynamic-clients", "registration-tokens", "trusted-servers"):
        assert browser.get(f"{server}/{part}").status == 200, part
