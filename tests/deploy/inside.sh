#!/bin/bash
# Runs inside the container of nspawn.sh: drives the installed service through its life. Prints what it sees.
set -euo pipefail

unit=position-watchdog
etc=/etc/position-watchdog
watchdog=/opt/position-watchdog/bin/watchdog

say() { printf '\n== %s\n' "$*"; }
show() { systemctl show "$unit" -p "$1" --value; }
fail() {
    echo "NOT SEEN: $*"
    systemctl status "$unit" --no-pager --full || true
    journalctl -u "$unit" -u paper --no-pager -o cat | tail -60
    exit 1
}
until_so() { # SECONDS WORDS COMMAND…
    local seconds=$1 what=$2
    shift 2
    for _ in $(seq $((seconds * 5))); do
        if "$@" > /dev/null 2>&1; then return; fi
        sleep 0.2
    done
    fail "$what"
}
stops() { # client ids of the stops that rest on the paper venue, in order
    python3 - <<'END'
import json, urllib.request
state = json.load(urllib.request.urlopen("http://127.0.0.1:8081/paper/state"))
print(*sorted(one["client_id"] for one in state["algos"] if one["status"] == "NEW"))
END
}
placed() { # how many were ever placed
    python3 - <<'END'
import json, urllib.request
print(len(json.load(urllib.request.urlopen("http://127.0.0.1:8081/paper/state"))["algos"]))
END
}
rests_two() { [ "$(stops | wc -w)" = 2 ]; }
told() { journalctl -u "$unit" --no-pager -o cat | grep -qF "$1"; }
is() { [ "$(show ActiveState)" = "$1" ]; }
another_pid() { [ "$(show MainPID)" != "$1" ] && [ "$(show MainPID)" != 0 ] && is active; }

say "a paper venue on this machine, its keys as root's files"
mkdir -p /root/paper "$etc"
cat > /root/paper/still.toml <<'END'
name = "still"
wallet = { USDT = "40571" }
candles = { BTCUSDT = "btc.csv", AVAXUSDT = "avax.csv" }
positions = [
  { symbol = "AVAXUSDT", side = "long", size = "5000", leverage = 5, margin = "isolated" },
  { symbol = "BTCUSDT", side = "long", size = "1", leverage = 10, margin = "cross" },
]
END
echo "1760129340000,116836.70,116836.70,116836.70,116836.70" > /root/paper/btc.csv
echo "1760129340000,26.571,26.571,26.571,26.571" > /root/paper/avax.csv
rm -rf /var/lib/private/position-watchdog /var/lib/position-watchdog # of an earlier run: its positions are no more
systemd-run --quiet --unit=paper "$watchdog" paper --port 8081 --keys /root/paper --scenario /root/paper/still.toml
until_so 60 "the paper venue never came up" stops
install -m 0600 /root/paper/paper.key "$etc/main.key"
install -m 0600 /root/paper/paper.secret "$etc/main.secret"
ls -l "$etc"

cat > "$etc/watchdog.toml" <<'END'
socket = "/run/position-watchdog/watchdog.sock"
[account.main]
venue        = "binanceusdm"
base_url     = "http://127.0.0.1:8081"
api_key_file = "main.key"
secret_file  = "main.secret"
poll         = "2s"
[channel.console]
type = "console"
END
cat > "$etc/rules.toml" <<'END'
[protection]
mode = "act"
first_act_after = "0s"
[[rule]]
name     = "no stop"
metric   = "stop_coverage"
critical = { at = "below 95%", hold = "1s" }
stop     = { when = "critical", place = { entry_to_liquidation = "60%" } }
END
chmod 0644 "$etc"/*.toml
mkdir -p "/etc/systemd/system/$unit.service.d"
printf '[Unit]\nOnFailure=gone.service\n[Service]\nWatchdogSec=9\n' > "/etc/systemd/system/$unit.service.d/short.conf"
printf '[Service]\nType=oneshot\nExecStart=/bin/sh -c "date >> /root/gone"\n' > /etc/systemd/system/gone.service
rm -f /root/gone
systemctl daemon-reload

say "start: READY after the imports, two stops placed"
began=$(date +%s%N)
systemctl start "$unit"
echo "systemctl start came back after $((($(date +%s%N) - began) / 1000000)) ms: $(show ActiveState), $(show StatusText)"
until_so 60 "two stops never rested" rests_two
first=$(stops)
echo "stops that rest: $first"
user=$(ps -o user= -p "$(show MainPID)" 2> /dev/null || stat -c %U "/proc/$(show MainPID)")
echo "it runs as $user; credentials: $(ls -l "/run/credentials/$unit.service" | tail -n +2 | tr -s ' ' | cut -d' ' -f1,9 | tr '\n' ';')"
ls -ld /var/lib/private/position-watchdog /run/private/position-watchdog 2> /dev/null || ls -ld /var/lib/position-watchdog /run/position-watchdog
"$watchdog" status --config "$etc/watchdog.toml" | head -12

say "systemd's watchdog is fed"
before=$(show WatchdogTimestampMonotonic)
sleep 8
after=$(show WatchdogTimestampMonotonic)
echo "WatchdogTimestampMonotonic $before -> $after (every $(show WatchdogUSec) at least)"
[ "$after" -gt "$before" ] || fail "it was not fed"

say "kill -9: it comes back, nothing is placed twice"
pid=$(show MainPID)
kill -9 "$pid"
until_so 60 "it did not come back" another_pid "$pid"
sleep 6
echo "main process $pid -> $(show MainPID), NRestarts=$(show NRestarts), stops that rest: $(stops), ever placed: $(placed)"
[ "$(stops)" = "$first" ] && [ "$(placed)" = 2 ] || fail "other stops rest"

say "hung (SIGSTOP): the watchdog ends it, and it comes back"
pid=$(show MainPID)
kill -STOP "$pid"
until_so 120 "a hung process was left" another_pid "$pid"
echo "main process $pid -> $(show MainPID), NRestarts=$(show NRestarts)"
journalctl -u "$unit" --no-pager -o cat | grep -i "watchdog timeout" | tail -1
until_so 30 "two stops never rested" rests_two
[ "$(stops)" = "$first" ] && [ "$(placed)" = 2 ] || fail "other stops rest"

say "reload"
sed -i 's/mode = "act"/mode = "watch"/' "$etc/rules.toml"
systemctl reload "$unit"
until_so 20 "new rules were not told" told "NO STOP IS SENT ANY MORE"
journalctl -u "$unit" --no-pager -o cat | grep -A4 "rules.toml is in force" | tail -6
echo "$(show ActiveState), $(show StatusText); stops that rest: $(stops)"
sed -i 's/mode = "watch"/mode = "act"/' "$etc/rules.toml"
until_so 20 "the save was not taken" told "ARE SENT"

say "a broken file: refused while it runs, exit 78 at a start, and no restart"
sed -i 's/"stop_coverage"/"stop_cover"/' "$etc/rules.toml"
systemctl reload "$unit"
until_so 20 "the mistake was not told" told "was not taken"
echo "$(show ActiveState), $(show StatusText)"
systemctl restart "$unit" || echo "systemctl restart: $?"
until_so 30 "it did not fail" is failed
sleep 8
echo "$(show ActiveState), result $(show Result), exit $(show ExecMainStatus), NRestarts=$(show NRestarts); OnFailure ran: $(wc -l < /root/gone 2> /dev/null || echo 0) times"
is failed || fail "it was started again"
[ "$(show ExecMainStatus)" = 78 ] || fail "another exit code"
journalctl -u "$unit" --no-pager -o cat | grep "stop_cover\"" | tail -1
echo "stops that rest meanwhile: $(stops)"

say "mended: it starts again"
sed -i 's/"stop_cover"/"stop_coverage"/' "$etc/rules.toml"
systemctl start "$unit"
echo "$(show ActiveState), $(show StatusText)"
sleep 6
"$watchdog" status --config "$etc/watchdog.toml" | head -1

say "stop: the stops stay"
began=$(date +%s%N)
systemctl stop "$unit"
echo "systemctl stop came back after $((($(date +%s%N) - began) / 1000000)) ms: $(show ActiveState), result $(show Result)"
echo "stops that rest: $(stops), ever placed: $(placed)"
[ "$(stops)" = "$first" ] && [ "$(placed)" = 2 ] || fail "other stops rest"
journalctl -u "$unit" --no-pager -o cat | grep "stopped; stops" | tail -1

say "what systemd says of it"
systemd-analyze security "$unit" --no-pager | tail -1
if journalctl --no-pager -o cat | grep -qF "$(cat "$etc/main.secret")"; then fail "the journal holds the secret"; fi
echo "no key or secret in the journal"
echo
echo "ALL SEEN"
