"""The built wheel in an empty environment: how other projects use it as a stand-in in their CI."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import requests

CHECKOUT = Path(__file__).parents[2]


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
    locked = ["--require-hashes", "-r", str(CHECKOUT / "requirements" / "local.txt")]
    for what in (locked, [str(wheel)]):
        subprocess.run([*pip, "--no-deps", *what], check=True, env=environment)
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
