#!/bin/sh
# Unpacks Debian's PostgreSQL, and what it needs and this machine lacks, into a folder.
# Nothing is installed or started. Needs apt-get, and no rights.
set -eu
folder=$1
mkdir -p "$folder/debs/partial" "$folder/lists/partial"

fetch() {
  apt-get -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Dir::Cache::archives="$folder/debs" "$@"
}

if ! fetch -qq --yes --no-install-recommends --download-only install postgresql; then
  own="Dir::State::lists=$folder/lists"
  fetch -o "$own" -qq update
  fetch -o "$own" -qq --yes --no-install-recommends --download-only install postgresql
fi
for package in "$folder"/debs/*.deb; do
  dpkg-deb --extract "$package" "$folder"
done
