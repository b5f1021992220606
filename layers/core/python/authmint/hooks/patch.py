"""What a hook may change of tokens: patches of their claims (docs/protocol.md §39.4). Pure: JSON in, JSON out."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

#: Members of the payload by the commands that patch them.
TARGETS: Final = {"com.okta.access.patch": "access", "com.okta.identity.patch": "identity"}
_NAMES: Final = {"access": "Access Token", "identity": "ID Token"}
_BOTH: Final = (
    "acr", "act", "auth_time", "cid", "cnf", "exp", "groups", "iat", "iss", "jti", "nbf", "sid", "status",
    "token_type", "ver",
)  # fmt: skip
_ACCESS: Final = ("as_uri", "authorization_details", "client_id", "rpt", "rsi", "scp", "uid", "username")
_IDENTITY: Final = (
    "active", "aid", "amr", "app_id", "app_type", "at_hash", "aud", "azp", "c_hash", "client_id", "client_ip",
    "client_req_id", "client_type", "client_user_agent", "device_compliance", "device_id", "device_known",
    "device_managed", "device_name", "device_trust", "did", "dst", "group", "hotk", "idp", "idp_iss", "mac_key",
    "may_act", "nonce", "oid", "okta_emailVerified", "okta_lastUpdated", "orig", "permissions", "purpose",
    "pwd_exp_days", "pwd_exp_time", "rid", "role", "scope", "scopes", "sub", "term", "user_ip",
)  # fmt: skip
#: Claims that no hook changes, by the token.
PROTECTED: Final[Mapping[str, frozenset[str]]] = {
    "access": frozenset((*_BOTH, *_ACCESS)),
    "identity": frozenset((*_BOTH, *_IDENTITY)),
}
#: What a token cannot do without, though its hook may say something else.
_NEEDED: Final = frozenset({"aud", "sub"})
_LIFETIME: Final = ("token", "lifetime", "expiration")
_SHORTEST, _LONGEST = 300, 86_400
_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_ESCAPE: Final = re.compile(r"~(?![01])")
_MOST_OPERATIONS: Final = 1_000
_LONGEST_SHOWN: Final = 200
#: Values in values, and members of members.
_DEEPEST: Final = 20


class PatchRefused(Exception):
    """An operation cannot be done, so none is. The message says which and why, and holds no value."""


def apply_patch(
    payload: Mapping[str, Any], commands: Any, protected: Mapping[str, frozenset[str]] = PROTECTED
) -> dict[str, Any]:
    """The tokens of a payload after all operations of all commands; the payload itself stays as it is.

    Args:
        payload: ``access`` and ``identity``, each with ``claims`` and ``token``; one that is not there is not minted.
        commands: As the hook answered them.
        protected: Names of claims that stay, by the token.

    Raises:
        PatchRefused: One of them cannot be done.
    """
    if not isinstance(commands, list):
        raise PatchRefused("commands must be a list")
    patched = {name: deepcopy(payload[name]) for name in _NAMES if name in payload}
    operations = 0
    for command in commands:
        target = TARGETS.get(command.get("type")) if _is_command(command) else None
        if target is None:
            raise PatchRefused("unknown command")
        if target not in patched:
            raise PatchRefused(f"{_NAMES[target]} not present")
        operations += len(command["value"])
        if operations > _MOST_OPERATIONS:
            raise PatchRefused("too many operations")
        for operation in command["value"]:
            _apply(patched[target], operation, protected[target])
    return patched


def _is_command(command: Any) -> bool:
    return isinstance(command, dict) and isinstance(command.get("type"), str) and isinstance(command.get("value"), list)


def _apply(token: dict[str, Any], operation: Any, protected: frozenset[str]) -> None:
    op, path, value = _read(operation)
    keys = _keys(op, path)
    if len(keys) > _DEEPEST or not _is_shallow(value):
        raise _refused("Too deep", op, path)
    if keys == _LIFETIME:
        token["token"]["lifetime"]["expiration"] = _lifetime(op, path, value)
        return
    if len(keys) < 2 or keys[0] != "claims":
        raise _refused("Path not allowed", op, path)
    if keys[1] in protected:
        raise _refused("Claim is reserved", op, path)
    if keys[1] in _NEEDED:
        _check_needed(op, path, keys, value)
    _change(token["claims"], op, path, keys[1:], deepcopy(value))


def _read(operation: Any) -> tuple[str, str, Any]:
    """Operation, path and value."""
    if not isinstance(operation, dict) or not isinstance(operation.get("path"), str):
        raise PatchRefused("not an operation")
    op, path, value = operation.get("op"), operation["path"], operation.get("value")
    if op not in {"add", "replace", "remove"}:
        raise _refused("Unknown operation", op, path)
    if op == "remove" and value is not None:
        raise _refused("A value is not allowed", op, path)
    if op != "remove" and "value" not in operation:
        raise _refused("A value is needed", op, path)
    return op, path, value


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            below
            for one in level
            for below in (one.values() if isinstance(one, dict) else one if isinstance(one, list) else ())
        ]
        if not level:
            return True
    return False


def _check_needed(op: str, path: str, keys: tuple[str, ...], value: Any) -> None:
    """Who a token is about, and for, can be changed as a whole, and is never empty."""
    several = keys[1] == "aud" and isinstance(value, list) and value
    texts = value if several else [value]
    if op == "remove" or len(keys) != 2 or not all(isinstance(text, str) and text.strip() for text in texts):
        raise _refused("Claim must stay a text", op, path)


def _keys(op: str, path: str) -> tuple[str, ...]:
    """The parts of a JSON Pointer (RFC 6901)."""
    if not path.startswith("/") or _ESCAPE.search(path):
        raise _refused("Path is not a JSON Pointer", op, path)
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/"))


def _lifetime(op: str, path: str, value: Any) -> int:
    if op != "replace":
        raise _refused("The lifetime can only be replaced", op, path)
    if not isinstance(value, int) or isinstance(value, bool) or not _SHORTEST <= value <= _LONGEST:
        raise _refused(f"The lifetime must be from {_SHORTEST} to {_LONGEST} seconds", op, path)
    return value


def _change(claims: dict[str, Any], op: str, path: str, keys: Sequence[str], value: Any) -> None:
    place: Any = claims
    for key in keys[:-1]:
        place = _below(place, key, op, path)
    last = keys[-1]
    if isinstance(place, list):
        _change_list(place, op, path, last, value)
    elif not isinstance(place, dict) or (op != "add" and last not in place):
        raise _refused("Path not found", op, path)
    elif op == "remove":
        del place[last]
    else:
        place[last] = value


def _below(place: Any, key: str, op: str, path: str) -> Any:
    if isinstance(place, dict) and key in place:
        return place[key]
    if isinstance(place, list) and _INDEX.fullmatch(key) and int(key) < len(place):
        return place[int(key)]
    raise _refused("Path not found", op, path)


def _change_list(place: list[Any], op: str, path: str, key: str, value: Any) -> None:
    if op == "add" and key == "-":
        place.append(value)
        return
    if not _INDEX.fullmatch(key) or int(key) >= len(place) + (op == "add"):
        raise _refused("Path not found", op, path)
    if op == "add":
        place.insert(int(key), value)
    elif op == "replace":
        place[int(key)] = value
    else:
        del place[int(key)]


def _refused(why: str, op: Any, path: str) -> PatchRefused:
    shown = op if isinstance(op, str) else ""
    return PatchRefused(f"{why}(op={shown[:10]}, path={path[:_LONGEST_SHOWN]})")
