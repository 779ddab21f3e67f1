"""Attacks below gRPC: connections that do nothing, and handshakes that fail."""

from __future__ import annotations

import socket
import ssl
import struct

from tests.running.attacks.blows import Field

__all__ = ["foreign_certificates", "half_open", "idle"]

_PATIENCE = 10.0
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])  # RFC 9113, 3.4
_CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00"  # begins one of 512 bytes


def idle(field: Field, port: int, ca: str, certificate: str, key: str, number: int) -> None:
    """Open so many connections that say a valid hello, and nothing more."""
    context = _context(ca, certificate, key)
    held = []
    for _ in range(number):
        held.append(_connect(context, port))
        held[-1].sendall(_PREFACE)  # the daemon waits for it as long as for the handshake
    field.met["opened"] = len(held)
    field.hold()
    for each in held:
        each.close()


def half_open(field: Field, port: int, number: int) -> None:
    """Keep so many sockets open that never finish a handshake, half of them never begin.

    A third of them are new each second, however long the daemon waits for a handshake.
    """
    held: list[socket.socket] = []

    def blow() -> str:
        while len(held) >= number:
            oldest = held.pop(0)
            oldest.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            oldest.close()
        fresh = socket.create_connection(("127.0.0.1", port), _PATIENCE)
        if len(held) % 2:
            fresh.sendall(_CLIENT_HELLO)
        held.append(fresh)
        return "opened"

    for _ in range(number):
        field.met[blow()] += 1
    field.repeat(blow, rate=number / 3)


def foreign_certificates(
    field: Field, port: int, ca: str, certificate: str, key: str, rate: float
) -> None:
    """Shake hands with a certificate of a CA that nobody trusts."""
    context = _context(ca, certificate, key)

    def blow() -> str:
        try:
            with _connect(context, port) as connection:
                connection.sendall(_PREFACE)
                return "accepted" if connection.recv(1) else "refused"
        except OSError:  # with TLS 1.3 the refusal comes with the first read
            return "refused"

    field.repeat(blow, rate)


def _context(ca: str, certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return context


def _connect(context: ssl.SSLContext, port: int) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", port), _PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise
