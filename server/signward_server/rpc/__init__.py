"""The only place for grpc and generated code: bytes to core types and back."""
