"""Authorities of a test's own, and the certificates that they sign for servers on loopback."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Authority:
    """A certificate authority; ``file`` has its certificate (PEM)."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(f"Authority {file.stem}")
        certificate = (
            _builder(self._name, self._name, self._key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, file: Path) -> Path:
        """Write the key and the certificate of a server on 127.0.0.1 to ``file``, which only its owner can read.

        It is not for ``localhost``, by which the server can so be reached with a certificate for another name.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            _builder(_name("server"), self._name, key)
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
            .add_extension(issuer, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.touch(0o600)
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        return file


def untrusted(directory: Path) -> ssl.SSLContext:
    """Return the TLS context of a server on loopback whose authority nobody trusts; its files are in ``directory``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Authority(directory / "authority.pem").issue(directory / "certificate.pem"))
    return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now, number = datetime.now(UTC), x509.random_serial_number()
    begin, end = now - timedelta(minutes=5), now + timedelta(days=1)
    return x509.CertificateBuilder(issuer, subject, key.public_key(), number, begin, end)
