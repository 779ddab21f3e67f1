"""How much the gRPC server takes on, as numbers and as grpc core takes them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ServerLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """How much the server takes on (S42).

    Attributes:
        threads: Threads for unary calls.
        queue: Calls that may wait for one; more are refused at once.
        streams: Streams that may be open in all, health and reflection included.
        streams_per_identity: Streams that one identity may have open.
        message_bytes: Largest request message, a batch excepted.
        batch_bytes: Largest batch.
        stream_in_flight: Items of one stream that are not answered yet.
        metadata_bytes: Largest metadata of a call.
        streams_per_connection: HTTP/2 streams of one connection at a time.
        connections_per_address: TCP connections of one address at a time; 0: as many as come.
        handshake: Seconds for a TLS handshake.
        reception: Seconds for the message of a unary call.
        connection_idle: Seconds after which an idle connection is closed.
        connection_age: Seconds after which a connection is closed, at most an hour (S2).
        connection_age_grace: Seconds that its calls may go on after that.
        shared_port: Whether other workers of the same home listen on the same TCP port (S41).
    """

    threads: int
    queue: int
    streams: int
    streams_per_identity: int
    message_bytes: int
    batch_bytes: int
    stream_in_flight: int
    metadata_bytes: int
    streams_per_connection: int
    connections_per_address: int
    handshake: float
    reception: float
    connection_idle: float
    connection_age: float
    connection_age_grace: float
    shared_port: bool = False

    def options(self) -> list[tuple[str, int]]:
        """Return grpc core's channel arguments (grpc/impl/channel_arg_names.h)."""
        return [
            ("grpc.so_reuseport", int(self.shared_port)),  # two daemons would share it silently
            ("grpc.max_concurrent_streams", self.streams_per_connection),
            ("grpc.max_receive_message_length", 2 * self.batch_bytes),  # ours answer up to there
            # With probes the window of a stream grows to megabytes, and so does what a caller
            # can make grpc hold of messages that nobody has read yet.
            ("grpc.http2.bdp_probe", 0),
            ("grpc.max_metadata_size", self.metadata_bytes),
            ("grpc.absolute_max_metadata_size", self.metadata_bytes),
            ("grpc.server_handshake_timeout_ms", _ms(self.handshake)),
            ("grpc.max_connection_idle_ms", _ms(self.connection_idle)),
            ("grpc.max_connection_age_ms", _ms(self.connection_age)),
            ("grpc.max_connection_age_grace_ms", _ms(self.connection_age_grace)),
        ]


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
