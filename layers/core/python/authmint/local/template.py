"""Reads ``template.yaml``: functions with their routes, environment and schedules, tables and keys.

Intrinsic functions are resolved for a deployment on this machine. One that is not understood raises: a route or a
setting that is quietly left out would make the local stack another product than the deployed one.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
_PSEUDO: Final = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "local",
}
#: The one filter pattern of subscriptions: lines that hold an event.
EVENT_LINES: Final = '{ $.event.id = "*" }'
#: The one filter pattern of streams: what was stored under keys that begin so.
STORED_ITEMS: Final = '{"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": %s}]}}}}'
_VARIABLE: Final = re.compile(r"\$\{([^}]+)\}")
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400}


class BadTemplate(Exception):
    """The template holds something that the local stack does not understand."""


class UnknownParameter(ValueError):
    """The template has no such parameter. The message names those that there are."""


@dataclass(frozen=True)
class Route:
    """One route of the HTTP API. ``method`` may be ``ANY``."""

    method: str
    path: str
    payload_format: str
    function: str


@dataclass(frozen=True)
class FunctionSpec:
    """One function. ``schedule``: seconds between scheduled invocations."""

    name: str
    code: str
    handler: str
    timeout: int
    memory: int
    environment: Mapping[str, str]
    schedule: int | None
    log_group: str


@dataclass(frozen=True)
class StreamSpec:
    """Which function is told of the items that are stored in a table under keys that begin with ``prefix``."""

    table: str
    prefix: str
    function: str


@dataclass(frozen=True)
class Template:
    """What the local stack needs of the template. ``subscriptions``: the function that reads a log group's events."""

    functions: Mapping[str, FunctionSpec]
    routes: tuple[Route, ...]
    tables: tuple[Mapping[str, Any], ...]
    keys: tuple[str, ...]
    subscriptions: Mapping[str, str]
    streams: tuple[StreamSpec, ...] = ()


class _Loader(yaml.SafeLoader):
    pass


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    raise BadTemplate(f"!{suffix} stands where it cannot")


_Loader.add_multi_constructor("!", _intrinsic)


class Resolver:
    """Values of intrinsic functions: names for tables and functions, placeholders for ARNs.

    Args:
        document: The template, in the long form of intrinsic functions.
        parameters: In place of the defaults.
        attributes: Values of ``Resource.Attribute`` that are known.
        region: Where it is deployed.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        parameters: Mapping[str, str],
        attributes: Mapping[str, str],
        region: str = REGION,
    ) -> None:
        self._document = document
        defaults = {name: str(p.get("Default", "")) for name, p in document.get("Parameters", {}).items()}
        if unknown := sorted(parameters.keys() - defaults.keys()):
            known = ", ".join(sorted(defaults))
            raise UnknownParameter(f"template.yaml has no parameter {unknown[0]}; it has {known}")
        self._parameters = defaults | dict(parameters)
        self._attributes = attributes
        self._pseudo = _PSEUDO | {"AWS::Region": region}

    def value(self, node: Any) -> Any:
        """The node with every intrinsic function replaced. Raises BadTemplate."""
        if isinstance(node, list):
            return [item for item in map(self.value, node) if item is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            name, argument = next(iter(node.items()))
            if name == "Ref":
                return self._reference(argument)
            if name.startswith("Fn::"):
                return self._function(name.removeprefix("Fn::"), argument)
        return {name: value for name, item in node.items() if (value := self.value(item)) is not None}

    def _function(self, name: str, argument: Any) -> Any:
        match name:
            case "GetAtt":
                resource, attribute = argument
                return self._attribute(resource, attribute)
            case "Sub":
                text, given = (argument, {}) if isinstance(argument, str) else argument
                return _VARIABLE.sub(lambda match: str(self._variable(match[1], given)), text)
            case "If":
                condition, yes, no = argument
                return self.value(yes if self.holds(condition) else no)
            case "FindInMap" | "Join" | "Select" | "Split":
                return self._of_values(name, self.value(argument))
        raise BadTemplate(f"Fn::{name} is not understood")

    def _of_values(self, name: str, values: list[Any]) -> Any:
        if name == "FindInMap":
            return self._document["Mappings"][values[0]][values[1]][values[2]]
        if name == "Join":
            return values[0].join(values[1])
        return values[1][int(values[0])] if name == "Select" else str(values[1]).split(values[0])

    def _variable(self, name: str, given: Mapping[str, Any]) -> Any:
        if name in given:
            return self.value(given[name])
        resource, dot, attribute = name.partition(".")
        return self._attribute(resource, attribute) if dot else self._reference(name)

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return None
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        resource = self._document["Resources"].get(name)
        if resource is None:
            raise BadTemplate(f"nothing is called {name}")
        properties = resource.get("Properties", {})
        for member in ("TableName", "FunctionName", "RoleName", "LogGroupName"):
            if member in properties:
                return self.value(properties[member])
        return self._attributes.get(f"{name}.Ref", name)

    def _attribute(self, resource: str, attribute: str) -> str:
        if resource not in self._document["Resources"]:
            raise BadTemplate(f"nothing is called {resource}")
        return self._attributes.get(f"{resource}.{attribute}", f"local:{resource}.{attribute}")

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is met. Raises BadTemplate."""
        return self._holds(self._document["Conditions"][condition])

    def _holds(self, condition: Any) -> bool:
        (name, argument), *_ = condition.items()
        match name:
            case "Fn::Not":
                return not self._holds(argument[0])
            case "Fn::And":
                return all(self._holds(item) for item in argument)
            case "Fn::Or":
                return any(self._holds(item) for item in argument)
            case "Fn::Equals":
                one, other = (self.value(item) for item in argument)
                return str(one) == str(other)
            case "Condition":
                return self.holds(argument)
        raise BadTemplate(f"condition {name} is not understood")


@cache
def load(path: Path) -> Mapping[str, Any]:
    """The document, read once, with short intrinsic functions in their long form."""
    document: Mapping[str, Any] = yaml.load(path.read_text(), Loader=_Loader)  # noqa: S506 - a SafeLoader
    return document


def read(path: Path, *, parameters: Mapping[str, str], attributes: Mapping[str, str] | None = None) -> Template:
    """The template for one machine.

    Args:
        path: Of ``template.yaml``.
        parameters: In place of the defaults.
        attributes: Values of ``Resource.Attribute`` that are known, such as ``Key.Arn``.

    Raises:
        BadTemplate: Something is not understood.
        UnknownParameter: There is no such parameter.
    """
    document = load(path)
    resolver = Resolver(document, parameters, attributes or {})
    functions: dict[str, FunctionSpec] = {}
    routes: list[Route] = []
    tables, keys = [], []
    subscriptions: dict[str, str] = {}
    streams: list[StreamSpec] = []
    for logical_id, resource in document["Resources"].items():
        properties = resource.get("Properties", {})
        if "Condition" in resource and not resolver.holds(resource["Condition"]):
            continue
        if resource["Type"] == "AWS::Serverless::Function":
            spec = _function(document, properties, resolver)
            functions[spec.name] = spec
            routes += _routes(spec.name, properties)
        elif resource["Type"] == "AWS::DynamoDB::Table":
            tables.append(resolver.value(properties))
        elif resource["Type"] == "AWS::KMS::Key":
            keys.append(logical_id)
        elif resource["Type"] == "AWS::Logs::SubscriptionFilter":
            group, function = _subscription(document, properties, resolver)
            subscriptions[group] = function
        elif resource["Type"] == "AWS::Lambda::EventSourceMapping":
            streams.append(_stream(document, properties, resolver))
    return Template(functions, tuple(routes), tuple(tables), tuple(keys), subscriptions, tuple(streams))


def _stream(document: Mapping[str, Any], properties: Mapping[str, Any], resolver: Resolver) -> StreamSpec:
    (given,) = properties["FilterCriteria"]["Filters"]
    pattern = json.loads(given["Pattern"])
    try:
        prefix = pattern["dynamodb"]["Keys"]["pk"]["S"][0]["prefix"]
    except (KeyError, IndexError, TypeError):
        prefix = ""
    if pattern != json.loads(STORED_ITEMS % json.dumps(prefix)):
        raise BadTemplate(f"filter pattern {pattern} is not understood")
    table, attribute = properties["EventSourceArn"]["Fn::GetAtt"]
    if attribute != "StreamArn":
        raise BadTemplate(f"event source {table}.{attribute} is not understood")
    function = document["Resources"][properties["FunctionName"]["Ref"]]
    return StreamSpec(resolver.value({"Ref": table}), prefix, _name(function["Properties"]))


def _subscription(document: Mapping[str, Any], properties: Mapping[str, Any], resolver: Resolver) -> tuple[str, str]:
    """Log group and function."""
    pattern = resolver.value(properties["FilterPattern"])
    if pattern != EVENT_LINES:
        raise BadTemplate(f"filter pattern {pattern} is not understood")
    function = document["Resources"][properties["DestinationArn"]["Fn::GetAtt"][0]]
    return resolver.value(properties["LogGroupName"]), _name(function["Properties"])


def _function(document: Mapping[str, Any], properties: Mapping[str, Any], resolver: Resolver) -> FunctionSpec:
    shared = document.get("Globals", {}).get("Function", {})
    environment = {
        **shared.get("Environment", {}).get("Variables", {}),
        **properties.get("Environment", {}).get("Variables", {}),
    }
    schedules = [
        event
        for event in properties.get("Events", {}).values()
        if event["Type"] == "ScheduleV2" and resolver.value(event["Properties"].get("State")) != "DISABLED"
    ]
    return FunctionSpec(
        name=_name(properties),
        code=properties["CodeUri"],
        handler=properties.get("Handler", shared.get("Handler")),
        timeout=int(properties["Timeout"]),
        memory=int(properties["MemorySize"]),
        environment={name: str(resolver.value(value)) for name, value in environment.items()},
        schedule=_every(schedules[0]["Properties"]["ScheduleExpression"]) if schedules else None,
        log_group=resolver.value(properties["LoggingConfig"]["LogGroup"]),
    )


def _name(properties: Mapping[str, Any]) -> str:
    name: str = properties["CodeUri"].removeprefix("functions/")
    return name


def _every(expression: str) -> int:
    match = _RATE.fullmatch(expression)
    if match is None:
        raise BadTemplate(f"schedule {expression} is not understood")
    return int(match[1]) * _SECONDS[match[2]]


def _routes(function: str, properties: Mapping[str, Any]) -> list[Route]:
    found = []
    for event in properties.get("Events", {}).values():
        if event["Type"] == "HttpApi":
            given = event["Properties"]
            found.append(Route(given["Method"].upper(), given["Path"], given["PayloadFormatVersion"], function))
        elif event["Type"] != "ScheduleV2":
            raise BadTemplate(f"event type {event['Type']} is not understood")
    return found
