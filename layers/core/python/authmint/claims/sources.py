"""Where the value of a claim comes from: a constant, an expression, groups, the profile (docs/protocol.md §11)."""

from collections.abc import Callable
from typing import TypeAlias

from ..expressions.errors import EvaluationFailed, ExpressionError, TooManyGroups
from ..expressions.limits import MAX_GROUPS
from ..expressions.run import Run
from ..expressions.values import Json, claim_of
from ..storage.servers import Claim
from .names import SUBJECT

#: The value of a claim for the facts of a run; ``None`` leaves the claim out. Raises EvaluationFailed.
Source: TypeAlias = Callable[[Run], Json]


class Constant:
    """The same for every token."""

    def __init__(self, value: Json) -> None:
        self.value = value

    def __call__(self, _: Run) -> Json:
        return self.value


def source_of(claim: Claim) -> Source:
    """The source of a claim as it was saved."""
    if claim.value_type == "SYSTEM":
        return _profile(claim.name)
    if claim.value_type == "GROUPS":
        return _groups(claim.value or "", claim.group_filter_type or "STARTS_WITH")
    if claim.value == SUBJECT:
        return default_subject
    return _expression(claim.value or "")


def default_subject(run: Run) -> Json:
    """``(appuser != null) ? appuser.userName : app.clientId``, without the expression: nearly every token has it."""
    assigned = run.facts.assigned
    if assigned is None:
        run.note("app.clientId", run.facts.app.client_id)
        return run.facts.app.client_id
    run.note("appuser.userName", assigned.user_name)
    return assigned.user_name


def _expression(text: str) -> Source:
    # The language is loaded by those who use it: most servers have no expression but the default subject.
    from ..expressions.evaluate import Expression

    try:
        expression = Expression(text)
        return Constant(expression.claim(Run(None))) if expression.constant else expression.claim
    except (ExpressionError, EvaluationFailed) as error:
        return _failing(str(error))


def _failing(reason: str) -> Source:
    """An expression that has no value for anybody denies every token that it is part of."""

    def fail(_: Run) -> Json:
        raise EvaluationFailed(reason)

    return fail


def _profile(name: str) -> Source:
    from .identity import SYSTEM_CLAIMS  # only tokens of people have these

    claim = SYSTEM_CLAIMS.get(name)
    if claim is None:
        return Constant(None)

    def value(run: Run) -> Json:
        user = run.facts.user
        if user is None:
            return None
        if run.reads is not None:
            run.reads.update(claim.inputs(user))
        return claim.read(user)

    return value


def _groups(pattern: str, kind: str) -> Source:
    matches = _filter(pattern, kind)

    def value(run: Run) -> Json:
        user = run.facts.user
        if user is None:
            return None
        run.spend(1 + len(user.groups) // 10)
        names = tuple(group.name for group in user.groups)
        run.note("user.groups", names)
        found = tuple(filter(matches, names))
        if len(found) > MAX_GROUPS and not run.facts.code_flow:
            raise TooManyGroups(f"more than {MAX_GROUPS} groups")
        return claim_of(found) if found else None  # docs/protocol.md §11.1

    return value


def _filter(pattern: str, kind: str) -> Callable[[str], bool]:
    """Literals compare whatever their case; regular expressions do not (docs/protocol.md §11)."""
    if kind == "REGEX":
        from ..expressions.regexes import matches, without_slashes

        undelimited = without_slashes(pattern)
        return lambda name: matches(undelimited, name)
    wanted = pattern.casefold()
    if kind == "EQUALS":
        return lambda name: name.casefold() == wanted
    if kind == "CONTAINS":
        return lambda name: wanted in name.casefold()
    return lambda name: name.casefold().startswith(wanted)
