#!/bin/sh
# Unpacks Debian's prometheus and promtool into a folder. They are one file each and need nothing
# else. Nothing is installed or started. Needs apt-get, and no rights.
set -eu
folder=$1
mkdir -p "$folder/debs" "$folder/lists/partial"
cd "$folder/debs"

fetch() {
  apt-get -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}

if ! fetch -qq download prometheus; then
  own="Dir::State::lists=$folder/lists"
  fetch -o "$own" -qq update
  fetch -o "$own" -qq download prometheus
fi
for package in "$folder"/debs/*.deb; do
  dpkg-deb --extract "$package" "$folder"
done
