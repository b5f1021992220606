"""Fixtures that are expensive: one backend and one stack per test process, started when first needed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import backend as backends
from tests.support import stages as stages_of
from tests.support import warm
from tests.support.document_host import HOSTS, DocumentHost, serving_documents
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


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, document_host: DocumentHost) -> Iterator[Running]:
    data: Path = tmp_path_factory.mktemp("stack")
    with running_stack(data, AUTHMINT_FETCH_CA=str(document_host.certificate), AUTHMINT_FETCH_HOSTS=HOSTS) as running:
        yield running


@pytest.fixture(scope="session")
def stages() -> Iterator[dict[str, stages_of.Stage]]:
    with stages_of.running() as running:
        yield running
