"""The running stack: backend, functions, gateway, schedules; started together, stopped together."""

import asyncio
import contextlib
import json
import os
import secrets
import signal
import socket
import ssl
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import uvicorn

from .backend import Backend, BackendFailed, backend_python
from .clock import LocalClock
from .deployment import Deployment
from .environments import Host, InvocationFailed, Pool
from .gateway import Gateway
from .invoke_api import InvokeApi
from .mutual_tls import MutualTls, own_certificate, protocol
from .outbox import LocalOutbox
from .provision import client, create_key, create_table
from .streams import StreamReader
from .subscriptions import Subscription
from .template import StreamSpec, Template, UnknownParameter, read

#: For TLS 1.2, what RFC 9325 §4.2 recommends; judges of conformance try the others.
_CIPHERS: Final = "ECDHE+AESGCM"
#: From whom mail comes that nobody gets.
MAIL_FROM: Final = "authmint@local.invalid"
#: Who signs in to administer.
ADMINISTRATOR: Final = "admin@local.invalid"


class CannotStart(Exception):
    """The stack cannot run. The message says why and what to do."""


@dataclass(frozen=True)
class Options:
    """What ``authmint dev`` was asked for.

    Attributes:
        port: Of the gateway.
        data: Directory that keeps the state; ``None``: nothing is kept.
        token: The administrator's API token; ``None``: one is made.
        password: Of the person who administers; ``None``: one is made.
        environments: Most environments per function.
        base_url: What clients call it, where something stands in front; ``None``: where it serves.
        parameters: Of the template, in place of its defaults.
        viewer_facts: Whether requests may say, as CloudFront would, from where they come.
        mutual_tls: A second door, where clients may show certificates; ``None``: there is none.
        certificate: PEM files of a certificate and its key; ``None``: it serves plain http.
    """

    port: int
    data: Path | None = None
    token: str | None = None
    password: str | None = None
    environments: int = 4
    base_url: str | None = None
    certificate: tuple[Path, Path] | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    viewer_facts: bool = False
    mutual_tls: MutualTls | None = None

    def served_at(self, port: int) -> str:
        """Where the gateway listens."""
        return f"{'http' if self.certificate is None else 'https'}://127.0.0.1:{port}"


class Stack:
    """One deployment that runs on this machine."""

    def __init__(self, options: Options, deployment: Deployment) -> None:
        self._options = options
        self._deployment = deployment
        self._backend: Backend | None = None
        self._pools: dict[str, Pool] = {}
        self._subscriptions: dict[str, Subscription] = {}
        self._streams: list[tuple[StreamReader, str]] = []
        self._outbox = LocalOutbox(None if options.data is None else options.data / "outbox")
        self._clock = LocalClock(options.data)
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Serve until told to stop. The exit status. Raises CannotStart."""
        gateway_socket = _listen(self._options.port)
        invoke_socket = _listen(0)
        # The console calls the gateway as it would call the deployment; nobody signed the certificate of a laptop.
        inner_socket = gateway_socket if self._options.certificate is None else _listen(0)
        door = self._options.mutual_tls
        mtls_socket = None if door is None else _listen(door.port)
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(name, self._stopping.set)
        try:
            endpoints = self._endpoints()
            template = self._provisioned(endpoints)
            self._subscriptions = {group: Subscription(group) for group in template.subscriptions}
            self._streams = [(_reader(endpoints["DYNAMODB"], spec), spec.function) for spec in template.streams]
            host = self._host(endpoints, gateway_socket, inner_socket, invoke_socket, mtls_socket)
            self._pools = {name: Pool(spec, host) for name, spec in template.functions.items()}
            token = await self._seeded()
            password = await self._administrator()
            await self._console()
            door_server = None if mtls_socket is None else self._door(template, mtls_socket)
            return await self._serve(
                template, gateway_socket, inner_socket, invoke_socket, token, password, door_server, mtls_socket
            )
        finally:
            await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
            if self._backend is not None:
                self._backend.stop()
            self._clock.close()
            if self._options.data is not None:
                run_file(self._options.data).unlink(missing_ok=True)

    def _endpoints(self) -> Mapping[str, str]:
        """Where DynamoDB and KMS are: where the environment says, else in an embedded backend."""
        given = {name: os.environ.get(f"AWS_ENDPOINT_URL_{name}") for name in ("DYNAMODB", "KMS")}
        if all(given.values()):
            return {name: str(url) for name, url in given.items()}
        state = None if self._options.data is None else self._options.data / "backend"
        try:
            self._backend = Backend(backend_python(self._deployment), state)
            self._backend.start()
        except BackendFailed as error:
            raise CannotStart(str(error)) from None
        return {name: url or self._backend.endpoint for name, url in given.items()}

    def _provisioned(self, endpoints: Mapping[str, str]) -> Template:
        defaults = {"MailFrom": MAIL_FROM, "ConsoleSecret": self._console_secret()}
        parameters = {**defaults, **self._options.parameters, "Stage": "local"}
        try:
            template = read(self._deployment.template, parameters=parameters)
        except UnknownParameter as error:
            raise CannotStart(f"--parameter: {error}") from None
        dynamodb, kms = client("dynamodb", endpoints["DYNAMODB"]), client("kms", endpoints["KMS"])
        for table in template.tables:
            create_table(dynamodb, table)
        attributes = {f"{name}.Arn": create_key(kms, name) for name in template.keys}
        return read(self._deployment.template, parameters=parameters, attributes=attributes)

    def _host(
        self,
        endpoints: Mapping[str, str],
        listener: socket.socket,
        inner: socket.socket,
        invoke: socket.socket,
        mtls: socket.socket | None,
    ) -> Host:
        environment = {f"AWS_ENDPOINT_URL_{name}": url for name, url in endpoints.items()}
        environment["AWS_ENDPOINT_URL_SESV2"] = f"http://127.0.0.1:{invoke.getsockname()[1]}"
        environment |= {
            "AUTHMINT_BASE_URL": self._options.base_url or self._options.served_at(listener.getsockname()[1]),
            "AUTHMINT_ALLOW_PRIVATE_JWKS_URI": "1",
            "AUTHMINT_API_URL": f"http://127.0.0.1:{inner.getsockname()[1]}",
            "AUTHMINT_LOCAL_CLOCK": str(self._clock.path),
        }
        if mtls is not None:
            environment["AUTHMINT_MTLS_URL"] = f"https://127.0.0.1:{mtls.getsockname()[1]}"
        if self._options.viewer_facts:
            environment["AUTHMINT_LOCAL_VIEWER_FACTS"] = "1"
        for name in ("AUTHMINT_FETCH_CA", "AUTHMINT_FETCH_HOSTS"):
            if given := os.environ.get(name):
                environment[name] = str(Path(given).resolve()) if name.endswith("_CA") else given
        if level := os.environ.get("AUTHMINT_LOG_LEVEL"):
            environment["POWERTOOLS_LOG_LEVEL"] = level
        return Host(
            self._deployment.functions,
            self._deployment.import_path,
            environment,
            self._options.environments,
            {group: subscription.line for group, subscription in self._subscriptions.items()},
            lambda: self._clock.ahead,
        )

    async def _seeded(self) -> str | None:
        """The administrator's token, where it is known. Makes the default server."""
        payload: dict[str, Any] = {"action": "bootstrap"}
        if self._options.token is not None:
            payload["token"] = self._options.token
        answer = await self._invoke("management", payload)
        if answer.get("error") == "already_bootstrapped" and self._options.token is not None:
            answer = await self._invoke("management", payload | {"action": "create_api_token", "name": "local"})
        if "error" in answer and answer["error"] != "already_bootstrapped":
            raise CannotStart(f"AUTHMINT_API_TOKEN: {answer['message']}")
        return answer.get("token")

    def _console_secret(self) -> str:
        """New for each run, but where data is kept: there it is, too, so that browsers stay signed in."""
        made = secrets.token_urlsafe(32)
        if self._options.data is None:
            return made
        path = self._options.data / "console-secret"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(made)
        return path.read_text().strip()

    async def _console(self) -> None:
        """Makes the application of the console, or brings it up to date: the port may be another one."""
        answer = await self._invoke("management", {"action": "set_up_console"})
        if "error" in answer and answer["error"] != "console_is_off":
            raise CannotStart(f"console: {answer['message']}")

    async def _administrator(self) -> str | None:
        """The password of the person who administers, where it is known. Makes the person."""
        password = self._options.password or f"Aa0-{secrets.token_urlsafe(12)}"
        person = {"login": ADMINISTRATOR, "firstName": "Local", "password": password}
        answer = await self._invoke("management", {"action": "create_administrator", **person})
        if "error" in answer:
            raise CannotStart(f"AUTHMINT_ADMIN_PASSWORD: {answer['message']}")
        return password if answer["created"] else None

    async def _invoke(self, function: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        try:
            outcome = await self._pools[function].invoke(json.dumps(payload).encode())
        except InvocationFailed as error:
            raise CannotStart(str(error)) from None
        if outcome.error:
            raise CannotStart(f"function {function} failed: {outcome.body.decode('utf-8', 'replace')[:2_000]}")
        answer: dict[str, Any] = json.loads(outcome.body)
        return answer

    async def _serve(
        self,
        template: Template,
        gateway_socket: socket.socket,
        inner_socket: socket.socket,
        invoke_socket: socket.socket,
        token: str | None,
        password: str | None,
        door: uvicorn.Server | None,
        mtls_socket: socket.socket | None,
    ) -> int:
        port, invoke_port = (listener.getsockname()[1] for listener in (gateway_socket, invoke_socket))
        gateway = Gateway(template.routes, self._pools, f"127.0.0.1:{port}", self._outbox)
        schedules = {name: spec.schedule for name, spec in template.functions.items() if spec.schedule is not None}
        listening = [
            (_server(gateway, self._options.certificate), gateway_socket),
            (_server(InvokeApi(self._pools, partial(self._move_clock, schedules), self._outbox)), invoke_socket),
        ]
        if inner_socket is not gateway_socket:
            listening.append((_server(gateway), inner_socket))
        if door is not None and mtls_socket is not None:
            listening.append((door, mtls_socket))
        servers = [server for server, _ in listening]
        tasks = [asyncio.ensure_future(server.serve(sockets=[listener])) for server, listener in listening]
        tasks += [asyncio.ensure_future(self._repeat(name, seconds)) for name, seconds in schedules.items()]
        tasks += [
            asyncio.ensure_future(subscription.deliver(self._pools[template.subscriptions[group]]))
            for group, subscription in self._subscriptions.items()
        ]
        tasks += [asyncio.ensure_future(reader.deliver(self._pools[function])) for reader, function in self._streams]
        watch = asyncio.ensure_future(self._backend.ended()) if self._backend is not None else None
        run_file(self._options.data).write_text(json.dumps({"invoke": f"http://127.0.0.1:{invoke_port}"}))
        while not all(server.started for server in servers):
            await asyncio.sleep(0.01)
        self._announce(port, token, password)
        stopped = asyncio.ensure_future(self._stopping.wait())
        await asyncio.wait({stopped, *({watch} if watch else ())}, return_when=asyncio.FIRST_COMPLETED)
        status = 0
        if watch is not None and watch.done():
            print(f"authmint: the backend ended by itself (status {watch.result()}). {self._kept()}", file=sys.stderr)
            status = 1
        for server in servers:
            server.should_exit = True
        for task in tasks[len(servers) :]:
            task.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        return status

    def _door(self, template: Template, listener: socket.socket) -> uvicorn.Server:
        """What serves clients that show certificates. Raises CannotStart."""
        door, port = self._options.mutual_tls, listener.getsockname()[1]
        if door is None:
            raise ValueError("there is no door")
        shown: dict[tuple[str, int], str] = {}
        certificate = self._options.certificate or own_certificate(
            self._options.data or Path(tempfile.mkdtemp(prefix="authmint-"))
        )
        gateway = Gateway(template.routes, self._pools, f"127.0.0.1:{port}", shown=shown)
        print(f"Mutual TLS on https://127.0.0.1:{port}, with the certificate in {certificate[0]}")
        more = {"ssl_cert_reqs": ssl.CERT_OPTIONAL, "ssl_ca_certs": str(door.authorities), "http": protocol(shown)}
        return _server(gateway, certificate, **more)

    def _announce(self, port: int, token: str | None, password: str | None) -> None:
        if self._options.token is None:
            known = f"API token: {token}" if token else "API token: the one printed when this data was made"
            print(known)
        served = self._options.served_at(port)
        base_url = self._options.base_url or served
        print(f"authmint ready on {served}")
        print(f"Issuer of the default server: {base_url}/oauth2/default")
        if self._options.password is None:
            print(f"Administrator: {ADMINISTRATOR}, password: {password or 'the one printed when this data was made'}")
        print(f"Console: {base_url}/console")
        print(f"Where to go from here: {base_url}/ (and authmint --help)", flush=True)

    def _kept(self) -> str:
        if self._options.data is None:
            return "Nothing was kept: start with --data DIR to keep state."
        return f"{self._options.data} holds the state of at most a second before; start again to go on from it."

    async def _move_clock(self, schedules: Mapping[str, int], seconds: int) -> int:
        """Move the functions' clock; what would have run meanwhile runs once. What time it is then."""
        ahead = self._clock.advance(seconds)
        for name, every in schedules.items():
            if seconds >= every:
                await self._invoke(name, {"source": "schedule"})
        return int(time.time()) + ahead

    async def _repeat(self, function: str, seconds: int) -> None:
        """Run a scheduled function, now and then; a failure is reported and the next one still runs."""
        while True:
            try:
                await self._invoke(function, {"source": "schedule"})
            except CannotStart as error:
                print(f"authmint: {error}", file=sys.stderr)
            await asyncio.sleep(seconds)


def _reader(endpoint: str, spec: StreamSpec) -> StreamReader:
    return StreamReader(client("dynamodb", endpoint), client("dynamodbstreams", endpoint), spec)


def _server(application: Any, certificate: tuple[Path, Path] | None = None, **more: Any) -> uvicorn.Server:
    tls: dict[str, Any] = more
    if certificate is not None:
        tls = {"ssl_certfile": certificate[0], "ssl_keyfile": certificate[1], "ssl_ciphers": _CIPHERS, **more}
    config = uvicorn.Config(
        application,
        log_level="warning",
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=3,
        # As load balancers have it: a client that reuses a connection must not find it closed.
        timeout_keep_alive=75,
        **tls,
    )
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined] # the stack stops in its own order
    return server


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise CannotStart(
            f"port {port} cannot be used: {error.strerror}. Choose another with PORT=… or --port"
        ) from None
    listener.listen(128)
    return listener


def run_file(data: Path | None) -> Path:
    """Where a running stack says how to reach it."""
    directory = data or Path(os.environ.get("XDG_RUNTIME_DIR") or os.environ.get("TMPDIR") or "/tmp")  # noqa: S108
    directory.mkdir(parents=True, exist_ok=True)
    return directory / ("running.json" if data else f"authmint-{os.getuid()}.json")
