"""A certificate authority for tests: its root, and certificates that are right, for another name,
expired, not valid yet, or by an authority in between.
"""
from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


@dataclass
class Certificate:
    """A certificate with its private key, and what a server sends behind it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate alone."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate and its chain."""
        return b"".join(each.public_bytes(serialization.Encoding.PEM)
                        for each in (self.certificate, *self.chain))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Write `name.pem` and `name.key`; returns their paths."""
        certificate, key = directory / (name + ".pem"), directory / (name + ".key")
        certificate.write_bytes(self.pem)
        key.write_bytes(self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return certificate, key


class Authority(Certificate):
    """A root, or with `parent` an authority below one."""

    def __init__(self, name: str = "Test Root", parent: Authority | None = None) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        builder = _builder(name, parent.certificate.subject if parent else None, key,
                           now - _DAY, now + 3650 * _DAY)
        builder = builder.add_extension(x509.BasicConstraints(True, None), True)
        builder = builder.add_extension(_key_usage(True), True)
        builder = _identified(builder, key, parent.key if parent else key)
        signer = parent.key if parent else key
        chain = () if parent is None or _is_root(parent) \
            else (parent.certificate, *parent.chain)
        super().__init__(builder.sign(signer, hashes.SHA256()), key, chain)

    def issue(self, *names: str, begins: int = -1, ends: int = 365, curve: bool = True,
              padding: int = 0) -> Certificate:
        """A server's certificate for host names or addresses.

        :param begins: days from now
        :param ends: days from now
        :param curve: an elliptic curve, else RSA with 2048 bits
        :param padding: octets that make it larger
        """
        key = ec.generate_private_key(ec.SECP256R1()) if curve else \
            rsa.generate_private_key(65537, 2048)
        now = datetime.datetime.now(datetime.UTC)
        builder = _builder(names[0], self.certificate.subject, key, now + begins * _DAY,
                           now + ends * _DAY)
        builder = builder.add_extension(x509.BasicConstraints(False, None), True)
        builder = builder.add_extension(_key_usage(False), True)
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), False)
        builder = _identified(builder, key, self.key)
        if padding:
            builder = builder.add_extension(x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.55555.1"), bytes(padding)), False)
        chain = () if _is_root(self) else (self.certificate, *self.chain)
        return Certificate(builder.sign(self.key, hashes.SHA256()), key, chain)


def _is_root(authority: Certificate) -> bool:
    return authority.certificate.subject == authority.certificate.issuer


def _builder(name: str, issuer: x509.Name | None,
             key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, begins: datetime.datetime,
             ends: datetime.datetime) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return x509.CertificateBuilder(
        issuer or subject, subject, key.public_key(), x509.random_serial_number(), begins, ends)


def _identified(builder: x509.CertificateBuilder,
                key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
                signer: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
                ) -> x509.CertificateBuilder:
    subject = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return builder.add_extension(subject, False).add_extension(issuer, False)


def _key_usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=authority,
        crl_sign=authority, encipher_only=False, decipher_only=False)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
