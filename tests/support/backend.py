"""MiniStack for tests of storage and keys, with the tables of ``template.yaml``."""

import itertools
import json
import os
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from authmint.dynamo.connection import SharedConnection
from authmint.dynamo.tables import Tables, tables
from authmint.local.backend import Backend, backend_python
from authmint.local.deployment import deployment
from authmint.local.provision import client, create_key, create_table
from authmint.local.template import REGION, read
from authmint.runtime.aws_session import session as made_session
from botocore.session import Session

#: Where a process of tests that another one started finds the backend: its address.
SHARED = "AUTHMINT_TESTS_BACKEND"
_NUMBERS = itertools.count()
_client = cache(client)


@dataclass
class LocalAws:
    """DynamoDB and KMS at one loopback address."""

    endpoint: str

    def session(self) -> Session:
        """A botocore session that talks to it."""
        session = made_session()
        session.set_credentials("local", "local")
        session.set_config_variable("region", REGION)
        return session

    def fresh(self) -> "Deployed":
        """Tables that no other test has."""
        stage = f"t{os.getpid()}-{next(_NUMBERS)}"
        template = read(deployment().template, parameters={"Stage": stage})
        dynamodb = _client("dynamodb", self.endpoint)
        for table in template.tables:
            create_table(dynamodb, table)
        key = create_key(_client("kms", self.endpoint), "Key")
        names = [str(table["TableName"]) for table in template.tables]
        return Deployed(self, names[0], names[1], names[2], key)


@dataclass(frozen=True)
class Deployed:
    """One deployment's tables and key."""

    aws: LocalAws
    config: str
    grants: str
    events: str
    key: str

    def connection(self) -> SharedConnection:
        """A client of its own, as each warm instance has."""
        session = self.aws.session()
        # botocore reads the address from the environment; tests of several deployments hand it over instead
        original = session.create_client

        def create_client(service: str, **values: Any) -> Any:
            return original(service, endpoint_url=self.aws.endpoint, **values)

        session.create_client = create_client
        connection = SharedConnection(session)
        connection.client.meta.events.register("before-send.dynamodb.*", _lives)
        return connection

    def tables(self) -> Tables:
        """The tables over a connection of their own."""
        return tables(self.connection(), config=self.config, grants=self.grants, events=self.events)

    def environment(self) -> Mapping[str, str]:
        """What the template would give every function."""
        return {
            "AUTHMINT_CONFIG_TABLE": self.config,
            "AUTHMINT_GRANTS_TABLE": self.grants,
            "AUTHMINT_EVENTS_TABLE": self.events,
            "AUTHMINT_KMS_KEY_ID": self.key,
            "AUTHMINT_BASE_URL": "https://acme.example.com",
            "AUTHMINT_MAIL_FROM": "no-reply@acme.example.com",
        }

    def items(self) -> "Items":
        """Everything that is stored in the tables."""
        return [self._all(name) for name in self._names()]

    def logged(self) -> Counter[str]:
        """How many events of administration there are, by type."""
        items = [item for item in self._all(self.events) if item["pk"]["S"].startswith("DAY#")]
        return Counter(json.loads(item["body"]["S"])["type"] for item in items)

    def restore(self, items: "Items") -> None:
        """Put into these tables, which are empty, what another deployment's held."""
        dynamodb = _client("dynamodb", self.aws.endpoint)
        for name, stored in zip(self._names(), items, strict=True):
            puts = [{"PutRequest": {"Item": item}} for item in stored]
            for start in range(0, len(puts), _BATCH):
                left = dynamodb.batch_write_item(RequestItems={name: puts[start : start + _BATCH]})
                assert not left["UnprocessedItems"]

    def rewind(self, items: "Items") -> None:
        """Let these tables hold again what they held: only what differs is written."""
        dynamodb = _client("dynamodb", self.aws.endpoint)
        for name, now, before in zip(self._names(), self.items(), items, strict=True):
            known = {_key(item): item for item in before}
            found = {_key(item): item for item in now}
            requests = [{"PutRequest": {"Item": item}} for key, item in known.items() if found.get(key) != item]
            gone = [item for key, item in found.items() if key not in known]
            requests += [{"DeleteRequest": {"Key": {part: item[part] for part in ("pk", "sk")}}} for item in gone]
            for start in range(0, len(requests), _BATCH):
                dynamodb.batch_write_item(RequestItems={name: requests[start : start + _BATCH]})

    def _all(self, table: str) -> list[dict[str, Any]]:
        pages = _client("dynamodb", self.aws.endpoint).get_paginator("scan").paginate
        return [item for page in pages(TableName=table) for item in page["Items"]]

    def _names(self) -> tuple[str, str, str]:
        return self.config, self.grants, self.events


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


#: The items of each table.
Items = list[list[dict[str, Any]]]
#: How many items one call may write.
_BATCH = 25
_TTL = re.compile(r'"ttl": ?\{"N": ?"(\d+)"\}')


def _lives(request: Any, **_: Any) -> None:
    """No test stores what the backend's reaper, which goes by the real time, would remove under its hands."""
    past = [found for found in _TTL.findall(request.body.decode()) if int(found) < time.time()]
    assert not past, f"a ttl in the real past: {past}; store with tests.support.fakes.NOW"


@contextmanager
def running() -> Iterator[LocalAws]:
    """The backend of the process that started this one, or one of its own."""
    if shared := os.environ.get(SHARED):
        yield LocalAws(shared)
        return
    process = start()
    try:
        yield LocalAws(process.endpoint)
    finally:
        process.stop()


def start(state: Path | None = None) -> Backend:
    """A backend process; stop it afterwards."""
    backend = Backend(backend_python(deployment()), state)
    backend.start()
    return backend
