#!/bin/sh
# The given objects (.csv, .csv.gz) one after the other, under one header. Objects with other columns are an error.
set -eu
header=
for object in "$@"; do
  first=$(gzip -dcf "$object" | sed 1q)
  if [ -z "$header" ]; then
    header=$first
    printf '%s\n' "$header"
  fi
  if [ "$first" != "$header" ]; then
    echo "$object has other columns than $1: read the objects of each shape apart" >&2
    exit 1
  fi
  gzip -dcf "$object" | sed 1d
done
