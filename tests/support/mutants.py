"""Mutants of the package, each in a fork of one warm process: nothing is imported twice, one function is compiled.

``python -m tests.support.mutants`` is that process. It reads an order per line and answers with an outcome per line.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import CodeType, FunctionType

import authmint

PACKAGE = Path(authmint.__file__).parent
CHECKOUT = Path(__file__).parents[2]
#: A mutant that has not come to an end after so many seconds was noticed.
PATIENCE = 120
_NO_MUTANT = 99


@dataclass(frozen=True)
class Order:
    """Run ``command`` where ``code`` of ``file`` (of the package) is ``instead``. Without a file: as it is."""

    command: tuple[str, ...]
    file: str = ""
    code: str = ""
    instead: str = ""


@dataclass(frozen=True)
class Outcome:
    """How the command ended and what it said; ``problem``: why there was no mutant that could run it."""

    status: int
    said: str
    problem: str = ""


class Nursery:
    """The warm process, seen from the test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, order: Order) -> Outcome:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(order)) + "\n")
        self._process.stdin.flush()
        return Outcome(**json.loads(self._process.stdout.readline()))


@contextmanager
def nursery(**environment: str) -> Iterator[Nursery]:
    """Start the warm process, and end it afterwards."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))}
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.mutants"],
        cwd=CHECKOUT,
        env=kept | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Nursery(process)
    finally:
        process.communicate()  # the end of its orders is the end of the process


def mutate(order: Order) -> None:
    """Give the functions that live already the code of the mutant."""
    file = PACKAGE / order.file
    text = file.read_text()
    if text.count(order.code) != 1:
        raise ValueError("the mutation has to follow the code")
    import_module("authmint." + order.file.removesuffix(".py").replace("/", "."))
    before = _functions_of(compile(text, str(file), "exec", dont_inherit=True))
    after = _functions_of(compile(text.replace(order.code, order.instead), str(file), "exec", dont_inherit=True))
    changed = 0
    for function in (known for known in gc.get_objects() if isinstance(known, FunctionType)):
        name = function.__code__.co_qualname
        if function.__code__.co_filename == str(file) and before.get(name) != after.get(name):
            function.__code__ = after[name]
            changed += 1
    if not changed:
        raise ValueError("the mutation is not inside a function")


def _functions_of(code: CodeType) -> dict[str, CodeType]:
    found: dict[str, CodeType] = {}
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= {constant.co_qualname: constant} | _functions_of(constant)
    return found


def _obey(order: Order) -> Outcome:
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if not child:
            _run(order, said.fileno())
        _, status = os.waitpid(child, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    ended = os.waitstatus_to_exitcode(status)
    return Outcome(ended, text[-4_000:], problem=text if ended == _NO_MUTANT else "")


def _run(order: Order, output: int) -> None:
    """In the child, which ends here."""
    signal.alarm(PATIENCE)
    os.dup2(output, 1)
    os.dup2(output, 2)
    status = 1
    try:
        if order.file:
            try:
                mutate(order)
            except (ValueError, SyntaxError) as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr)
                status = _NO_MUTANT
                return
        status = _command(order.command)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the mutant is noticed
        print(repr(error), file=sys.stderr)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _command(command: tuple[str, ...]) -> int:
    how, *nodes = command
    if how == "pytest":
        import pytest

        options = ("-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:pytest_cov")
        known = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
        return int(pytest.main(["-q", "-x", *options, "-W", known, *nodes]))
    from tests.support.isolation_run import main

    return main(how)


def _warm() -> None:
    """Import once what the mutants would import each."""
    import_module("tests.support.isolation_run")
    import_module("hypothesis")
    for module in walk_packages([str(PACKAGE)], "authmint."):
        if not module.name.startswith(("authmint.cli", "authmint.local")):
            import_module(module.name)


def main() -> None:
    _warm()
    for line in sys.stdin:
        values = json.loads(line)
        order = Order(**values | {"command": tuple(values["command"])})
        print(json.dumps(asdict(_obey(order))), flush=True)


if __name__ == "__main__":
    main()
