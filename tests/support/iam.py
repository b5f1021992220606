"""Evaluates the calls that code makes against the roles of ``template.yaml``. What it does not understand raises.

No document of AWS says whether a transaction is judged item by item, or once per action and table with the keys of all
its items: ``needs`` tells both.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import parseaddr
from fnmatch import fnmatchcase
from typing import Any

from authmint.local.deployment import deployment
from authmint.local.template import load

#: The parameter ``MailFrom``.
MAIL_FROM = "no-reply@acme.example.com"
_ACTIONS_WITH_ITEMS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


@dataclass(frozen=True)
class Need:
    """One permission that one call needs."""

    action: str
    resource: str
    leading_keys: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """One ``Allow`` of a role. ``actions`` are unfolded: each must be used by some flow."""

    sid: str
    actions: tuple[str, ...]
    resource: Any
    condition: Mapping[str, Any]

    def allows(self, need: Need) -> bool:
        return need.action in self.actions and need.resource == _name(self.resource) and self._holds(need)

    def _holds(self, need: Need) -> bool:
        for operator, keys in self.condition.items():
            for key, wanted in keys.items():
                patterns = wanted if isinstance(wanted, list) else [wanted]
                if operator == "ForAllValues:StringLike" and key == "dynamodb:LeadingKeys":
                    held = all(any(fnmatchcase(k, p) for p in patterns) for k in need.leading_keys)
                elif operator == "StringEquals" and key.startswith("kms:EncryptionContext:"):
                    held = need.context.get(key.rpartition(":")[2]) in patterns
                elif (operator, key, wanted) == ("StringEquals", "ses:FromAddress", {"Ref": "MailFrom"}):
                    held = need.context.get("from") == MAIL_FROM
                else:
                    raise NotImplementedError(f"{operator} of {key}")
                if not held:
                    return False
        return True


def _name(resource: Any) -> str:
    """What a role's ``Resource`` is about: a logical id, with ``/index`` where it is an index."""
    match resource:
        case {"Fn::GetAtt": [logical, "Arn"]}:
            return str(logical)
        case {"Fn::If": [condition, made, {"Ref": existing}]}:
            name = _name(made)
            if (condition, existing) != (f"Makes{name}", f"Existing{name}Arn"):
                raise NotImplementedError(str(resource))
            return name
        case {"Fn::Sub": ["${Table}/index/rotation", {"Table": table}]}:
            return f"{_name(table)}/index"
        # Mail is sent by an identity and by the one configuration set of the stack: SES asks for both.
        case [{"Fn::Sub": str(text)}, {"Fn::Sub": str(by)}] if text.endswith(":identity/*") and by.endswith(
            ":configuration-set/authmint-${Stage}"
        ):
            return "identity"
        case {"Ref": "HookFunctionArn" as parameter}:
            return str(parameter)
        case {"Fn::Sub": str(text)} if text.endswith("Logs.Arn}:*"):
            return text.removeprefix("${").removesuffix(".Arn}:*")
    raise NotImplementedError(str(resource))


def document() -> Mapping[str, Any]:
    """``template.yaml``."""
    return load(deployment().template)


def role(function: str, switches: Collection[str] = ()) -> list[Statement]:
    """The statements of a function's role, and of what is attached to several for hooks.

    ``switches``: conditions of the template that hold, of those that statements hang on.
    """
    name = "".join(part.capitalize() for part in function.split("_"))
    resources = document()["Resources"]
    policies = list(resources[f"{name}Role"]["Properties"]["Policies"])
    of_hooks = resources["HookFunctionsPolicy"]["Properties"]
    if {"Ref": f"{name}Role"} in of_hooks["Roles"]:
        policies.append(of_hooks)
    statements = [raw for policy in policies for raw in policy["PolicyDocument"]["Statement"]]
    return [_statement(raw) for one in statements for raw in _switched(one, switches)]


def _switched(raw: Mapping[str, Any], switches: Collection[str]) -> Iterator[Mapping[str, Any]]:
    """A statement, unless it hangs on a switch that is off."""
    match raw:
        case {"Fn::If": [condition, statement, {"Ref": "AWS::NoValue"}]}:
            if condition in switches:
                yield statement
        case _:
            yield raw


def _statement(raw: Mapping[str, Any]) -> Statement:
    if raw["Effect"] != "Allow" or set(raw) - {"Sid", "Effect", "Action", "Resource", "Condition"}:
        raise NotImplementedError(str(raw))
    actions = raw["Action"] if isinstance(raw["Action"], list) else [raw["Action"]]
    return Statement(raw["Sid"], tuple(actions), raw["Resource"], raw.get("Condition", {}))


def key_policy_allows(function: str, need: Need) -> bool:
    """Whether the KMS key's own policy lets a function's role do this."""
    raw = document()["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    own = "${RolePath}authmint-${Stage}-${AWS::Region}-" + function.replace("_", "-")
    for statement in raw:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if not any(fnmatchcase(need.action, action) for action in actions):
            continue
        condition = statement.get("Condition", {})
        if set(condition) != {"StringEquals", "ArnEquals"}:
            raise NotImplementedError(str(condition))
        principals = [_role_of(arn) for arn in condition["ArnEquals"]["aws:PrincipalArn"]]
        purpose = condition["StringEquals"]["kms:EncryptionContext:purpose"]
        if own in principals and need.context.get("purpose") == purpose:
            return True
    return False


def _role_of(arn: Any) -> str:
    """Path and name of a role; also of one that hangs on a switch, as the statement of its own policy does."""
    match arn:
        case {"Fn::If": [_, made, {"Ref": "AWS::NoValue"}]}:
            return _role_of(made)
        case {"Fn::Sub": str(text)}:
            return text.partition(":role")[2]
    raise NotImplementedError(str(arn))


def needs(
    service: str, operation: str, parameters: Mapping[str, Any], tables: Mapping[str, str], *, by_action: bool = False
) -> Iterator[Need]:
    """What a botocore call needs.

    Args:
        service: ``dynamodb``, ``kms``, ``lambda`` or ``sesv2``.
        operation: As botocore names it.
        parameters: Of the call.
        tables: Logical id by table name.
        by_action: Transactions are judged once per action and table; else item by item.
    """
    if service == "sesv2":
        yield Need(f"ses:{operation}", "identity", (), {"from": parseaddr(parameters["FromEmailAddress"])[1]})
        return
    if service == "lambda":
        yield Need("lambda:InvokeFunction", "HookFunctionArn")
        return
    if service == "kms":
        yield Need(f"kms:{operation}", "Key", (), parameters.get("EncryptionContext", {}))
        return
    if operation == "TransactWriteItems":
        items = [
            _item(_ACTIONS_WITH_ITEMS[kind], values, tables)
            for item in parameters["TransactItems"]
            for kind, values in item.items()
        ]
        yield from _together(items) if by_action else items
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        for table, entries in parameters["RequestItems"].items():
            keys = entries["Keys"] if operation == "BatchGetItem" else [_written(entry) for entry in entries]
            yield Need(f"dynamodb:{operation}", tables[table], tuple(key["pk"]["S"] for key in keys))
    elif operation == "Query":
        yield from _query(parameters, tables)
    elif operation in {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}:
        yield _item(operation, parameters, tables)
    else:
        raise NotImplementedError(operation)


def _together(items: Sequence[Need]) -> Iterator[Need]:
    keys: dict[tuple[str, str], tuple[str, ...]] = {}
    for item in items:
        place = (item.action, item.resource)
        keys[place] = keys.get(place, ()) + item.leading_keys
    for (action, resource), leading_keys in keys.items():
        yield Need(action, resource, leading_keys)


def _query(parameters: Mapping[str, Any], tables: Mapping[str, str]) -> Iterator[Need]:
    table = tables[parameters["TableName"]]
    if "IndexName" in parameters:
        yield Need("dynamodb:Query", f"{table}/index")
        return
    placeholder = parameters["KeyConditionExpression"].lstrip("(").split()[2].rstrip(")")
    yield Need("dynamodb:Query", table, (parameters["ExpressionAttributeValues"][placeholder]["S"],))


def _item(action: str, values: Mapping[str, Any], tables: Mapping[str, str]) -> Need:
    key = values.get("Key") or values["Item"]
    return Need(f"dynamodb:{action}", tables[values["TableName"]], (key["pk"]["S"],))


def _written(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    ((_, values),) = entry.items()
    found: Mapping[str, Any] = values.get("Key") or values["Item"]
    return found


def _touches(need: Need, key: str | None) -> bool:
    return key is None or any(fnmatchcase(one, key) for one in need.leading_keys)


def denied(function: str, wanted: Sequence[Need]) -> list[Need]:
    """The needs that the function's role, or the key's policy, does not grant."""
    statements = role(function)
    return [
        need
        for need in wanted
        if not any(statement.allows(need) for statement in statements)
        or (need.action.startswith("kms:") and not key_policy_allows(function, need))
    ]


def unused(function: str, made: Sequence[Need]) -> list[str]:
    """Permissions of a function's role that no need made use of, down to the single prefix of a key."""
    found = []
    for statement in role(function):
        keys = statement.condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", [None])
        for action in statement.actions:
            if action.startswith(("logs:", "sqs:")):  # made by Lambda itself, not by the code
                continue
            uses = [need for need in made if need.action == action and need.resource == _name(statement.resource)]
            for key in keys:
                if not any(statement.allows(use) and _touches(use, key) for use in uses):
                    found.append(f"{statement.sid}: {action} {key or ''}".rstrip())
    return found
