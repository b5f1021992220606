"""Structured log lines and metrics (CloudWatch EMF), through Powertools. Never a secret."""

import traceback
from typing import Any, Final

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from ..storage.events import Event

#: Metric per outcome of a token event type.
_METRICS: Final = {
    "app.oauth2.as.token.grant.access_token": "TokensIssued",
    "app.oauth2.as.token.grant": "TokensRefused",
    "app.oauth2.as.token.revoke": "TokensRevoked",
}


class Log:
    """The log and the metrics of one function."""

    def __init__(self, service: str) -> None:
        self._logger = Logger(service=service)
        self._metrics = Metrics(namespace="authmint", service=service)

    def emit(self, event: Event) -> None:
        """``TokenEvents``: one line for the event, one for its metric."""
        self._logger.info(event.type, extra={"event": _plain(event)})
        metric = _METRICS.get(event.type)
        if metric is not None:
            self.measure(metric, 1)

    def measure(self, name: str, value: float, *, unit: MetricUnit = MetricUnit.Count) -> None:
        """One metric, written at once."""
        self._metrics.add_metric(name=name, unit=unit, value=value)
        self._metrics.flush_metrics()

    def seconds(self, name: str, value: float) -> None:
        """A duration."""
        self.measure(name, value, unit=MetricUnit.Seconds)

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


def _plain(event: Event) -> dict[str, Any]:
    """The event as the line shows it (runtime contract §23.3), without empty members."""
    shown: dict[str, Any] = {
        "uuid": event.id,
        "published": event.published_ms,
        "eventType": event.type,
        "outcome": {"result": event.outcome, "reason": event.reason},
        "actor": {"id": event.actor.id, "type": event.actor.type, "displayName": event.actor.display_name},
        "target": [{"id": t.id, "type": t.type, "detailEntry": t.detail} for t in event.targets],
        "debugData": event.debug,
        "client": {"ipAddress": event.source_ip, "userAgent": event.user_agent},
        "requestId": event.request_id,
    }
    return {name: value for name, value in shown.items() if value}
