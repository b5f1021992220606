"""``authmint dev`` as its users meet it: Ctrl-C, a busy port, a killed backend, kept data, direct invocation."""

import os
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests

from tests.support.stack import ADMIN_TOKEN, Running, running_stack

SERVERS = "/api/v1/authorizationServers"
COMMAND = [sys.executable, "-m", "authmint.cli"]


def children(pid: int) -> list[tuple[int, str]]:
    """Processes of one parent, and their command lines."""
    found = []
    for directory in Path("/proc").iterdir():
        try:
            if directory.name.isdigit() and int((directory / "stat").read_text().rpartition(")")[2].split()[1]) == pid:
                found.append((int(directory.name), (directory / "cmdline").read_text()))
        except OSError:
            continue
    return found


def test_data_survives_ctrl_c_which_ends_everything_and_a_backend_that_is_killed(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        server = stack.made(SERVERS, {"name": "kept", "audiences": ["a"]})
        keys = requests.get(f"{stack.url}/oauth2/{server['id']}/v1/keys", timeout=30).json()
        processes = children(stack.process.pid)
        stack.process.send_signal(signal.SIGINT)
        assert stack.process.wait(30) == 0
    assert processes
    assert not any(Path(f"/proc/{pid}").exists() for pid, _ in processes)
    assert "Traceback" not in (tmp_path / "stderr.log").read_text()

    with running_stack(tmp_path) as stack:
        assert stack.admin("GET", f"{SERVERS}/{server['id']}").json()["name"] == "kept"
        assert requests.get(f"{stack.url}/oauth2/{server['id']}/v1/keys", timeout=30).json() == keys
        second = stack.made(SERVERS, {"name": "kept too", "audiences": ["a"]})
        kept = tmp_path / "backend" / "dynamodb.json"
        deadline = time.monotonic() + 20
        while second["id"] not in (kept.read_text() if kept.exists() else ""):
            assert time.monotonic() < deadline, "the backend did not save its state"
        backend = next(pid for pid, command in children(stack.process.pid) if "backend_process" in command)
        os.kill(backend, signal.SIGKILL)
        assert stack.process.wait(30) == 1
    assert "the backend ended by itself" in (tmp_path / "stderr.log").read_text()

    with running_stack(tmp_path) as stack:
        assert stack.admin("GET", f"{SERVERS}/{second['id']}").status_code == 200


def test_a_busy_port_is_said_clearly(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = subprocess.run(
            [*COMMAND, "dev", "--port", str(port)], capture_output=True, text=True, timeout=60, check=False
        )

    assert done.returncode == 2
    assert f"port {port} cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_environment_that_is_killed_is_replaced(stack: Running) -> None:
    assert requests.get(f"{stack.url}/oauth2/default/v1/keys", timeout=30).status_code == 200
    killed = [pid for pid, command in children(stack.process.pid) if "awslambdaric" in command]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)

    statuses = [requests.get(f"{stack.url}/oauth2/default/v1/keys", timeout=30).status_code for _ in range(3)]

    assert killed
    assert statuses[-1] == 200


def test_several_environments_serve_at_once(stack: Running) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: requests.get(f"{stack.url}/oauth2/default/v1/keys", timeout=30).status_code, range(64))
        )

    assert set(answers) == {200}
    assert len([1 for _, command in children(stack.process.pid) if "awslambdaric" in command]) > 1


def test_a_lying_host_header_changes_nothing(stack: Running) -> None:
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}

    document = requests.get(
        f"{stack.url}/oauth2/default/.well-known/openid-configuration", headers=headers, timeout=30
    ).json()

    assert document["issuer"] == f"{stack.url}/oauth2/default"


def test_unknown_routes_are_the_gateways_own_404(stack: Running) -> None:
    answer = requests.get(f"{stack.url}/nothing", timeout=30)

    assert (answer.status_code, answer.json()) == (404, {"message": "Not Found"})


def test_lists_answer_two_link_headers(stack: Running) -> None:
    stack.made(SERVERS, {"name": "one", "audiences": ["a"]})
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        lines = [f"GET {SERVERS}?limit=1 HTTP/1.1", "Host: x", f"Authorization: SSWS{ADMIN_TOKEN}", "Connection: close"]
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b"")).decode()

    links = [line for line in answer.splitlines() if line.lower().startswith("link:")]
    assert [line.rpartition("rel=")[2] for line in links] == ['"self"', '"next"']


def test_a_request_target_in_absolute_form_is_understood(stack: Running) -> None:
    host, port = stack.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        target = f"{stack.url}/oauth2/default/v1/keys"
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))

    assert answer.startswith(b"HTTP/1.1 200")


def test_a_function_can_be_invoked_directly(stack: Running) -> None:
    assert stack.invoke("key_rotation", {}) == {"advanced": [], "swept": [], "failed": {}, "unswept": []}
    assert stack.invoke("management", {"action": "bootstrap"})["error"] == "already_bootstrapped"


def test_invoking_without_a_stack_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "invoke", "token", "--data", str(tmp_path)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "no stack is running here" in done.stderr
