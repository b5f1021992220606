from typing import Any

import pytest
from authmint.rate_limit import RateLimit
from botocore.session import Session

from tests.functions.deployment import Calls, Functions
from tests.functions.faults import Faults
from tests.support.backend import Deployed
from tests.support.fakes import SENT, silent
from tests.support.pace import unbraked as unbraked_take


@pytest.fixture
def calls(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Every botocore client that a function makes talks to the backend and is watched."""
    watched = Calls()
    original = Session.create_client

    def create_client(self: Session, service: str, *values: Any, **named: Any) -> Any:
        client = original(self, service, *values, **named)
        watched.watch(client)
        if service == "sesv2":
            client.meta.events.register_last("before-send.sesv2.*", lambda **_: SENT)
        if service == "lambda":
            client.meta.events.register_last("before-send.lambda.*", silent)
        return client

    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": deployed.aws.endpoint,
        "AWS_ENDPOINT_URL_KMS": deployed.aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Session, "create_client", create_client)
    return watched


@pytest.fixture
def functions(deployed: Deployed, calls: Calls) -> Functions:
    return Functions(deployed, calls)


@pytest.fixture
def unbraked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RateLimit, "take", unbraked_take())


@pytest.fixture
def faults(deployed: Deployed, monkeypatch: pytest.MonkeyPatch, functions: Functions) -> Faults:
    injected = Faults()
    create_client = Session.create_client

    def create(self: Session, service: str, *values: Any, **named: Any) -> Any:
        client = create_client(self, service, *values, **named)
        client.meta.events.register("before-send.*.*", injected)
        return client

    monkeypatch.setattr(Session, "create_client", create)
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)  # all pauses between attempts, also ours
    # Nobody waits, so who tries again for seconds would do so in a hundred attempts: pauses are long from the first on.
    monkeypatch.setattr("authmint.storage.retrying.SHORTEST", 3.0)
    monkeypatch.setattr("authmint.storage.retrying.LONGEST", 30.0)
    return injected


@pytest.fixture
def kept_clients(faults: Faults, monkeypatch: pytest.MonkeyPatch) -> None:
    """New instances take the clients of AWS that are there: making them takes as long as all that is asked of them."""
    create, kept = Session.create_client, {}

    def create_client(self: Session, service: str, *values: Any, **named: Any) -> Any:
        key = service, repr(vars(named["config"])) if "config" in named else ""
        if key not in kept:
            kept[key] = create(self, service, *values, **named)
        return kept[key]

    monkeypatch.setattr(Session, "create_client", create_client)
