"""The process that exports spans and metrics over OTLP/gRPC; see ``telemetry.exporter``.

It knows OTLP by its generated messages. Spans alone are encoded by hand: there may be thousands a
second on the machine that signs, and that takes a ninth of the time of OpenTelemetry's SDK.
"""
