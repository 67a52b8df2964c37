"""RDS in front of a real PostgreSQL: TLS alone, a certificate of its own authority, and IAM's tokens or a secret.

It asks for the password in clear inside TLS, as RDS does for IAM, and lets in whoever brings a token that is for this
host, port and user and not older than its quarter of an hour, or the master with the password that the secret holds
now. It does not verify the token's signature, and knows one secret.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html
"""

from __future__ import annotations

import datetime
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_TLS, _GSS = 80877103, 80877104
MASTER = "master"


@dataclass
class Rds:
    """Where it listens, what it trusts, and who came: (user, how)."""

    certificates: Path
    socket: Path
    password: Callable[[], str]
    port: int = 0
    clock: Callable[[], float] = time.time
    logins: list[tuple[str, str]] = field(default_factory=list)

    def url(self, user: str, database: str, host: str = "localhost", certificates: Path | None = None) -> str:
        verified = f"sslmode=verify-full&sslrootcert={certificates or self.certificates / 'ca.pem'}"
        return f"postgresql://{user}@{host}:{self.port}/{database}?{verified}"

    def lets_in(self, user: str, password: str) -> bool:
        if user == MASTER:
            return password == self.password()
        parts = urlsplit(f"//{password}")
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if asked.get("Action") != "connect" or asked.get("DBUser") != user or parts.port != self.port:
            return False
        signed = datetime.datetime.strptime(asked["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
        return self.clock() < signed.timestamp() + int(asked["X-Amz-Expires"])


@contextmanager
def rds(directory: Path, socket_directory: Path, password: Callable[[], str]) -> Iterator[Rds]:
    """Serve the PostgreSQL that listens in `socket_directory` as RDS does, its files in `directory`."""
    _make_certificates(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    instance = Rds(directory, socket_directory / ".s.PGSQL.5432", password)

    class Connection(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            _serve(self.request, context, instance)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Connection) as server:
        instance.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield instance
        server.shutdown()


def _serve(plain: socket.socket, context: ssl.SSLContext, instance: Rds) -> None:
    try:
        while (code := _startup(plain)[0]) == _GSS:
            plain.sendall(b"N")
        if code != _TLS:
            plain.sendall(_error('no pg_hba.conf entry for host "127.0.0.1", no encryption'))
            return
        plain.sendall(b"S")
        with context.wrap_socket(plain, server_side=True) as client:
            _, startup = _startup(client)
            if _logs_in(client, startup, instance):
                _forward(client, startup, instance.socket)
    except (OSError, EOFError):
        pass  # the client left, or trusts another authority


def _logs_in(client: ssl.SSLSocket, startup: bytes, instance: Rds) -> bool:
    words = startup[8:].split(b"\0")
    user = dict(zip(words[::2], words[1::2], strict=False))[b"user"].decode()
    client.sendall(struct.pack("!cII", b"R", 8, 3))  # AuthenticationCleartextPassword
    _, length = struct.unpack("!cI", _exactly(client, 5))
    password = _exactly(client, length - 4).rstrip(b"\0").decode()
    if not instance.lets_in(user, password):
        client.sendall(_error(f'PAM authentication failed for user "{user}"'))
        return False
    instance.logins.append((user, "secret" if user == MASTER else "token"))
    return True


def _forward(client: ssl.SSLSocket, startup: bytes, path: Path) -> None:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.connect(str(path))
        server.sendall(startup)
        threading.Thread(target=_copy, args=(server, client), daemon=True).start()
        _copy(client, server)


def _startup(connection: socket.socket) -> tuple[int, bytes]:
    head = _exactly(connection, 8)
    length, code = struct.unpack("!II", head)
    return code, head + _exactly(connection, length - 8)


def _exactly(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        chunk = connection.recv(length - len(data))
        if not chunk:
            raise EOFError
        data += chunk
    return data


def _error(message: str) -> bytes:
    body = b"SFATAL\0C28000\0M" + message.encode() + b"\0\0"
    return b"E" + struct.pack("!I", len(body) + 4) + body


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(65536):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def _make_certificates(directory: Path) -> None:
    """Write ca.pem, and server.pem with server.key that it signed for `localhost`."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority of the test")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    now = datetime.datetime.now(datetime.UTC)

    def certificate(name: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        return builder.not_valid_after(now + datetime.timedelta(days=1))

    basic = x509.BasicConstraints(ca=True, path_length=None)
    root = certificate(issuer, authority.public_key()).add_extension(basic, True).sign(authority, hashes.SHA256())
    own = certificate(subject, key.public_key()).add_extension(names, False).sign(authority, hashes.SHA256())
    directory.joinpath("ca.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    directory.joinpath("server.pem").write_bytes(own.public_bytes(serialization.Encoding.PEM))
    private = (serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    directory.joinpath("server.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
