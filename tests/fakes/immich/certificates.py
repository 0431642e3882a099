"""Certificates made for one test: an authority of one's own, what it signs, and what signs itself.

For: addresses that speak TLS, and clients that must show a certificate.
Must not: be reused; every key is made anew and lies in a temporary folder.
Thread: the test's.
"""

from __future__ import annotations

import hashlib
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = ("127.0.0.1", "::1", "localhost")
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key. ``pem`` is a file with both, ``public`` one without the key."""

    pem: Path
    public: Path
    sha256: str

    def context(self, *, clients_of: Authority | None = None) -> ssl.SSLContext:
        """For a server that shows this, and asks its clients for a certificate of that authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        if clients_of is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients_of.public)
        return context


class Folder:
    """Where the files of some certificates lie, as long as somebody holds on to it."""

    def __init__(self) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="stand-in-certificates-")
        self._count = 0

    def keep(self, certificate: x509.Certificate, key: Key) -> Certificate:
        """Write both files."""
        self._count += 1
        public = certificate.public_bytes(serialization.Encoding.PEM)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        place = Path(self._temporary.name) / str(self._count)
        pem, plain = place.with_suffix(".pem"), place.with_suffix(".crt")
        pem.touch(mode=0o600)
        pem.write_bytes(public + private)
        plain.write_bytes(public)
        digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()
        return Certificate(pem, plain, digest)


_FOLDER = Folder()


class Authority:
    """An authority that no system knows; ``public`` is the file a client must trust."""

    def __init__(self, name: str = "Stand-in authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = _builder(self._name, self._name, self._key, DAY, DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        signed = builder.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self._kept = _FOLDER.keep(signed, self._key)

    @property
    def public(self) -> Path:
        """The authority's own certificate."""
        return self._kept.public

    def server(
        self, hosts: Sequence[str] = HERE, *, valid_for: timedelta = DAY, begins_in: timedelta = -DAY
    ) -> Certificate:
        """A certificate for a server; with a ``valid_for`` below zero it has expired."""
        return self._sign(hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, hosts, valid_for, begins_in)

    def client(self, name: str = "somebody") -> Certificate:
        """A certificate that a client shows."""
        return self._sign(name, ExtendedKeyUsageOID.CLIENT_AUTH, (), DAY, -DAY)

    def _sign(
        self,
        name: str,
        usage: x509.ObjectIdentifier,
        hosts: Sequence[str],
        valid_for: timedelta,
        begins_in: timedelta,
    ) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_named(name), self._name, key, valid_for, -begins_in)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        if hosts:
            builder = builder.add_extension(_alternatives(hosts), critical=False)
        return _FOLDER.keep(builder.sign(self._key, hashes.SHA256()), key)


def self_signed(hosts: Sequence[str] = HERE, *, valid_for: timedelta = DAY) -> Certificate:
    """A certificate nobody vouches for, as many home servers have one."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named(hosts[0])
    builder = _builder(name, name, key, valid_for, DAY).add_extension(_alternatives(hosts), critical=False)
    return _FOLDER.keep(builder.sign(key, hashes.SHA256()), key)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, valid_for: timedelta, age: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    begin = now - age if valid_for > timedelta() else now + valid_for - DAY
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin)
    builder = builder.not_valid_after(now + valid_for)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return builder.add_extension(identifier, critical=False)


def _alternatives(hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)
