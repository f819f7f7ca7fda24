#!/bin/sh
# Builds the guest's file system: root.sh <suite> <packages, by comma> <owner> <work directory> <output>
# Needs root; half a minute with a fast mirror, 2 GB of which 0.4 are used.
set -eu
suite=$1 packages=$2 owner=$3 work=$4 output=$5
here=$(cd "$(dirname "$0")/.." && pwd)
root=$work/root
mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "$root"
install -m 755 "$here/guest/hil-job" "$root/usr/sbin/hil-job"
install -m 644 "$here/guest/hil-job.service" "$root/etc/systemd/system/hil-job.service"
mkdir -p "$root/mnt/job" "$root/mnt/host" "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../hil-job.service "$root/etc/systemd/system/multi-user.target.wants/hil-job.service"
: > "$root/etc/fstab"
echo barnacle-guest > "$root/etc/hostname"
printf '127.0.0.1 localhost barnacle-guest\n' > "$root/etc/hosts"
rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
mke2fs -q -t ext4 -d "$root" "$output" 2G
chown "$owner" "$output"
rm -rf "$root"
