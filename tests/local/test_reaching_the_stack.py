"""How the local stack is reached and what it knows of the world: base URL, https, certificates, names, the clock."""

import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests
from authmint.local.clock import LocalClock, duration
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.people import Form
from tests.support.stack import ADMINISTRATOR_PASSWORD, Running, running_stack

INSIDE = Path(__file__).parents[2] / "layers/core/python/authmint/local/inside"
SERVERS = "/api/v1/authorizationServers"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for loopback, and its key."""
    directory = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authmint test")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = directory / "cert.pem", directory / "key.pem"
    for file, content in zip(files, (made.public_bytes(pem), private), strict=True):
        file.write_bytes(content)
    return files


def inside(code: str, **environment: str) -> str:
    """What code prints in a process that starts as those of the functions do."""
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(INSIDE), **environment}
    done = subprocess.run(
        [sys.executable, "-c", code], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_behind_https_everything_is_called_as_clients_call_it(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    options = ["--tls-cert", str(certificate[0]), "--tls-key", str(certificate[1])]
    base_url = "https://auth.example.test"
    with running_stack(tmp_path, options=options, AUTHMINT_BASE_URL=base_url) as stack:
        assert stack.url.startswith("https://127.0.0.1:")
        session = requests.Session()
        session.trust_env, session.verify = False, str(certificate[0])

        metadata = session.get(f"{stack.url}/oauth2/default/.well-known/openid-configuration", timeout=30).json()
        server = session.get(
            f"{stack.url}{SERVERS}/default", headers={"Authorization": f"SSWS {stack.token}"}, timeout=30
        ).json()
        page = session.get(f"{stack.url}/signin", timeout=30)
        with pytest.raises(ssl.SSLError, match=r"EOF|handshake"):
            _shake_hands(stack.url, "ECDHE+SHA256")
        assert "GCM" in _shake_hands(stack.url, "ECDHE+SHA256:ECDHE+AESGCM")
        home = _console(session, stack, base_url)

    assert metadata["issuer"] == f"{base_url}/oauth2/default"
    assert all(uri.startswith(base_url) for name, uri in metadata.items() if name.endswith(("_endpoint", "_uri")))
    assert server["_links"]["self"]["href"].startswith(base_url)
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-")
    assert "Secure" in cookie
    assert f"{base_url}/oauth2/default" in home


def _console(session: requests.Session, stack: Running, base_url: str) -> str:
    """The list of servers in the console, which calls the API itself: signed in to from where names lead nowhere."""

    def called(method: str, url: str, **more: Any) -> requests.Response:
        url = url.replace(base_url, stack.url)
        answer = session.request(method, url, headers={"origin": base_url}, timeout=30, allow_redirects=False, **more)
        if answer.is_redirect:
            return called("GET", urljoin(answer.url, answer.headers["location"]))
        return answer

    form = Form()
    page = called("GET", f"{stack.url}/console/servers")
    form.feed(page.text)
    fields = form.fields | {"username": "admin@local.invalid", "password": ADMINISTRATOR_PASSWORD}
    answer = called("POST", urljoin(page.url, form.action), data=fields)
    assert answer.status_code == 200, answer.text
    return answer.text


def _shake_hands(url: str, ciphers: str) -> str:
    """The cipher that the stack chooses of those for TLS 1.2."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(ciphers)
    address = ("127.0.0.1", int(url.rsplit(":", 1)[1]))
    with socket.create_connection(address, timeout=30) as plain, context.wrap_socket(plain) as connection:
        return str(connection.cipher())


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--base-url", "http://auth.example"], "must be https://host"),
        (["--base-url", "https://auth.example/"], "must be https://host"),
        (["--base-url", "https://auth.example/path"], "must be https://host"),
        (["--tls-cert", "nothing.pem"], "go together"),
        (["--tls-cert", "nothing.pem", "--tls-key", "nothing.pem"], "nothing.pem is no file"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(options: list[str], problem: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "authmint.cli", "dev", "--port", "0", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 2
    assert problem in done.stderr


def test_the_clock_moves_for_all_functions_alike_and_stays_moved(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        client = stack.made(
            "/oauth2/v1/clients",
            {"client_name": "robot", "application_type": "service", "grant_types": ["client_credentials"]},
        )
        stack.made(f"{SERVERS}/default/scopes", {"name": "orders:read"})
        everybody = {"clients": {"include": ["ALL_CLIENTS"]}}
        policy = stack.made(f"{SERVERS}/default/policies", {"name": "robots", "conditions": everybody})
        conditions = {"grantTypes": {"include": ["client_credentials"]}, "scopes": {"include": ["*"]}}
        stack.made(f"{SERVERS}/default/policies/{policy['id']}/rules", {"name": "r", "conditions": conditions})
        keys = published(stack)
        before = token(stack, client)
        assert introspected(stack, client, before)

        now = stack.advance("1h1m")

        assert not introspected(stack, client, before)
        after = token(stack, client)
        assert introspected(stack, client, after)
        assert abs(datetime.datetime.fromisoformat(now).timestamp() - time.time() - 3_660) < 60
        stack.advance("91d")
        assert published(stack) - keys, "the schedule ran for the time that was skipped"
    with running_stack(tmp_path) as stack:
        assert not introspected(stack, client, after), "time does not go back"


def published(stack: Running) -> set[str]:
    answer = requests.get(f"{stack.url}/oauth2/default/v1/keys", timeout=30)
    return {key["kid"] for key in answer.json()["keys"]}


def token(stack: Running, client: dict[str, str]) -> str:
    answer = requests.post(
        f"{stack.url}/oauth2/default/v1/token",
        {"grant_type": "client_credentials", "scope": "orders:read"},
        auth=(client["client_id"], client["client_secret"]),
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    text: str = answer.json()["access_token"]
    return text


def introspected(stack: Running, client: dict[str, str], text: str) -> bool:
    credentials = (client["client_id"], client["client_secret"])
    answer = requests.post(f"{stack.url}/oauth2/default/v1/introspect", {"token": text}, auth=credentials, timeout=30)
    active: bool = answer.json()["active"]
    return active


@pytest.mark.parametrize(
    ("text", "seconds"), [("2h", 7_200), ("90m", 5_400), ("1d12h", 129_600), ("45s", 45), ("1d1h1m1s", 90_061)]
)
def test_durations(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "2h3", "1 h", "1w", "99999999d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|hundred years"):
        duration(text)


def test_a_clock_is_seen_by_who_looks_already(tmp_path: Path) -> None:
    clock = LocalClock(tmp_path)
    code = (
        "import time; a = time.time(); print(input()); print(round(time.time() - a), round(time.time_ns() / 1e9 - a))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(INSIDE), "AUTHMINT_LOCAL_CLOCK": str(clock.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        clock.advance(3_600)
        out, _ = process.communicate("moved\n", timeout=60)

    ahead = [int(number) for number in out.split()[1:]]
    assert all(number in range(60) or number in range(3_600, 3_660) for number in ahead)
    assert LocalClock(tmp_path).ahead == 3_600


def test_a_private_authority_is_trusted_beside_the_others(certificate: tuple[Path, Path]) -> None:
    code = (
        "import ssl; print(any('authmint test' in str(ca.get('subject'))"
        " for ca in ssl.create_default_context().get_ca_certs()))"
    )

    assert inside(code, AUTHMINT_FETCH_CA=str(certificate[0])) == "True"
    assert inside(code) == "False"


def test_names_resolve_as_they_are_given() -> None:
    code = "import socket; print(socket.getaddrinfo('keys.example.test', 443, type=socket.SOCK_STREAM)[0][4][0])"

    assert inside(code, AUTHMINT_FETCH_HOSTS="other.test=127.0.0.8,keys.example.test=127.0.0.9") == "127.0.0.9"
