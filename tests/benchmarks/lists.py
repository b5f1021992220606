"""What lists cost where there is much to list: calls of DynamoDB per page, counted over a filled table.

``python -m tests.benchmarks.lists`` fills a list with 100,000 users, and a server with clients that hold refresh
tokens, and asks the management function as administrators do. ``--users`` and ``--clients`` take other numbers. The
list of users is answered at the HTTP boundary, a megabyte at a time as DynamoDB does; all else is the backend's.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import time
from bisect import bisect_right
from collections import Counter
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from authmint.clock import SystemClock
from authmint.dynamo.records import encode
from authmint.dynamo.sharded import partitions, shard_of
from authmint.dynamo.token_families import DynamoTokenFamilies
from authmint.dynamo.users import USERS
from authmint.ids import RandomIds
from authmint.local.backend import Backend, backend_python
from authmint.local.deployment import deployment
from authmint.storage.token_families import RefreshToken, TokenFamily
from authmint.storage.users import User
from botocore.awsrequest import AWSResponse

from tests.benchmarks.measure import says
from tests.benchmarks.people import watched
from tests.functions.deployment import Calls, Functions, load_event
from tests.support.backend import LocalAws
from tests.support.builders import a_client, a_user

#: Families of each client, the newest revoked: it is the most that is usual.
FAMILIES: Final = 3
_MEGABYTE: Final = 1_048_576
#: Bytes of an item beside the body and the sort key: names, and the partition key.
_KEYS: Final = len("pk" + "sk" + "body" + USERS)
_QUESTIONS: Final = (
    ("a page of 200", "limit=200"),
    ("q, whom nobody has", "q=zzz"),
    ("search, one in a thousand", 'search=profile.department eq "d7"&limit=200'),
    ("search, nobody", 'search=profile.department eq "none"'),
    ("search by login", 'search=profile.login eq "ann@example.com"'),
    ("search, sorted by created", 'search=profile.department eq "d7"&sortBy=created'),
    ("search, sorted by a name", 'search=profile.department eq "d7"&sortBy=profile.lastName'),
)


def main() -> int:
    """Fill and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=500)
    numbers = parser.parse_args()
    backend = Backend(backend_python(deployment()), None)
    backend.start()
    try:
        os.environ |= {
            "AWS_ENDPOINT_URL_DYNAMODB": backend.endpoint,
            "AWS_ENDPOINT_URL_KMS": backend.endpoint,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        calls, users = Calls(), ListOfUsers(numbers.users)

        def watch(client: Any) -> None:
            calls.watch(client)
            users.watch(client)

        with watched(watch):
            functions = Functions(LocalAws(backend.endpoint).fresh(), calls)
            with contextlib.redirect_stdout(io.StringIO()):
                server, _, _ = functions.ready()
                functions.admin("POST", "/api/v1/users", {"profile": dict(a_user(login="ann@example.com").profile)})
            print(f"{numbers.users} users")
            for name, query in _QUESTIONS:
                _count(functions, name, f"/api/v1/users?{quote(query, safe='=&')}")
            _fill_clients(functions, server, numbers.clients)
            print(f"{numbers.clients} clients of {FAMILIES} families each")
            for limit in (20, 200):
                path = f"/api/v1/authorizationServers/{server}/clients?limit={limit}"
                _count(functions, f"clients with tokens, {limit} a page", path)
    finally:
        backend.stop()
    return 0


class ListOfUsers:
    """The partitions of the list of users, where walks read: the backend would sort one anew for every Query."""

    def __init__(self, number: int) -> None:
        self._bodies = {f"00u{at:017}": encode(_user(at, f"00u{at:017}")) for at in range(number)}
        self._ids: dict[str, list[str]] = {partition: [] for partition in partitions(USERS)}
        for user_id in self._bodies:
            self._ids[shard_of(USERS, user_id)].append(user_id)

    def __call__(self, request: Any, event_name: str, **_: Any) -> AWSResponse | None:
        """The answer to a Query of the list; ``None``: it is about something else."""
        asked = json.loads(request.body) if event_name.endswith(".Query") else {}
        values = [value.get("S") for value in asked.get("ExpressionAttributeValues", {}).values()]
        partition = next((value for value in values if value in self._ids), None)
        if partition is None:
            return None
        ids = self._ids[partition]
        after = max((value for value in values if value != partition), default="")
        after = asked.get("ExclusiveStartKey", {}).get("sk", {}).get("S", after)
        items: list[dict[str, Any]] = []
        size = 0
        for user_id in ids[bisect_right(ids, after) :]:
            if size >= _MEGABYTE or len(items) == asked.get("Limit", len(ids)):
                break
            items.append({"pk": {"S": partition}, "sk": {"S": user_id}, "body": {"S": self._bodies[user_id]}})
            size += len(self._bodies[user_id]) + len(user_id) + _KEYS
        answer: dict[str, Any] = {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        if items and items[-1]["sk"]["S"] != ids[-1]:
            answer["LastEvaluatedKey"] = {"pk": items[-1]["pk"], "sk": items[-1]["sk"]}
        response = AWSResponse(request.url, 200, {"content-type": "application/x-amz-json-1.0"}, None)
        response._content = json.dumps(answer).encode()
        return response

    def watch(self, client: Any) -> None:
        """Stand before DynamoDB for this client."""
        client.meta.events.register_last("before-send.dynamodb.*", self)


def _user(at: int, user_id: str) -> User:
    profile = {"lastName": f"Lee{at % 977}", "department": f"d{at % 1000}", "title": "x" * 300}
    return a_user(id=user_id, login=f"user{at}@example.com", profile=profile)


def _fill_clients(functions: Functions, server: str, number: int) -> None:
    families = DynamoTokenFamilies(functions.deployed.tables(), RandomIds(SystemClock()))
    config, now = functions.deployed.tables().config, int(time.time())
    for at in range(number):
        client = a_client(id=f"0oa{at:017}", label=f"client {at}")
        config(f"CLIENT#{client.id}", "#", body=encode(client), version=1).save()
        for held in range(FAMILIES):
            family = TokenFamily(
                id=f"oar{at:014}{held:03}",
                server_id=server,
                client_id=client.id,
                user_id="00u1",
                scopes=("openid", "offline_access"),
                created_at=now,
                updated_at=now,
                auth_time=now,
                amr=("pwd",),
            )
            families.add(family, RefreshToken(f"digest-{family.id}", family.id, now, now + 86_400))


def _count(functions: Functions, name: str, url: str) -> None:
    """Pages, and calls of the costliest one."""
    pages, shown, most, kinds = 0, 0, 0, Counter[str]()
    status = 200
    following: str | None = url
    while following is not None:
        parts = urlsplit(following)
        pairs = parse_qsl(parts.query)
        event = load_event("management") | {
            "httpMethod": "GET",
            "path": parts.path,
            "multiValueHeaders": {"Authorization": [f"SSWS {functions.token}"]},
            "multiValueQueryStringParameters": {key: [value] for key, value in pairs} or None,
        }
        functions.calls.sent.clear()
        answer = functions.http("management", event)
        pages, most = pages + 1, max(most, len(functions.calls.sent))
        kinds |= Counter(call.partition(":")[2] for call in functions.calls.sent)
        status = answer["statusCode"]
        shown += len(json.loads(answer["body"])) if status == 200 else 0
        links = [link for link in answer["multiValueHeaders"].get("link", []) if link.endswith('rel="next"')]
        following = links[0].partition("<")[2].partition(">")[0] if links and pages < 1_000 else None
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    says(f"{name}: {status}, {shown} in {pages} pages; most calls of one: {counted}", most)


if __name__ == "__main__":
    sys.exit(main())
