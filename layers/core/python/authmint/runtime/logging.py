"""Structured log lines and metrics (CloudWatch EMF). Never a secret.

A token event is one line that is its own metric; it is written on every token request, so it is encoded here. What is
rare goes through Powertools, which loads when it is first needed: it costs a quarter of the token function's start.
"""

import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..audit.lines import instant, line_of
from ..clock import Clock
from ..outage import Outage
from ..storage.events import Event

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger, Metrics

#: Metric per type and outcome of an event. The org server's types are those of the others without ``as.``.
_METRICS: Final = {
    ("app.oauth2.token.grant.access_token", "SUCCESS"): "TokensIssued",
    ("app.oauth2.authorize.implicit.access_token", "SUCCESS"): "TokensIssued",
    ("app.oauth2.token.grant", "FAILURE"): "TokensRefused",
    ("app.oauth2.token.detect_reuse", "FAILURE"): "TokensReused",
    ("app.oauth2.token.revoke", "SUCCESS"): "TokensRevoked",
    ("app.oauth2.authorize", "FAILURE"): "AuthorizationsRefused",
    ("app.oauth2.client.lifecycle.create", "SUCCESS"): "ClientsRegistered",
    ("user.session.start", "SUCCESS"): "SignIns",
    ("user.session.start", "FAILURE"): "SignInsRefused",
}


class Log:
    """The log and the metrics of one function."""

    def __init__(self, service: str, clock: Clock, *, namespace: str = "authmint") -> None:
        self._service = service
        self._clock = clock
        self._namespace = namespace

    @cached_property
    def _logger(self) -> "Logger":
        from aws_lambda_powertools import Logger

        # Without ``location``: it would name this module on every line.
        return Logger(service=self._service, location=None)

    @cached_property
    def _metrics(self) -> "Metrics":
        from aws_lambda_powertools import Metrics

        return Metrics(namespace=self._namespace, service=self._service)

    def emit(self, event: Event) -> None:
        """``TokenEvents``: one line, which is the metric as well (CloudWatch embedded metric format)."""
        metric = _METRICS.get((event.type.replace("app.oauth2.as.", "app.oauth2.", 1), event.outcome))
        self._write("INFO", event.type, {"event": line_of(event)}, at_ms=event.published_ms, metric=metric)

    def refused(self, metric: str, reason: str) -> None:
        """Count what anybody may ask for as often as they like: by reason, and as no event."""
        self._write(
            "INFO",
            "refused",
            {"reason": reason},
            at_ms=self._clock.now_ms(),
            metric=metric,
            dimensions=[["service"], ["service", "reason"]],
        )

    def _write(
        self,
        level: str,
        message: str,
        values: Mapping[str, Any],
        *,
        at_ms: int,
        metric: str | None,
        dimensions: Sequence[Sequence[str]] = (("service",),),
    ) -> None:
        line: dict[str, Any] = {
            "level": level,
            "message": message,
            "timestamp": instant(at_ms),
            "service": self._service,
            **values,
        }
        if metric is not None:
            counted = {"Name": metric, "Unit": "Count"}
            # What is wrong is counted of all functions together as well: one alarm watches it.
            dimensions = [["service"], ["level"]] if level == "ERROR" else dimensions
            definition = {"Namespace": self._namespace, "Dimensions": dimensions, "Metrics": [counted]}
            line[metric] = 1
            line["_aws"] = {"Timestamp": at_ms, "CloudWatchMetrics": [definition]}
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

    def report(self, fault: BaseException, request_id: str = "", *, route: str = "", status: int = 0) -> None:
        """A fault of ours: one line, which is the metric as well.

        ``Unavailable`` where something did not answer that this deployment depends on: the line names the call and the
        error. ``UnexpectedErrors`` for all others: the line has the exception's type and where it came from, not its
        message, which may hold a secret.
        """
        outage = _outage(fault)
        values: dict[str, Any] = {"cause": str(outage)} if outage is not None else {}
        values |= {"failure": _chain(fault), "request_id": request_id, "route": route, "status": status}
        message, metric = _OUTAGE if outage is not None else _UNEXPECTED
        self._write("ERROR", message, values, at_ms=self._clock.now_ms(), metric=metric)


_OUTAGE: Final = ("a dependency did not answer", "Unavailable")
_UNEXPECTED: Final = ("unexpected exception", "UnexpectedErrors")
#: Exceptions of a chain, and frames of an exception, that a line shows.
_MOST_CAUSES: Final = 5
_MOST_FRAMES: Final = 8


def _outage(fault: BaseException) -> Outage | None:
    current: BaseException | None = fault
    while current is not None and not isinstance(current, Outage):
        current = current.__cause__
    return current


def _chain(fault: BaseException) -> list[dict[str, Any]]:
    chain: list[dict[str, Any]] = []
    current: BaseException | None = fault
    while current is not None and len(chain) < _MOST_CAUSES:
        frames = traceback.extract_tb(current.__traceback__)[-_MOST_FRAMES:]
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames]
        chain.append({"type": type(current).__name__, "at": places})
        current = current.__cause__ or current.__context__
    return chain
