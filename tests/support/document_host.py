"""A host of documents that functions of a local stack fetch over https: with an authority and a name of its own."""

import datetime
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAME = "documents.example"
HOSTS = f"{NAME}=127.0.0.1"


@dataclass
class DocumentHost:
    """The host. A local stack finds it by ``HOSTS``, and trusts it by ``certificate``.

    Attributes:
        documents: By their paths.
        asked: The paths that were fetched, and by whom.
    """

    port: int
    certificate: Path
    documents: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def publish(self, path: str, **document: Any) -> str:
        """Put a client's metadata document there; its URL, which is the client's id."""
        url = f"https://{NAME}:{self.port}{path}"
        self.documents[path] = {"client_id": url} | document
        return url


@contextmanager
def serving_documents(directory: Path) -> Iterator[DocumentHost]:
    """Serve on loopback."""
    certificate, key = _certified(directory)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.asked.append((self.path, self.headers.get("user-agent", "")))
            found = host.documents.get(self.path)
            body = json.dumps(found).encode() if found is not None else b"{}"
            self.send_response(404 if found is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    host = DocumentHost(server.server_address[1], certificate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()


def _certified(directory: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "documents of tests")])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=3_650))  # the stack's clock can be moved ahead
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = directory / "documents.pem", directory / "documents.key.pem"
    for file, content in zip(files, (made.public_bytes(pem), private), strict=True):
        file.write_bytes(content)
    return files
