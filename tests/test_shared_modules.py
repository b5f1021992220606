"""What tests share stands in modules of its own: no test module is imported by another one."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent


def imported(tree: ast.AST) -> set[str]:
    """Every module, or name of a module, that code imports; relative ones by their last name."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            found |= {f"{node.module or ''}.{alias.name}" for alias in node.names} | {node.module or ""}
    return found


def of_tests(name: str) -> bool:
    *_, last = name.split(".")
    return last.startswith("test_") and TESTS.parent.joinpath(*name.split(".")).with_suffix(".py").exists()


def test_no_test_module_is_imported() -> None:
    sources = [path for path in TESTS.rglob("*.py") if "node_modules" not in path.parts]
    assert len(sources) > 200

    wrong = [
        f"{path.relative_to(TESTS)} imports {name}"
        for path in sources
        for name in imported(ast.parse(path.read_bytes()))
        if of_tests(name) or of_tests(f"tests.{path.parent.name}.{name}")
    ]

    assert wrong == []


def test_an_import_of_a_test_module_is_seen() -> None:
    found = imported(ast.parse("import tests.test_shared_modules\nfrom tests import test_shared_modules, support"))

    assert {name for name in found if of_tests(name)} == {"tests.test_shared_modules"}
