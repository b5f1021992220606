"""Features that this service does not have are refused as by an org without them, not unknown."""

import pytest

from tests.management.admin import Admin


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/meta/schemas/user/linkedObjects"),
        ("POST", "/api/v1/meta/schemas/user/linkedObjects"),
        ("DELETE", "/api/v1/meta/schemas/user/linkedObjects/manager"),
        ("GET", "/api/v1/users/00u1/linkedObjects/manager"),
        ("PUT", "/api/v1/users/00u1/linkedObjects/manager/00u2"),
        ("GET", "/api/v1/users/00u1/blocks"),
    ],
)
def test_a_feature_that_is_off(admin: Admin, method: str, path: str) -> None:
    answer = admin.call(method, path, {} if method in {"POST", "PUT"} else None)

    assert (answer.status, answer.code) == (401, "E0000015")
    assert answer.json["errorSummary"] == "You do not have permission to access the feature you are requesting"
