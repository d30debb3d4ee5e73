#!/bin/bash
# The service under a real systemd: installed, started, killed, hung, reloaded, broken, stopped. By hand and as root, on
# a machine with systemd-container and debootstrap; not part of the test suite.
#
#     tests/deploy/nspawn.sh DIRECTORY
#
# DIRECTORY is a root file system of its own, made with debootstrap (Debian 12) when it is not there. systemd is booted
# inside it by systemd-nspawn with a private network, and NEVER in anything that shares this machine's own file system:
# its tmpfiles step empties /tmp. What is seen is printed, and kept in DIRECTORY/transcript.
set -euo pipefail

root=${1:?a directory for the root file system}
here=$(cd "$(dirname "$0")/../.." && pwd)
# Its own exit code says nothing: where /run is on a disk it ends with "Attempted to remove disk file system".
inside=(systemd-nspawn --quiet --directory="$root" --register=no --keep-unit)

if [ ! -d "$root/etc" ]; then
    debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian
fi
if [ ! -x "$root/usr/lib/systemd/systemd" ]; then
    "${inside[@]}" --bind-ro=/etc/resolv.conf --bind-ro=/etc/ssl/certs sh -c '
        apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
            systemd systemd-sysv dbus python3-venv ca-certificates tzdata' || true
    [ -x "$root/usr/lib/systemd/systemd" ]
fi

# The package as its user installs it, and the drive of the test as a unit that runs at boot and powers off at its end.
source=$(mktemp --directory)
trap 'rm -rf "$source"' EXIT
cp -r "$here"/{watchdog,config,deploy,pyproject.toml,README.md,LICENSE} "$source"
[ ! -e "$here/CHANGELOG.md" ] || cp "$here/CHANGELOG.md" "$source"
"${inside[@]}" --bind-ro=/etc/resolv.conf --bind-ro=/etc/ssl/certs --bind="$source:/src" \
    ${PIP_CERT:+--setenv=PIP_CERT="$PIP_CERT"} \
    sh -c 'rm -f /root/installed && sh /src/deploy/install.sh && touch /root/installed' || true
[ -e "$root/root/installed" ]
install -m 0755 "$here/tests/deploy/inside.sh" "$root/root/inside.sh"
cat > "$root/etc/systemd/system/drive.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c "/root/inside.sh > /transcript 2>&1"
ExecStopPost=/usr/bin/systemctl poweroff --no-block
TimeoutStartSec=600
END
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -sf ../drive.service "$root/etc/systemd/system/multi-user.target.wants/drive.service"

"${inside[@]}" --boot --private-network --link-journal=no > "$root/console" 2>&1 || true
cat "$root/transcript"
grep -q '^ALL SEEN$' "$root/transcript"
