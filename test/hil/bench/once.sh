#!/bin/sh
# Makes a file once, whoever asks at the same time and whenever it was interrupted:
#   once.sh <file> <script> <argument>…    runs  <script> <argument>… <work directory> <output>
# A lock of the kernel's is gone with its holder; the name is taken in one step.
set -eu
file=$1; shift
mkdir -p "$(dirname "$file")"
exec 9> "$file.lock"
flock 9
[ ! -e "$file" ] || exit 0
rm -rf "$file".building.*
work=$(mktemp -d "$file.building.XXXXXX")
trap 'rm -rf "$work"' EXIT
"$@" "$work" "$work/output"
mv "$work/output" "$file"
