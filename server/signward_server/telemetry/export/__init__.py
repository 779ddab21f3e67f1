"""The process that exports spans and metrics over OTLP/gRPC; see ``telemetry.exporter``.

It builds what OpenTelemetry's SDK has for spans and metrics, and has it encoded by the SDK's own
encoder. The transport is ours: it counts what a collector takes and refuses.
"""
