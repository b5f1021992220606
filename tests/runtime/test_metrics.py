"""Events are counted as they are written: of every server alike, what was given and what was refused."""

import json

import pytest
from authmint.runtime.logging import Log
from authmint.storage.events import Event, Party

from tests.support.fakes import NOW, FrozenClock

COUNTED = [
    ("app.oauth2.as.token.grant.access_token", "SUCCESS", "TokensIssued"),
    ("app.oauth2.token.grant.access_token", "SUCCESS", "TokensIssued"),
    ("app.oauth2.as.authorize.implicit.access_token", "SUCCESS", "TokensIssued"),
    ("app.oauth2.as.token.grant", "FAILURE", "TokensRefused"),
    ("app.oauth2.token.grant", "FAILURE", "TokensRefused"),
    ("app.oauth2.token.detect_reuse", "FAILURE", "TokensReused"),
    ("app.oauth2.token.revoke", "SUCCESS", "TokensRevoked"),
    ("app.oauth2.authorize", "FAILURE", "AuthorizationsRefused"),
    ("user.session.start", "SUCCESS", "SignIns"),
    ("user.session.start", "FAILURE", "SignInsRefused"),
    ("app.oauth2.as.token.grant.id_token", "SUCCESS", None),
    ("app.oauth2.as.authorize.code", "SUCCESS", None),
]


@pytest.mark.parametrize(("kind", "outcome", "metric"), COUNTED)
def test_what_is_counted(capsys: pytest.CaptureFixture[str], kind: str, outcome: str, metric: str | None) -> None:
    Log("token", FrozenClock()).emit(Event("e1", NOW * 1000, kind, Party("a", "User"), outcome=outcome))

    line = json.loads(capsys.readouterr().out)
    declared = line["_aws"]["CloudWatchMetrics"][0]["Metrics"] if "_aws" in line else []
    counted = [one["Name"] for one in declared]
    assert counted == ([] if metric is None else [metric])
    assert metric is None or line[metric] == 1
