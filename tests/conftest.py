"""Fixtures that are expensive: one backend and one stack per test process, started when first needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import backend as backends
from tests.support import stages as stages_of
from tests.support import warm
from tests.support.document_host import HOSTS, DocumentHost, serving_documents
from tests.support.org_settings import changed_settings, org_settings
from tests.support.stack import Running, running_stack

# Property tests run beside others on two cores: their time says nothing.
settings.register_profile("authmint", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("authmint")
warm.keep()


@pytest.fixture(scope="session")
def aws() -> Iterator[backends.LocalAws]:
    with backends.running() as found:
        yield found


@pytest.fixture
def deployed(aws: backends.LocalAws) -> backends.Deployed:
    return aws.fresh()


@pytest.fixture(scope="session")
def document_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DocumentHost]:
    """Others' documents, which the functions of ``stack`` can fetch."""
    with serving_documents(tmp_path_factory.mktemp("documents")) as host:
        yield host


#: The stack that tests of this process share, once it runs, and the settings of its org that the next tests rely on.
_shared: dict[str, Any] = {}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, document_host: DocumentHost) -> Iterator[Running]:
    data: Path = tmp_path_factory.mktemp("stack")
    with running_stack(data, AUTHMINT_FETCH_CA=str(document_host.certificate), AUTHMINT_FETCH_HOSTS=HOSTS) as running:
        _shared.update(stack=running, settings=org_settings(running))
        yield running
        _shared.clear()


@pytest.fixture(scope="module", autouse=True)
def settings_of_the_shared_stack(request: pytest.FixtureRequest) -> Iterator[None]:
    """Nothing of the whole org stays changed behind tests at a stack that others share: they come in any order."""
    yield
    module = request.node
    if _shared and any(
        "stack" in getattr(item, "fixturenames", ()) and item.getparent(pytest.Module) is module
        for item in request.session.items
    ):
        before, after = _shared["settings"], org_settings(_shared["stack"])
        _shared["settings"] = after
        assert changed_settings(before, after) == []


@pytest.fixture(scope="session")
def stages() -> Iterator[dict[str, stages_of.Stage]]:
    with stages_of.running() as running:
        yield running
