"""What documents name is there: links, anchors, files, commands, settings."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from authmint.cli.main import main
from authmint.local.template import load

from tests.support.repository import CHECKOUT, documents, sources

PACKAGE = CHECKOUT / "layers/core/python/authmint"
_LINK = re.compile(r"(?<!!)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
#: Something in backticks that names a file or a directory of the repository.
_PATH = re.compile(
    r"\.?[\w*.-]+(?:/[\w*.-]+)*/|(?:[\w.-]+/)+[\w-]+\.(?:py|md|yaml|json|toml|html|sh|mjs|css)|[\w-]+\.(?:yaml|toml)"
)
#: Documents that nobody outside can read, and their numbers.
_ABSENT = re.compile(r"(?:runtime|management|identity|agents) contract|DEC-\d|\(U\d+\)|design §|\.\./shared|/work/")
_THEM = [str(path.relative_to(CHECKOUT)) for path in documents()]


def _text(name: str) -> str:
    return (CHECKOUT / name).read_text()


def _anchors(path: Path) -> set[str]:
    """Of the headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} (.+)$", _FENCE.sub("", path.read_text()), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while (anchor if not number else f"{anchor}-{number}") in found:
            number += 1
        found.add(anchor if not number else f"{anchor}-{number}")
    return found


def _commands(text: str) -> Iterator[list[str]]:
    """What a document would have a reader type, one line each."""
    lines = re.sub(r"\\\n\s*", " ", "\n".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)))
    for line in [*lines.splitlines(), *_CODE.findall(_FENCE.sub("", text))]:
        for command in re.split(r"&&|;|\|", line.partition(" # ")[0]):
            words = [word for word in command.split() if not re.fullmatch(r"[A-Z_]+=\S*", word)]
            if words:
                yield words


@pytest.mark.parametrize("name", _THEM)
def test_every_link_leads_somewhere(name: str) -> None:
    path = CHECKOUT / name
    broken = []
    for target in _LINK.findall(_FENCE.sub("", path.read_text())):
        if re.match(r"https?://", target):
            continue
        file, _, anchor = target.partition("#")
        to = (path.parent / file).resolve() if file else path
        if not to.exists() or (anchor and anchor not in _anchors(to)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("name", [name for name in _THEM if name != "CHANGELOG.md"])
def test_every_file_that_is_named_is_there(name: str) -> None:
    missing = []
    for code in _CODE.findall(_FENCE.sub("", _text(name))):
        if not _PATH.fullmatch(code) or code.startswith("/"):
            continue
        places = (CHECKOUT, PACKAGE, (CHECKOUT / name).parent)
        if "*" not in code and not any((place / code).exists() for place in places):
            missing.append(code)
    assert missing == []


@pytest.mark.parametrize("name", _THEM)
def test_every_command_that_is_named_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    targets = set(re.findall(r"^([a-z]+):", _text("Makefile"), re.MULTILINE))
    for words in _commands(_text(name)):
        if words[0] == "make" and len(words) > 1:
            assert words[1] in targets, words
        if words[0].rpartition("/")[2] == "authmint" and len(words) > 1 and re.match(r"[a-z]|--help", words[1]):
            known = [word for word in words[1:3] if re.fullmatch(r"[a-z-]+", word)]
            options = [word.partition("=")[0] for word in words if re.fullmatch(r"--[a-z-]+", word)]
            usage = _help(known, capsys)
            assert all(option in usage for option in options), words


def _help(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What ``--help`` says; of the group where the second word is not a command of it."""
    if words[:1] not in (["keys"], ["import"]):
        words = words[:1]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--help"])
    assert ended.value.code == 0, words
    return capsys.readouterr().out + "--help --version"


@cache
def _settings() -> frozenset[str]:
    """Names of environment variables that code or tests read: texts that are nothing else."""
    places = (PACKAGE / "runtime", PACKAGE / "local", PACKAGE / "cli", CHECKOUT / "tests")
    python = (path for place in places for path in place.rglob("*.py") if "node_modules" not in path.parts)
    return frozenset(name for path in python for name in re.findall(r"[\"'](AUTHMINT_[A-Z_]+)[\"']", path.read_text()))


@pytest.mark.parametrize("name", [name for name in _THEM if name != "CHANGELOG.md"])
def test_every_setting_that_is_named_is_read(name: str) -> None:
    named = set(re.findall(r"\bAUTHMINT_[A-Z_]+\b", _text(name)))
    assert named - _settings() == set()


def test_every_setting_parameter_alarm_and_function_is_in_operations() -> None:
    operations, template = _text("docs/operations.md"), _text("template.yaml")
    settings = set(re.findall(r'"(AUTHMINT_[A-Z_]+)"', (PACKAGE / "runtime/settings.py").read_text()))
    parameters = re.findall(
        r"^  (\w+):$", template.partition("\nConditions:")[0].partition("Parameters:")[2], re.MULTILINE
    )
    metrics = re.findall(r'"([A-Z][A-Za-z]+)"', (PACKAGE / "runtime/logging.py").read_text().partition("class Log")[0])
    functions = [path.name for path in (CHECKOUT / "functions").iterdir() if (path / "handler.py").is_file()]

    parameters += load(CHECKOUT / "template-edge.yaml")["Parameters"]

    assert len(parameters) >= 10
    wanted = [*settings, *parameters, *functions, *(name for name in metrics if name not in {"SUCCESS", "FAILURE"})]
    assert [name for name in wanted if f"`{name}`" not in operations] == []
    alarms = set(re.findall(r"^  (\w+Alarm):$", template, re.MULTILINE))
    assert alarms <= set(re.findall(r"`(\w+Alarm)`", operations))


def test_the_local_stacks_settings_are_in_the_guide() -> None:
    guide = _text("docs/guide/local-stack.md")
    options = set(re.findall(r'"(--[a-z-]+)"', (PACKAGE / "cli/commands/dev.py").read_text()))
    assert options
    assert [option for option in options if f"`{option}" not in guide] == []


def test_the_readme_can_be_read_at_one_sitting() -> None:
    assert len((CHECKOUT / "README.md").read_bytes()) <= 12_288


def test_every_item_kind_is_in_the_storage_document() -> None:
    """Keys as the code writes them, and partitions as the roles of the template name them."""
    code = "\n".join(path.read_text() for path in (PACKAGE / "dynamo").glob("*.py"))
    literals = re.findall(r'f?"([A-Z]{2,}(?:#[a-z]+)?)(?:#\{[^"]*)?"', code)
    roles = re.findall(r"'([A-Z]+)#?\*'|\b(SERVERS|ORIGINS)\b", _text("template.yaml"))
    kinds = {*literals, *(one or other for one, other in roles)} - {
        "ACTIVE",
        "APPROVED",
        "BLOCKED",
        "FAILURE",
        "PENDING",
        "SPENT",
        "SUCCESS",
    }
    storage = _text("docs/storage.md")
    assert len(kinds) > 35
    assert [kind for kind in kinds if not re.search(rf"`{re.escape(kind)}[`#]", storage)] == []


def _absent(kinds: set[str]) -> list[str]:
    return [
        f"{path.relative_to(CHECKOUT)}: {match[0]}"
        for path in sources()
        if path.suffix in kinds and path != Path(__file__)
        for match in _ABSENT.finditer(path.read_text())
    ]


def test_nothing_refers_to_documents_that_are_not_there() -> None:
    assert _absent({".md", ".py", ".yaml", ".toml", ".mjs"}) == []


@pytest.mark.parametrize("name", [name for name in _THEM if name != "CHANGELOG.md"])
def test_every_parameter_and_alarm_that_is_named_is_in_the_template(name: str) -> None:
    there = set(re.findall(r"^  (\w+):$", _text("template.yaml"), re.MULTILINE))
    kinds = re.compile(r"[A-Z]\w+(?:Seconds|Milliseconds|Days|Rate|Burst|Arn|Alarm|Name)")
    assert {code for code in _CODE.findall(_text(name)) if kinds.fullmatch(code)} - there == set()


def test_every_document_that_code_names_is_there() -> None:
    named = re.compile(r"\bdocs/[\w/-]+\.md\b")
    assert [
        f"{path.relative_to(CHECKOUT)}: {document}"
        for path in sources()
        for document in named.findall(path.read_text())
        if not (CHECKOUT / document).exists()
    ] == []


def test_every_event_that_is_written_is_in_the_protocol_document() -> None:
    events = _text("docs/protocol.md").partition("\n## 21. ")[2].partition("\n## 22. ")[0]
    told = [
        code.removesuffix("*").removesuffix(".")
        for code in _CODE.findall(events)
        if re.fullmatch(r"[a-z0-9_.*]+", code)
    ]
    written = re.compile(
        r'f?"((?:oauth2|policy|application|app\.oauth2|user\.(?:lifecycle|account|session|schema)|security|system'
        r'|group\.(?:lifecycle|profile|user_membership|application_assignment|schema))\.[a-z0-9_.]+[a-z0-9_]|[a-z]+\.lifecycle)(?:\.\{|")'
    )
    found = {type_ for path in PACKAGE.rglob("*.py") for type_ in written.findall(path.read_text())}
    found -= {"group.profile.name", "app.oauth2.as"}
    found -= {"security.risk", "security.risk.level", "security.behaviors"}  # of expressions
    assert len(found) > 40
    missing = [
        type_
        for type_ in found
        if not any(
            f"{spelled}.".startswith(f"{one}.")
            for one in told
            for spelled in (type_, type_.replace("app.oauth2.", "app.oauth2.as.", 1))
        )
    ]
    assert missing == []
