"""The arithmetic of ``make cost``, and its price file."""

import json
import tomllib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks import people
from tests.benchmarks.cost import (
    PRICES,
    Item,
    Meter,
    metered_by,
    of_people,
    query_units,
    read_units,
    usage_of,
    write_units,
)
from tests.benchmarks.event_load import Load, loaded, size_of
from tests.benchmarks.pricing import COUNTED, Counted, Sink, Tables, Usage, access_log_bytes, price, stored
from tests.support.backend import LocalAws

ASSUMED = {
    "dynamodb_milliseconds": 4.0,
    "platform_log_bytes": 600,
    "line_overhead_bytes": 20,
    "archived_share": 0.5,
    "access_log": tomllib.loads(PRICES.read_text())["assumed"]["access_log"],
    "delivery_seconds": 1.0,
    "metrics": 5,
    "requests_per_environment": 1_000_000,
    "cold_start_milliseconds": 0,
    "megabytes_per_processor": 1_024,
}
LIST: dict[str, Any] = {
    "assumed": ASSUMED,
    "lambda": {"per_million_requests": 0.2, "per_gb_second": 0.00001},
    "http_api": {"per_million_requests": 1.0},
    "dynamodb": {"per_million_read_units": 0.1, "per_million_write_units": 0.5},
    "dynamodb_storage": {"per_gb_month": 0.3, "recovery_per_gb_month": 0.2},
    "logs": {"per_gb": 0.5, "archived_per_gb_month": 0.1},
    "kms": {"per_ten_thousand_requests": 0.03, "per_key_month": 1.0},
}
#: A gigabyte of lines: taken in, and half of it kept for three months.
LINES = 0.5 + 0.5 * 3 * 0.1


def test_a_price_is_the_sum_of_what_was_counted() -> None:
    cost = price(Usage("token", "token", 0.9, 1, 2, 1, 1_200, log_lines=2), 512, LIST)

    # 0.9 ms at half a processor and one call: 5.8 ms, billed as 6, at half a gigabyte
    assert cost.function == pytest.approx(0.2 + 6_000 * 0.5 * 0.00001)
    assert cost.dynamodb == pytest.approx(2 * 0.1 + 0.5)
    assert cost.logs == pytest.approx((1_200 + 2 * 20 + 600 + access_log_bytes(LIST)) * 1e6 / 1e9 * LINES)
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

    assert size_of(small) == 2 + 4 + 7 + 2
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


def test_what_is_deleted_counts_as_large_as_it_was() -> None:
    meter = Meter(lambda _, key: {"pk": key["pk"], "body": {"S": "x" * 1_024}})
    delete = {"TableName": "t", "Key": {"pk": {"S": "1"}}}

    with meter.counting():
        meter.sent({"TransactItems": [{"Delete": delete}]}, _called("TransactWriteItems"))
        meter.answered({})

    assert meter.writes == 4


def test_calls_of_key_management_are_paid_for_each() -> None:
    usage = Usage("sign-in", "authorize", 2.0, 1, 2, 1, 1_000, kms=1)

    assert price(usage, 1_024, LIST).kms == pytest.approx(100 * 0.03)
    assert price(replace(usage, kms=0), 1_024, LIST).kms == 0


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
        with pytest.raises(NotImplementedError, match="ConditionCheck"):
            meter.sent({"TransactItems": [{"ConditionCheck": {}}]}, _called("TransactWriteItems"))


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
        found = {usage.route: usage for usage in (usage_of(operation, meter) for operation in of_people(aws, meter))}

    # To the page, the page, the password, and back for the code.
    assert {route: usage.requests for route, usage in found.items()} == {
        "sign-in + code": 4,
        "sign-in with an app + code": 8,
        "sign-in with a passkey + code": 5,
        "code redemption": 1,
        "refresh, ROTATE": 1,
        "userinfo": 1,
        "authentication request": 1,
        "authentication request, a poll": 1,
        "authentication request, to its tokens": 4,
    }
    # Code, family, refresh token and the two lists of families: five items, each written twice.
    assert (found["code redemption"].calls, found["code redemption"].writes) == (4, 10)
    assert found["userinfo"].writes == 0
    kept = {usage.route: usage for usage in Counted.parse(COUNTED.read_text()).usages}
    for route, usage in found.items():  # what the document says is what the code does
        counts = (usage.requests, usage.calls, usage.reads, usage.writes, usage.log_lines)
        told = (
            kept[route].requests,
            kept[route].calls,
            kept[route].reads,
            kept[route].writes,
            kept[route].log_lines,
        )
        # A sign-in of many steps may differ by a call or two before the document has to be counted anew.
        near = 0.1 if usage.calls > 50 else 0.0
        assert counts == pytest.approx(told, rel=near), route
        assert usage.log_bytes == pytest.approx(kept[route].log_bytes, rel=0.03)


def test_a_stored_event_pays_for_its_delivery_its_writes_and_ninety_days() -> None:
    load = Load(requests=100, events=100, deliveries=10, calls=10, units=20, stored=12_800, hottest=1.0, seconds=10.0)

    cost = stored(load, Sink(first_ms=1.0, further_ms=0.5, log_bytes=100), 1_024, LIST)

    run = 0.1 * 0.2 + 100_000 * 0.010 * 0.00001  # 1 + 9 * 0.5 + 4 ms, billed as 10
    assert cost == pytest.approx(run + 0.2 * 0.5 + 0.128 * 3 * 0.5 + 100 * 100_000 / 1e9 * LINES)


def test_a_load_is_delivered_in_batches_and_a_trickle_by_itself() -> None:
    kept = Counted.parse(COUNTED.read_text())
    event = {"id": "e", "actor": {"id": "0oa", "type": "PublicClientApp"}}
    lines = [json.dumps({"message": "t", "timestamp": "2026-01-01T00:00:00.000Z", "event": event})]

    flood = loaded(lines, per_second=200, request_seconds=0.02, delivery_seconds=1.0, seconds=3)
    trickle = loaded(lines, per_second=0.001, request_seconds=0.02, delivery_seconds=1.0, seconds=20_000, idle=True)

    assert (flood.batch > 10, trickle.batch) == (True, 1.0)
    assert flood.units / flood.events < 0.3 < trickle.units / trickle.events <= 2
    assert flood.events == flood.requests
    assert kept.loads["code redemption"].events_of_request == 3


def test_the_document_says_what_the_command_prints() -> None:
    tables = Tables(Counted.parse(COUNTED.read_text()), tomllib.loads(PRICES.read_text()))
    document = (COUNTED.parents[1] / "docs" / "cost.md").read_text()

    for table in (tables.routes(), tables.months(), tables.load()):
        assert "\n".join(table) in document, "make cost, then copy its tables"
    assert all(tables.bars().values()), tables.bars()


def test_the_price_file_has_a_date_and_a_source_for_every_price() -> None:
    prices = tomllib.loads(PRICES.read_text())

    assert prices["date"]
    for name in prices.keys() - {"date", "region", "assumed"}:
        assert prices[name]["source"].startswith("https://"), name
        assert name == "compared" or isinstance(prices[name]["confirmed"], bool)
    assert prices["assumed"].keys() == ASSUMED.keys()


def test_what_is_not_confirmed_is_marked_in_the_document() -> None:
    prices = tomllib.loads(PRICES.read_text())
    document = (COUNTED.parents[1] / "docs" / "cost.md").read_text()

    for name in prices.keys() - {"date", "region", "assumed", "compared"}:
        assert (f"`{name}`" in document) == (not prices[name]["confirmed"]), name


def _called(operation: str) -> Any:
    """botocore's model of an operation of DynamoDB."""
    return SimpleNamespace(name=operation, service_model=SimpleNamespace(service_name="dynamodb"))


def _unknown(table: str, key: Item) -> Item:
    raise AssertionError((table, key))
