#!/usr/bin/env bash
# Prints two lines: the path of a MinIO server, and its version. Builds the server from its published source when the
# cache has none, which takes some minutes and needs Go. Everything else that is said goes to stderr.
set -euo pipefail

pinned=v0.0.0-20260212201848-7aac2a2c5b7c
cache="${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/afluente-ci/minio-$pinned"

version_of() { go version -m "$1" | awk '$1 == "mod" { print $3 }'; }

if [[ ! -x "$cache/minio" || ! -s "$cache/version" ]]; then
  command -v go >/dev/null || { echo "minio.sh: Go is not installed, so MinIO cannot be built" >&2; exit 1; }
  mkdir -p "$cache"
  build="$(mktemp -d "$cache/build.XXXXXX")"
  trap 'rm -rf "$build"' EXIT
  built=
  for wanted in "$pinned" latest; do
    echo "minio.sh: building github.com/minio/minio@$wanted" >&2
    # Two at a time: linking MinIO is large, and small machines run out of memory.
    if GOBIN="$build" CGO_ENABLED=0 go install -p 2 -ldflags '-s -w' "github.com/minio/minio@$wanted" >&2; then
      built=yes
      break
    fi
  done
  [[ -n "$built" ]] || { echo "minio.sh: MinIO could not be built" >&2; exit 1; }
  version_of "$build/minio" >"$build/version"
  # The binary comes last: where it stands, the pair is complete.
  mv "$build/version" "$cache/version"
  mv "$build/minio" "$cache/minio"
fi

echo "$cache/minio"
cat "$cache/version"
