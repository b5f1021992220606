"""The client of a function: where its calls go."""

from authmint.dynamo.connection import config

from tests.support.backend import Deployed


def test_calls_go_where_those_of_a_plain_client_go(deployed: Deployed) -> None:
    ours = deployed.connection().client
    plain = deployed.aws.session().create_client("dynamodb", endpoint_url=deployed.aws.endpoint, config=config())
    calls = {
        "GetItem": {"TableName": deployed.config},
        "Query": {"TableName": deployed.config},
        "BatchGetItem": {"RequestItems": {deployed.config: {}}},
        "TransactWriteItems": {"TransactItems": []},
    }
    for name, call in calls.items():
        operation = plain.meta.service_model.operation_model(name)
        found: list[tuple[object, ...]] = []
        for client in (plain, ours, ours):
            context = {"client_config": client.meta.config}
            endpoint = client._resolve_endpoint_ruleset(operation, call, context)
            found.append((*endpoint, context.get("auth_type"), context.get("signing")))
        assert found[0] == found[1] == found[2]
