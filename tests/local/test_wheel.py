"""The built wheel in an empty environment: how other projects use it as a stand-in in their CI."""

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import requests

CHECKOUT = Path(__file__).parents[2]


def give(packages: Path, requirements: Path) -> None:
    """An environment what is locked for it and nothing else: as it stands installed here, which is quicker than pip."""
    for name in re.findall(r"^([A-Za-z0-9._-]+)==", requirements.read_text(), re.MULTILINE):
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # not for this platform or Python
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in {"..", "__pycache__"}}:
            if not (packages / top).exists():
                (packages / top).symlink_to(str(found.locate_file(top)))


def test_the_wheel_gives_a_working_authmint_dev(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "dist"),
        str(CHECKOUT),
    ]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    pages = CHECKOUT / "layers/core/python/authmint/pages"
    data = [path for path in pages.rglob("*") if path.suffix in {".html", ".css", ".json"}]
    assert {f"authmint/pages/{path.relative_to(pages).as_posix()}" for path in data} <= packed
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    environment["PIP_NO_COMPILE"] = "1"  # what runs once is compiled as it is needed
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(tmp_path / "venv" / "bin" / "python"), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", str(wheel)], check=True, env=environment)
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    give(packages, CHECKOUT / "requirements" / "local.txt")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    process = subprocess.Popen(
        [str(tmp_path / "venv" / "bin" / "authmint"), "dev", "--port", "0"],
        cwd=elsewhere,
        env=environment | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(elsewhere)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        url = lines[1].removeprefix("authmint ready on ").strip()
        keys = requests.get(f"{url}/oauth2/default/v1/keys", timeout=30)
    finally:
        process.terminate()
        process.wait(30)
        assert process.stdout is not None
        process.stdout.close()

    assert lines[0].startswith("API token: ")
    assert keys.status_code == 200
