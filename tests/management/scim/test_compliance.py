"""The checks of ``scim2-tester``, which no part of this project wrote."""

from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from authmint.http import Request

from tests.management.admin import BASE_URL, Admin
from tests.management.scim.directory import ROOT, Provisioning

scim2_tester = pytest.importorskip("scim2_tester")


def test_a_client_that_checks_compliance_finds_nothing(admin: Admin) -> None:
    """It makes names that are no addresses and passwords without capitals: the org allows both."""
    from scim2_client.engines.wsgi import WSGISCIMClient

    base = {"login": {"pattern": ".+"}, "firstName": {"required": False}, "lastName": {"required": False}}
    custom = {"team": {"title": "Team", "type": "string"}, "level": {"title": "Level", "type": "integer"}}
    definitions = {"base": {"properties": base}, "custom": {"properties": custom}}
    assert admin.post("/api/v1/meta/schemas/user/default", {"definitions": definitions}).status == 200
    policy = admin.get("/api/v1/policies?type=PASSWORD").json[0]
    policy["settings"]["password"]["complexity"] |= {
        "minUpperCase": 0, "minLowerCase": 0, "minNumber": 0, "excludeUsername": False,
    }  # fmt: skip
    assert admin.put(f"/api/v1/policies/{policy['id']}", policy).status == 200
    provisioning = Provisioning(admin)

    def application(environ: Any, start: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        headers = {key[5:].lower().replace("_", "-"): one for key, one in environ.items() if key.startswith("HTTP_")}
        answer = admin.api(
            Request(
                environ["REQUEST_METHOD"],
                quote(environ["PATH_INFO"], safe="/:"),
                BASE_URL,
                query=tuple(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True)),
                headers=headers,
                body=environ["wsgi.input"].read(length),
            )
        )
        start(f"{answer.status} -", list(answer.headers))
        return [answer.body]

    client = WSGISCIMClient(
        application, base_url=BASE_URL + ROOT, headers={"authorization": f"Bearer {provisioning.token}"}
    )
    results = scim2_tester.check_server(client)

    wrong = [(one.title, one.reason) for one in results if one.status.name not in {"SUCCESS", "SKIPPED"}]
    assert wrong == []
    assert len(results) > 100
