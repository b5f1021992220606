"""Alarms and dashboard watch metrics that there are: those that the code writes, and those that AWS documents."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from authmint.outage import Outage
from authmint.runtime.logging import Log
from authmint.storage.events import Event, Party

from tests.support.fakes import NOW, FrozenClock
from tests.support.translated import resources, translated

#: Namespace, name and dimensions of what AWS writes.
OF_AWS = {
    *(("AWS/ApiGateway", name, ("ApiId",)) for name in ("4xx", "5xx", "Count", "Latency")),
    *(
        ("AWS/Lambda", name, ("FunctionName",))
        for name in ("AsyncEventAge", "ConcurrentExecutions", "Duration", "Errors", "Throttles")
    ),
    ("AWS/SQS", "ApproximateNumberOfMessagesVisible", ("QueueName",)),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage", ("QueueName",)),
    *(
        ("AWS/DynamoDB", name, ("TableName",))
        for name in (
            "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ReadThrottleEvents", "WriteThrottleEvents",
        )
    ),
}  # fmt: skip
MADE = resources(translated("prod"), {"Stage": "prod"})
ALARMS = {name: r["Properties"] for name, r in MADE.items() if r["Type"] == "AWS::CloudWatch::Alarm"}
FUNCTIONS = {name: r["Properties"] for name, r in MADE.items() if r["Type"] == "AWS::Lambda::Function"}
SERVICES = {f["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for f in FUNCTIONS.values()}

Metric = tuple[str, str, Mapping[str, str]]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> set[tuple[str, str, tuple[str, ...]]]:
    """Every metric of the code, read off the lines that it writes under the environment that functions are given."""
    (namespace,) = {f["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"] for f in FUNCTIONS.values()}
    log = Log("token", FrozenClock(), namespace=namespace)
    log.report(ValueError("x"))
    log.report(Outage("x"))
    log.refused("MailsGivenUp", "expired")
    log.refused("EventsGivenUp", "status 500")
    log.refused("LogoutsGivenUp", "status 400")
    log.seconds("RotationLag", 1)
    for kind, outcome in (
        ("app.oauth2.as.token.grant.access_token", "SUCCESS"),
        ("app.oauth2.as.token.grant", "FAILURE"),
        ("app.oauth2.as.token.detect_reuse", "FAILURE"),
        ("app.oauth2.as.token.revoke", "SUCCESS"),
        ("app.oauth2.as.authorize", "FAILURE"),
        ("user.session.start", "SUCCESS"),
        ("user.session.start", "FAILURE"),
    ):
        log.emit(Event("e", NOW * 1000, kind, Party("a", "User"), outcome=outcome))
    definitions = [
        definition
        for line in capsys.readouterr().out.splitlines()
        for definition in json.loads(line)["_aws"]["CloudWatchMetrics"]
    ]
    return {
        (definition["Namespace"], metric["Name"], tuple(dimensions))
        for definition in definitions
        for metric in definition["Metrics"]
        for dimensions in definition["Dimensions"]
    }


def watched(alarm: Mapping[str, Any]) -> Metric:
    """The metric of an alarm, and its dimensions' values."""
    values = {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}
    return alarm["Namespace"], alarm["MetricName"], values


def drawn(widget: Mapping[str, Any]) -> Iterator[Metric]:
    """The metrics of a widget, with the abbreviations of CloudWatch written out."""
    before: list[str] = []
    for metric in widget["properties"]["metrics"]:
        given = [part for part in metric if isinstance(part, str)]
        if given == ["..."]:
            given = before
        before = [old if part == "." else part for part, old in zip(given, before or given, strict=True)]
        namespace, name, *dimensions = before
        yield namespace, name, dict(zip(dimensions[::2], dimensions[1::2], strict=True))


def widgets() -> list[Any]:
    body = json.loads(MADE["Overview"]["Properties"]["DashboardBody"])
    return list(body["widgets"])


def test_every_alarm_watches_what_is_written(written: set[Any]) -> None:
    assert set(ALARMS) == {
        "ServerErrorAlarm", "LatencyAlarm", "UnavailableAlarm", "UnexpectedErrorAlarm",
        "DeadLetterAlarm", "DeadLetterAgeAlarm", "SinkLagAlarm", "RotationLagAlarm",
        "MailAlarm", "HookAlarm", "LogoutAlarm",
    }  # fmt: skip
    for name, alarm in ALARMS.items():
        namespace, metric, dimensions = watched(alarm)
        assert (namespace, metric, tuple(dimensions)) in OF_AWS | written, name


@pytest.mark.parametrize(
    ("name", "fault"), [("UnavailableAlarm", Outage("DynamoDB Query: X")), ("UnexpectedErrorAlarm", ValueError("x"))]
)
@pytest.mark.parametrize("service", sorted(SERVICES))
def test_what_fails_in_any_function_moves_the_alarms_metric(
    capsys: pytest.CaptureFixture[str], name: str, fault: Exception, service: str
) -> None:
    namespace, metric, dimensions = watched(ALARMS[name])

    Log(service, FrozenClock(), namespace=namespace).report(fault)

    line = json.loads(capsys.readouterr().out)
    (definition,) = line["_aws"]["CloudWatchMetrics"]
    assert definition["Namespace"] == namespace
    assert list(dimensions) in definition["Dimensions"]
    assert {member: line[member] for member in dimensions} == dimensions
    assert line[metric] > ALARMS[name]["Threshold"]


def test_dimensions_are_those_of_what_is_made() -> None:
    known = {"Api", "local:DeadLetters.QueueName", "authmint-prod-audit-sink", "ERROR", *SERVICES}

    for alarm in ALARMS.values():
        assert set(watched(alarm)[2].values()) <= known


def test_only_the_schedule_alarms_by_silence() -> None:
    silent = {name for name, alarm in ALARMS.items() if alarm["TreatMissingData"] == "breaching"}

    assert silent == {"RotationLagAlarm"}


def test_every_alarm_tells_that_it_goes_off_and_that_it_is_over() -> None:
    topic = "arn:aws:sns:eu-west-1:000000000000:operators"
    told = resources(translated("prod"), {"Stage": "prod", "AlarmTopicArn": topic})

    for name, alarm in ALARMS.items():
        assert "AlarmActions" not in alarm
        assert told[name]["Properties"]["AlarmActions"] == told[name]["Properties"]["OKActions"] == [topic]


def test_two_stages_share_no_metric() -> None:
    def of_ours(stage: str) -> set[str]:
        made = resources(translated(stage), {"Stage": stage})
        alarms = [r["Properties"] for r in made.values() if r["Type"] == "AWS::CloudWatch::Alarm"]
        return {watched(alarm)[0] for alarm in alarms} - {namespace for namespace, _, _ in OF_AWS}

    assert of_ours("prod") == {"authmint/prod"}
    assert of_ours("dev") == {"authmint/dev"}


def test_the_dashboard_draws_what_is_written(written: set[Any]) -> None:
    drawings = [widget for widget in widgets() if widget["type"] == "metric"]

    assert len(drawings) == 12
    for widget in drawings:
        for namespace, metric, dimensions in drawn(widget):
            assert (namespace, metric, tuple(dimensions)) in OF_AWS | written, widget["properties"]["title"]
    names = {name for _, name, _ in (metric for widget in drawings for metric in drawn(widget))}
    assert {name for namespace, name, _ in written if not namespace.startswith("AWS/")} <= names


def test_the_dashboard_shows_every_alarm_and_no_two_widgets_at_one_place() -> None:
    (alarms,) = (widget for widget in widgets() if widget["type"] == "alarm")

    assert set(alarms["properties"]["alarms"]) == {f"local:{name}.Arn" for name in ALARMS}
    places = [(widget["x"], widget["y"]) for widget in widgets()]
    assert len(places) == len(set(places))
    assert all(widget["x"] + widget["width"] <= 24 for widget in widgets())


def test_the_dashboard_is_left_out_where_it_is_not_wanted() -> None:
    assert "Overview" not in resources(translated("prod"), {"Stage": "prod", "Dashboard": "false"})


def test_the_dashboard_names_tables_that_exist() -> None:
    arn = "arn:aws:dynamodb:eu-west-1:000000000000:table/restored"
    made = resources(translated("prod"), {"Stage": "prod", "ExistingConfigTableArn": arn})

    assert '"TableName", "restored"' in made["Overview"]["Properties"]["DashboardBody"]
