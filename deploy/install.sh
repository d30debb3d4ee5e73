#!/bin/sh
# Installs, or upgrades, the position watchdog from the source tree this file lies in: an environment of its own in
# /opt/position-watchdog, the unit, a first rules.toml, and the schemas for editors. What you have written in
# /etc/position-watchdog stays as it is, and nothing is started. Run as root; README.md beside this has what comes after.
set -eu
umask 022 # the service runs as a user of its own, and reads all of this

here=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" -eq 0 ] || {
    echo "install.sh: run me as root" >&2
    exit 1
}
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "install.sh: Python 3.11 or newer is wanted" >&2
    exit 1
}

[ -x /opt/position-watchdog/bin/python ] || python3 -m venv /opt/position-watchdog
/opt/position-watchdog/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "$here"

install -d -m 0755 /etc/position-watchdog
[ -e /etc/position-watchdog/rules.toml ] ||
    install -m 0644 "$here/config/rules.toml" /etc/position-watchdog/rules.toml
# What `#:schema` in both files names, for editors; of this version, so always anew.
install -m 0644 "$here/config/rules.schema.json" "$here/config/watchdog.schema.json" /etc/position-watchdog/
install -m 0644 "$here/deploy/position-watchdog.service" /etc/systemd/system/position-watchdog.service
[ ! -d /run/systemd/system ] || systemctl daemon-reload

echo "Installed. Next: /etc/position-watchdog/watchdog.toml and the key files (deploy/README.md), then"
echo "  /opt/position-watchdog/bin/watchdog check --config /etc/position-watchdog/watchdog.toml"
echo "  systemctl enable --now position-watchdog     # after an upgrade: systemctl restart position-watchdog"
