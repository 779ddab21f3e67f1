"""A SPIFFE Workload API with an authority of its own, on a Unix socket."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent import futures
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from spiffe._proto import workload_pb2 as pb
from spiffe._proto import workload_pb2_grpc

from tests.fakes.spine.tls import Issued

__all__ = ["TrustDomainAuthority", "WorkloadApi"]

_HOUR = timedelta(hours=1)
_NO_USAGE = {
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "encipher_only": False,
    "decipher_only": False,
}


class TrustDomainAuthority:
    """The CA of one trust domain; ``der`` is its certificate."""

    def __init__(self, domain: str) -> None:
        self.domain = domain
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, domain)])
        usage = x509.KeyUsage(
            digital_signature=False, key_cert_sign=True, crl_sign=True, **_NO_USAGE
        )
        certificate = (
            self._builder(self._name, self._key, timedelta(0))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(_uri(f"spiffe://{domain}"), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.der = certificate.public_bytes(Encoding.DER)
        self.pem = certificate.public_bytes(Encoding.PEM)

    def issue(
        self, path: str, *names: str, age: timedelta = timedelta(0), domain: str = ""
    ) -> Issued:
        """Issue an SVID; ``names`` are DNS names beside its SPIFFE id."""
        key = ec.generate_private_key(ec.SECP256R1())
        uri = f"spiffe://{domain or self.domain}{path}"
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=False, crl_sign=False, **_NO_USAGE
        )
        both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        certificate = (
            self._builder(x509.Name([]), key, age)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.ExtendedKeyUsage(both), critical=False)
            .add_extension(_uri(uri, *names), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        return Issued(
            certificate.public_bytes(Encoding.PEM),
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )

    def revoking(self, *serials: int) -> bytes:
        """Return a revocation list in PEM."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder(self._name, now, now + _HOUR)
        for serial in serials:
            revoked = x509.RevokedCertificateBuilder(serial, now).build()
            builder = builder.add_revoked_certificate(revoked)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, age: timedelta
    ) -> x509.CertificateBuilder:
        start = datetime.now(UTC) - timedelta(minutes=1) - age
        return x509.CertificateBuilder(
            self._name,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            start,
            start + _HOUR,
        )


class WorkloadApi(workload_pb2_grpc.SpiffeWorkloadAPIServicer):  # type: ignore[misc]
    """Sends what a test says to every workload that asks; use it as a context manager."""

    def __init__(self, socket: Path) -> None:
        self.socket = f"unix:{socket}"
        self.asked = 0
        self._last: pb.X509SVIDResponse | None = None
        self._streams: list[queue.SimpleQueue[pb.X509SVIDResponse | None]] = []
        self._threads = futures.ThreadPoolExecutor(8)
        self._server = grpc.server(self._threads)
        workload_pb2_grpc.add_SpiffeWorkloadAPIServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self._server.add_insecure_port(self.socket)

    def send(
        self, svid: Issued, own: TrustDomainAuthority, *federated: TrustDomainAuthority
    ) -> None:
        """Send an SVID and bundles."""
        leaf = x509.load_pem_x509_certificate(svid.certificate)
        answer = pb.X509SVIDResponse(
            svids=[
                pb.X509SVID(
                    spiffe_id=f"spiffe://{own.domain}/signward",
                    x509_svid=leaf.public_bytes(Encoding.DER),
                    x509_svid_key=_der(svid.key),
                    bundle=own.der,
                )
            ],
            federated_bundles={f"spiffe://{each.domain}": each.der for each in federated},
        )
        self.send_raw(answer)

    def send_raw(self, answer: pb.X509SVIDResponse) -> None:
        self._last = answer
        for stream in self._streams:
            stream.put(answer)

    def FetchX509SVID(  # noqa: N802  # the name of the RPC
        self, request: object, context: Any
    ) -> Iterator[pb.X509SVIDResponse]:
        assert ("workload.spiffe.io", "true") in context.invocation_metadata()
        self.asked += 1
        stream: queue.SimpleQueue[pb.X509SVIDResponse | None] = queue.SimpleQueue()
        self._streams.append(stream)
        context.add_callback(lambda: stream.put(None))
        if self._last is not None:
            yield self._last
        while (answer := stream.get()) is not None:
            yield answer

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *failure: object) -> None:
        for stream in self._streams:
            stream.put(None)
        self._server.stop(0).wait()
        self._threads.shutdown()


def _uri(uri: str, *names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName(
        [x509.UniformResourceIdentifier(uri), *map(x509.DNSName, names)]
    )


def _der(key_pem: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(key_pem, None)
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
