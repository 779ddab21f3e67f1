"""What the daemon costs beside a bare grpcio echo: ``python -m tests.benchmarks``.

Both servers run beside each other in processes of their own, over the same certificates,
and answer the same requests with answers of the same sizes; the client is this process.
``docs/benchmarks.md`` says what is measured and how to read it.
"""
