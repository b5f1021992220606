"""Structured log lines and metrics (CloudWatch EMF). Never a secret.

A token event is one line that is its own metric; it is written on every token request, so it is encoded here. What is
rare goes through Powertools, which loads when it is first needed: it costs a quarter of the token function's start.
"""

import sys
import traceback
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..clock import Clock, timestamp
from ..storage.events import Event

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

NAMESPACE: Final = "authmint"
#: Metric per type and outcome of an event. The org server's types are those of the others without ``as.``.
_METRICS: Final = {
    ("app.oauth2.token.grant.access_token", "SUCCESS"): "TokensIssued",
    ("app.oauth2.authorize.implicit.access_token", "SUCCESS"): "TokensIssued",
    ("app.oauth2.token.grant", "FAILURE"): "TokensRefused",
    ("app.oauth2.token.detect_reuse", "FAILURE"): "TokensReused",
    ("app.oauth2.token.revoke", "SUCCESS"): "TokensRevoked",
    ("app.oauth2.authorize", "FAILURE"): "AuthorizationsRefused",
    ("user.session.start", "SUCCESS"): "SignIns",
    ("user.session.start", "FAILURE"): "SignInsRefused",
}


class Log:
    """The log and the metrics of one function."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock

    @cached_property
    def _logger(self) -> "Logger":
        from aws_lambda_powertools import Logger

        # Without ``location``: it would name this module on every line.
        return Logger(service=self._service, location=None)

    @cached_property
    def _metrics(self) -> "Metrics":
        from aws_lambda_powertools import Metrics

        return Metrics(namespace=NAMESPACE, service=self._service)

    def emit(self, event: Event) -> None:
        """``TokenEvents``: one line, which is the metric as well (CloudWatch embedded metric format)."""
        line: dict[str, Any] = {
            "level": "INFO",
            "message": event.type,
            "timestamp": timestamp(event.published_ms // 1000),
            "service": self._service,
            "event": event,
        }
        metric = _METRICS.get((event.type.replace("app.oauth2.as.", "app.oauth2.", 1), event.outcome))
        if metric is not None:
            line[metric] = 1
            line["_aws"] = {"Timestamp": event.published_ms, "CloudWatchMetrics": [_definition(metric)]}
        sys.stdout.write(msgspec.json.encode(line).decode("utf-8") + "\n")
        sys.stdout.flush()

    def measure(self, name: str, value: float, *, unit: str = "Count") -> None:
        """One metric, written at once."""
        self._metrics.add_metric(name=name, unit=unit, value=value)
        self._metrics.flush_metrics()

    def seconds(self, name: str, value: float) -> None:
        """Write one duration as a metric."""
        self.measure(name, value, unit="Seconds")

    def info(self, message: str, **values: Any) -> None:
        """A line of its own."""
        self._logger.info(message, extra=values)

    def report(self, error: BaseException, request_id: str) -> None:
        """An unexpected exception: its type and where it came from, not its message, which may hold a secret."""
        chain: list[dict[str, Any]] = []
        current: BaseException | None = error
        while current is not None and len(chain) < 5:
            frames = traceback.extract_tb(current.__traceback__)[-8:]
            places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
            chain.append({"type": type(current).__name__, "at": places})
            current = current.__cause__ or current.__context__
        self._logger.error("unexpected exception", extra={"failure": chain, "request_id": request_id})
        self.measure("UnexpectedErrors", 1)


def _definition(metric: str) -> dict[str, Any]:
    return {"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": [{"Name": metric, "Unit": "Count"}]}
