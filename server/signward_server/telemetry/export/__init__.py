"""The process that exports spans and metrics over OTLP/gRPC; see ``telemetry.exporter``.

It knows OTLP by its generated messages. Spans are encoded by hand, since there may be thousands
a second on the machine that signs: a tenth of what the messages cost, a twentieth of what the
SDK of OpenTelemetry does.
"""
