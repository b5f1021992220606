"""The arithmetic of ``make cost``, and its price file."""

import tomllib
from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks import people
from tests.benchmarks.cost import (
    PRICES,
    Item,
    Meter,
    Usage,
    counted,
    item_bytes,
    metered_by,
    of_people,
    price,
    query_units,
    read_units,
    write_units,
)
from tests.support.backend import LocalAws

ASSUMED = {
    "dynamodb_milliseconds": 4.0,
    "platform_log_bytes": 600,
    "access_log_bytes": 200,
    "requests_per_environment": 1_000_000,
    "cold_start_milliseconds": 0,
    "megabytes_per_processor": 1_024,
}
LIST: dict[str, Any] = {
    "assumed": ASSUMED,
    "lambda": {"per_million_requests": 0.2, "per_gb_second": 0.00001},
    "http_api": {"per_million_requests": 1.0},
    "dynamodb": {"per_million_read_units": 0.1, "per_million_write_units": 0.5},
    "logs": {"per_gb": 0.5},
    "kms": {"per_ten_thousand_requests": 0.03},
}


def test_a_price_is_the_sum_of_what_was_counted() -> None:
    cost = price(Usage("token", "token", 0.9, 1, 2, 1, 1_200), 512, LIST)

    # 0.9 ms at half a processor and one call: 5.8 ms, billed as 6, at half a gigabyte
    assert cost.function == pytest.approx(0.2 + 6_000 * 0.5 * 0.00001)
    assert cost.dynamodb == pytest.approx(2 * 0.1 + 0.5)
    assert cost.logs == pytest.approx(2_000 * 1e6 / 1e9 * 0.5)
    assert cost.total == pytest.approx(1.0 + cost.function + cost.dynamodb + cost.logs + cost.kms)


def test_an_operation_of_several_requests_pays_for_each() -> None:
    one = price(Usage("token", "token", 2.0, 1, 2, 1, 1_000), 1_024, LIST)

    three = price(Usage("sign-in", "token", 6.0, 3, 6, 3, 3_000, requests=3), 1_024, LIST)

    assert three.total == pytest.approx(3 * one.total)


def test_every_request_is_billed_in_whole_milliseconds() -> None:
    cost = price(Usage("sign-in", "authorize", 4.0, 0, 0, 0, 0, requests=3), 1_024, LIST)

    # 4 ms by three: 1.3 ms each, billed as 2
    assert cost.function == pytest.approx(3 * 0.2 + 6_000 * 0.00001)


def test_items_count_by_names_and_values_in_units_of_four_kilobytes() -> None:
    small = {"pk": {"S": "AS#1"}, "version": {"N": "12"}}

    assert item_bytes(small) == 2 + 4 + 7 + 2
    assert read_units([small], asked=1) == 1
    assert read_units([small, {"body": {"S": "x" * 4_096}}], asked=3) == 1 + 2 + 1


def test_a_query_counts_its_items_together() -> None:
    item = {"pk": {"S": "x" * 2_000}}

    assert query_units([item, item]) == 1
    assert query_units([item, item, item]) == 2
    assert query_units([]) == 1


def test_a_transaction_writes_every_item_twice() -> None:
    item = {"pk": {"S": "x" * 1_024}}

    assert write_units(item) == 2
    assert write_units(item, in_transaction=True) == 4


def test_an_update_counts_by_what_the_item_is_afterwards() -> None:
    meter = Meter(lambda _, key: {"pk": key["pk"], "body": {"S": "x" * 1_024}})
    update = {"TableName": "t", "Key": {"pk": {"S": "1"}}}

    with meter.counting():
        meter.sent(update, _called("UpdateItem"))
        meter.answered({})
        meter.sent(
            {"TransactItems": [{"Update": update}, {"Put": {"Item": update["Key"]}}]}, _called("TransactWriteItems")
        )
        meter.answered({})

    assert (meter.calls, meter.reads, meter.writes) == (2, 0, 2 + 4 + 2)


def test_a_query_is_one_call_of_as_many_units_as_it_finds() -> None:
    meter = Meter(_unknown)

    with meter.counting():
        meter.sent({}, _called("Query"))
        meter.answered({"Items": [{"pk": {"S": "x" * 5_000}}]})

    assert (meter.calls, meter.reads, meter.writes) == (1, 2, 0)


def test_what_the_meter_does_not_know_is_no_zero() -> None:
    meter = Meter(_unknown)

    with meter.counting():
        with pytest.raises(NotImplementedError, match="Scan"):
            meter.sent({}, _called("Scan"))
        with pytest.raises(NotImplementedError, match="Delete"):
            meter.sent({"TransactItems": [{"Delete": {}}]}, _called("TransactWriteItems"))


def test_peoples_operations_are_counted_request_by_request(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL_DYNAMODB": aws.endpoint,
        "AWS_ENDPOINT_URL_KMS": aws.endpoint,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    meter = metered_by(aws)

    with people.watched(meter.watch):
        found = {usage.route: usage for usage in (counted(operation, meter) for operation in of_people(aws, meter))}

    # To the page, the page, the password, and back for the code.
    assert {route: usage.requests for route, usage in found.items()} == {
        "sign-in + code": 4,
        "code redemption": 1,
        "refresh, ROTATE": 1,
        "userinfo": 1,
    }
    # Code, family, refresh token and the two lists of families: five items, each written twice.
    assert (found["code redemption"].calls, found["code redemption"].writes) == (4, 10)
    assert found["userinfo"].writes == 0


def test_the_price_file_has_a_date_and_a_source_for_every_price() -> None:
    prices = tomllib.loads(PRICES.read_text())

    assert prices["date"]
    for name in ("lambda", "http_api", "dynamodb", "logs", "kms", "compared"):
        assert prices[name]["source"].startswith("https://"), name
    assert prices["assumed"].keys() == ASSUMED.keys()


def _called(operation: str) -> Any:
    """botocore's model of an operation of DynamoDB."""
    return SimpleNamespace(name=operation, service_model=SimpleNamespace(service_name="dynamodb"))


def _unknown(table: str, key: Item) -> Item:
    raise AssertionError((table, key))
