"""The arithmetic of ``make cost``, and its price file."""

import tomllib
from typing import Any

import pytest

from tests.benchmarks.cost import PRICES, Usage, item_bytes, price, read_units

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


def test_items_count_by_names_and_values_in_units_of_four_kilobytes() -> None:
    small = {"pk": {"S": "AS#1"}, "version": {"N": "12"}}

    assert item_bytes(small) == 2 + 4 + 7 + 2
    assert read_units([small], asked=1) == 1
    assert read_units([small, {"body": {"S": "x" * 4_096}}], asked=3) == 1 + 2 + 1


def test_the_price_file_has_a_date_and_a_source_for_every_price() -> None:
    prices = tomllib.loads(PRICES.read_text())

    assert prices["date"]
    for name in ("lambda", "http_api", "dynamodb", "logs", "kms", "compared"):
        assert prices[name]["source"].startswith("https://"), name
    assert prices["assumed"].keys() == ASSUMED.keys()
