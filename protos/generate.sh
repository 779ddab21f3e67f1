#!/bin/sh
# Generates client/signward/v1 from protos/signward/v1, reproducibly: with the pinned generator of
# protos/requirements.txt, in an environment of its own under build/.
#
#   protos/generate.sh [--check] [PYTHON]
#
# --check   changes nothing, and fails with a diff when the committed files are not the generated ones
# PYTHON    interpreter that makes the environment; python3 unless said
set -eu
export LC_ALL=C

check=false
if [ "${1:-}" = --check ]; then
  check=true
  shift
fi
python=$(command -v "${1:-python3}")
case $python in
  /*) ;;
  *) python=$PWD/$python ;;
esac
cd "$(dirname "$0")/.."

package=client/signward/v1
venv=build/proto-venv

# The environment is made anew when its requirements or its interpreter are others.
stamp=$({ cat protos/requirements.txt; "$python" --version; } | cksum)
if [ "$(cat "$venv/.stamp" 2>/dev/null)" != "$stamp" ]; then
  "$python" -m venv --clear "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    --require-hashes --requirement protos/requirements.txt
  echo "$stamp" >"$venv/.stamp"
fi

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
trap 'exit 1' HUP INT TERM
protoc() {
  "$venv/bin/python" -m grpc_tools.protoc -I protos -I third_party/googleapis \
    --plugin="protoc-gen-mypy=$venv/bin/protoc-gen-mypy" \
    --plugin="protoc-gen-mypy_grpc=$venv/bin/protoc-gen-mypy_grpc" "$@"
}
protoc --python_out="$out" --mypy_out="quiet:$out" protos/signward/v1/*.proto
protoc --grpc_python_out="$out" --mypy_grpc_out="quiet:$out" protos/signward/v1/*_service.proto

if $check; then
  if ! diff -ru --exclude=__init__.py --exclude=__pycache__ "$package" "$out/signward/v1"; then
    echo "$package is not what the protos make: run 'make proto' and commit the outcome" >&2
    exit 1
  fi
else
  mkdir -p "$package"
  rm -f "$package"/*_pb2*.py "$package"/*_pb2*.pyi
  cp "$out"/signward/v1/* "$package"
fi
