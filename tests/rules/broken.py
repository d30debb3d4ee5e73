"""Broken rules files, each with every problem it must be told: line, column and sentence."""

from __future__ import annotations

from watchdog.tomlfile import suggest
from watchdog.venues.known import VENUES

HEAD = '[[rule]]\nname = "r"\nmetric = "room_used"\nwarn = "50%"\n'
"""A good rule of four lines; what is broken follows in line 5."""
COVER = '[[rule]]\nname = "r"\nmetric = "stop_coverage"\ncritical = "below 95%"\n'


def _metric(metric: str, level: str) -> str:
    return f'[[rule]]\nname = "r"\nmetric = "{metric}"\nwarn = {level}\n'


def stop(rest: str, when: str = '"critical"', place: str = '{ entry_to_liquidation = "60%" }') -> str:
    """A rule with a stop in line 5; `rest` is what follows its place."""
    return f"{COVER}stop = {{ when = {when}, place = {place}{rest} }}\n"


BROKEN: list[tuple[str, list[str]]] = [
    # the file
    ("", ["1:1: the file is empty"]),
    ("# only a comment\n", ["1:1: there is no [[rule]] in this file: nothing would be watched"]),
    ("rule = []\n", ["1:8: there is no [[rule]] in this file: nothing would be watched"]),
    ('[rule]\nname = "r"\n', ["1:1: write [[rule]], with two brackets"]),
    (HEAD + '[rule]\nname = "b"\n', ["5:1: write [[rule]], with two brackets, as in line 1"]),
    ('[rule]\nname = "b"\n' + HEAD, ["1:1: write [[rule]], with two brackets, as in line 3"]),
    ('mode = "act"\n' + HEAD, ["1:1: mode belongs under [protection], in the lines below it"]),
    ('first_act_after = "5m"\n' + HEAD, ["1:1: first_act_after belongs under [protection], in the lines below it"]),
    ('warn = "5%"\n' + HEAD, ['1:1: "warn" belongs to a rule: write [[rule]] in a line above it']),
    # what editors and phones make of a text
    (
        "[[rule]]\nname = “r”\nmetric = 'room_used'\nwarn = “50%”\nnotify = ['phone', “house”]\n",
        [
            '2:8: write straight quotes: "r"',
            '4:8: write straight quotes: "50%"',
            '5:20: write straight quotes: "house"',
        ],
    ),
    (
        HEAD + 'notify = "phone”\n',
        ['5:10: this text is not closed: " is missing (a curly quote closes nothing: write ")'],
    ),
    (HEAD + "where = {\n  side = 'long'\n}\n", ["5:10: { … } stays on one line, without a comma before the closing }"]),
    (
        HEAD + "where = { side = 'long', }\ncritical = 80%\n",
        [
            "5:26: { … } stays on one line, without a comma before the closing }",
            '6:14: write it in quotes: "80%"',
        ],
    ),
    ("rule = 3\n", ['1:8: "rule" must be written as [[rule]]']),
    (HEAD + "[[rules]]\n", ['5:3: unknown key "rules" in a rules file, did you mean "rule"?']),
    (HEAD + "[[channel]]\n", ["5:3: channels belong in watchdog.toml"]),
    (HEAD + "[account.main]\n", ["5:2: accounts belong in watchdog.toml"]),
    (HEAD + "[[protection]]\n", ["5:1: write [protection], in single brackets"]),
    (HEAD + "[blind\n", ['5:7: the header is not closed with "]"']),
    # protection, blind, limits
    ('protection.mode = "atc"\n' + HEAD, ['1:19: unknown mode "atc": "watch", "ask" or "act"']),
    ('protection.mode = "buy"\n' + HEAD, ['1:19: unknown mode "buy": "watch", "ask" or "act"']),
    ("protection.mode = 2\n" + HEAD, ['1:19: unknown mode 2: "watch", "ask" or "act"']),
    ("protection = 5\n" + HEAD, ['1:14: "protection" must be a table']),
    ('protection.accounts = "ask"\n' + HEAD, ['1:23: "accounts" must be a table']),
    ('protection.mod = "act"\n' + HEAD, ['1:12: unknown key "mod" in [protection], did you mean "mode"?']),
    (
        'protection.accounts = { mian = "act", "alt" = "aks" }\n' + HEAD,
        [
            '1:25: account "mian" is not in watchdog.toml, did you mean "main"?',
            '1:47: unknown mode "aks": "watch", "ask" or "act"',
        ],
    ),
    ("protection.first_act_after = 600\n" + HEAD, ['1:30: a time needs its unit: write "600s" or "600m"']),
    ('protection.first_act_after = "9d"\n' + HEAD, ['1:30: "9d" is no time: write it as "10s", "5m" or "1h30m"']),
    ('blind = { warn = "1m", critical = "45s" }\n' + HEAD, ["1:35: critical must be longer than warn"]),
    ('blind.warn = "0s"\n' + HEAD, ['1:14: "0s": must be longer than nothing']),
    ('blind.warn = "200h"\n' + HEAD, ['1:14: "200h" is too long: at most 168h']),
    ("limits.replacements_per_hour = 0\n" + HEAD, ["1:32: 0 is not within 1 and 3600"]),
    ('limits.replacements_per_hour = "20"\n' + HEAD, ['1:32: a whole number is wanted, not "20"']),
    # a rule's name, metric and keys
    ('[[rule]]\nmetric = "room_used"\nwarn = "50%"\n', ['1:1: this rule has no name: name = "…"']),
    ('[[rule]]\nname = " "\nmetric = "room_used"\nwarn = "50%"\n', ["2:8: a name is one line of 1 to 40 characters"]),
    ('[[rule]]\nname = 7\nmetric = "room_used"\nwarn = "50%"\n', ["2:8: text in quotes is wanted, not 7"]),
    (HEAD + HEAD.replace('"r"', '"R"'), ['6:8: the name "R" is taken by the rule in line 1']),
    (
        '[[rule]]\nname = "r"\nwarn = "50%"\n',
        [
            (
                "1:1: this rule has no metric: one of margin_ratio, liquidation_distance, room_used, shock_distance, "
                "effective_leverage, stop_coverage, notional"
            )
        ],
    ),
    (_metric("margin_ratoi", '"50%"'), ['3:10: unknown metric "margin_ratoi", did you mean "margin_ratio"?']),
    (_metric("equity_drop", '"5%"'), ['3:10: not yet: metric "equity_drop" is planned and not built']),
    (
        '[[rule]]\nname = "r"\nmetric = "room_used"\n',
        ['1:1: rule "r" has no level: give it warn, critical or emergency'],
    ),
    (HEAD + 'wran = "60%"\n', ['5:1: unknown key "wran" in rule "r", did you mean "warn"?']),
    *((HEAD + f"{key} = 1\n", [f'5:1: not yet: "{key}" is planned and not built']) for key in ("window", "within")),
    (HEAD + 'mode = "aks"\n', ['5:8: unknown mode "aks": "watch", "ask" or "act"']),
    (HEAD + "mode = true\n", ['5:8: unknown mode true: "watch", "ask" or "act"']),
    (HEAD + "repeat = 30\n", ['5:10: a time needs its unit: write "30s" or "30m"']),
    (HEAD + 'repeat = "30"\n', ['5:10: "30" has no unit: write "30s" or "30m"']),
    (HEAD + 'repeat = "-30m"\n', ['5:10: "-30m": a time can\'t be negative']),
    (HEAD + "repeat = [1]\n", ['5:10: a time such as "10s", "5m" or "1h30m" is wanted, not a list']),
    # levels
    (_metric("room_used", "15"), ['4:8: a bare number may mean two things: write "15%"']),
    (_metric("room_used", "0.15"), ['4:8: a bare number may mean two things: write "15%" (or "0.15%")']),
    (_metric("room_used", '"15"'), ['4:8: "15" has no unit: write "15%"']),
    (_metric("room_used", '"5x"'), ['4:8: room_used wants a percentage such as "15%", not "5x"']),
    (_metric("room_used", "true"), ['4:8: room_used wants a percentage such as "15%", not true']),
    (_metric("room_used", '"-5%"'), ['4:8: "-5%": room_used can\'t be negative']),
    (_metric("room_used", '"101%"'), ['4:8: "101%": room_used is 100% at liquidation, more would come too late']),
    (
        _metric("margin_ratio", '"1000%"'),
        ['4:8: "1000%": margin_ratio is 100% at liquidation, more would come too late'],
    ),
    (_metric("stop_coverage", '"120%"'), ['4:8: "120%": stop_coverage is never above 100%']),
    (_metric("liquidation_distance", '"100%"'), ['4:8: "100%": a liquidation_distance must be less than 100%']),
    (_metric("liquidation_distance", '"0%"'), ['4:8: liquidation_distance at "0%" would never fire']),
    (_metric("room_used", '"0%"'), ['4:8: room_used at "0%" would always fire']),
    (
        _metric("shock_distance", '"above 5%"'),
        ['4:8: shock_distance fires below a level: "above 5%" must be "below 5%" or "5%"'],
    ),
    (
        _metric("room_used", '"below 5%"'),
        ['4:8: room_used fires at or above a level: "below 5%" must be "above 5%" or "5%"'],
    ),
    (_metric("room_used", '"over 5%"'), ['4:8: write "above" for "over"']),
    (_metric("effective_leverage", '"5%"'), ['4:8: effective_leverage wants a multiple such as "5x", not "5%"']),
    (_metric("effective_leverage", "-5"), ["4:8: -5: effective_leverage can't be negative"]),
    (_metric("effective_leverage", "inf"), ["4:8: Infinity is not a usable number"]),
    (
        _metric("notional", '"1,000 USDT"'),
        ['4:8: "1,000 USDT": write numbers without commas, with "." before decimals'],
    ),
    (_metric("notional", '"1000 BTC"'), ['4:8: notional wants an amount such as "1000 USDT", not "1000 BTC"']),
    (_metric("notional", "1e300"), ["4:8: 1E+300 is not a usable number"]),
    (HEAD + 'critical = "50%"\n', ["5:12: critical (50% or more) must be further into danger than warn (50% or more)"]),
    (
        _metric("shock_distance", '"5%"') + 'emergency = "6%"\n',
        ["5:13: emergency (below 6%) must be further into danger than warn (below 5%)"],
    ),
    (HEAD + 'critical = { hold = "1m" }\n', ['5:12: critical has no level: at = "…"']),
    (HEAD + "critical = []\n", ['5:12: room_used wants a percentage such as "15%", not a list']),
    (
        HEAD + 'critical = { at = "70%", hodl = "1m" }\n',
        ['5:26: unknown key "hodl" in a level (critical), did you mean "hold"?'],
    ),
    (
        HEAD + 'critical = { at = "70%", keep = "soon" }\n',
        ['5:33: "soon" is no time: write it as "10s", "5m" or "1h30m"'],
    ),
    (HEAD + 'critical = { at = "70%", confirm = 0 }\n', ["5:36: 0 is not within 1 and 10"]),
    (
        HEAD + 'critical = { at = "70%", clear = "70%" }\n',
        ['5:34: clear must lie on the safe side, below 70%: "70%" does not'],
    ),
    (
        _metric("shock_distance", '{ at = "5%", clear = "4%" }'),
        ['4:29: clear must lie on the safe side, at or above 5%: "4%" does not'],
    ),
    (
        _metric("shock_distance", '{ at = "5%", clear = "100%" }'),
        ['4:29: "100%": a shock_distance must be less than 100%'],
    ),
    # where and except
    (HEAD + 'where = { symbl = "BTC*" }\n', ['5:11: unknown key "symbl" in where, did you mean "symbol"?']),
    (HEAD + "where = { symbol = [] }\n", ["5:20: an empty list selects nothing: leave symbol out to select all"]),
    (HEAD + 'where = { symbol = ["A", 3] }\n', ["5:26: symbol wants text in quotes, or a list of it, not 3"]),
    (HEAD + 'where = { side = "lnog" }\n', ['5:18: unknown side "lnog", did you mean "long"?']),
    (HEAD + 'where = { margin_mode = "cros" }\n', ['5:25: unknown margin mode "cros", did you mean "cross"?']),
    (HEAD + 'where = { venue = "binance" }\n', ['5:19: unknown venue "binance", did you mean "binanceusdm"?']),
    (HEAD + 'where = { venue = "phemex" }\n', [f'5:19: unknown venue "phemex"{suggest("phemex", VENUES)}']),
    (HEAD + 'where = { account = "man" }\n', ['5:21: account "man" is not in watchdog.toml, did you mean "main"?']),
    (HEAD + 'where = { account = ["m*", "x*"] }\n', ['5:28: account "x*" is not in watchdog.toml']),
    (HEAD + 'where = { min_notional = "10%" }\n', ['5:26: this wants an amount such as "1000 USDT", not "10%"']),
    (HEAD + "except = { min_notional = 0 }\n", ["5:27: a min_notional of 0 selects all: leave it out"]),
    (HEAD + 'where = "BTC"\n', ['5:9: "where" must be a table']),
    (HEAD + "except = {}\n", ["5:10: an empty except leaves everything out: say what"]),
    # only_if
    (HEAD + "only_if = {}\n", ['5:11: only_if wants any = { … } or all = { … }, such as any = { room_used = "30%" }']),
    (HEAD + "only_if.any = {}\n", ["5:15: any holds no comparison: metric = level"]),
    (HEAD + 'only_if.all = { room_sued = "5%" }\n', ['5:17: unknown metric "room_sued", did you mean "room_used"?']),
    (HEAD + "only_if.all = { notional = true }\n", ['5:28: notional wants an amount such as "1000 USDT", not true']),
    (
        HEAD + 'only_if.all = { shock_distance = "5%" }\n',
        [
            (
                "5:17: room_used is measured on positions here, shock_distance on pools, "
                'an isolated position is in none: add where = { margin_mode = "cross" }'
            )
        ],
    ),
    (
        HEAD.replace("room_used", "shock_distance") + 'only_if.all = { notional = "5" }\n',
        ["5:17: shock_distance is measured on pools here, notional on positions: it would never be known"],
    ),
    # stop
    (stop("", when='"warn"'), ['5:17: this rule has no level "warn": the stop would never be wanted']),
    (stop("", when='"critcal"'), ['5:17: unknown level "critcal", did you mean "critical"?']),
    (
        COVER + 'stop = { place = { entry_to_liquidation = "60%" } }\n',
        ['5:8: stop has no when: the level from which it is wanted, such as when = "critical"'],
    ),
    (
        COVER + 'stop = { when = "critical" }\n',
        ['5:8: stop has no place, such as place = { entry_to_liquidation = "60%" }'],
    ),
    (stop("", place="{}"), ['5:37: place is empty: entry_to_liquidation = "60%"']),
    (stop("", place='"60%"'), ['5:37: "place" must be a table']),
    (
        stop("", place='{ entry_to_liquidation = "100%" }'),
        ["5:62: a place lies between entry (0%) and liquidation (100%), 100% does not"],
    ),
    (
        stop("", place="{ entry_to_liquidation = 0.6 }"),
        ['5:62: a bare number may mean two things: write "60%" (or "0.6%")'],
    ),
    (stop(', if_past = "close"'), ['5:81: unknown if_past "close": "ask" or "alert"']),
    (stop(', may_loosen = "no"'), ['5:84: true or false is wanted, without quotes, not "no"']),
    (stop(', clearance = { mark = "0.01%" }'), ['5:92: clearance must lie within 0.1% and 20%, not "0.01%"']),
    (stop(", clearence = {}"), ['5:71: unknown key "clearence" in stop, did you mean "clearance"?']),
    (
        HEAD.replace("room_used", "margin_ratio")
        + 'stop = { when = "warn", place = { entry_to_liquidation = "60%" } }\n',
        [
            (
                "5:1: a stop closes a position, and margin_ratio is measured on pools: "
                'add where = { margin_mode = "isolated" }'
            )
        ],
    ),
    # several at once, in the order of the file
    (
        (
            '[[rule]]\nname = "a"\nmetric = "rom_used"\nwarn = 5\nmode = "aks"\n\n[[rule]]\nname = "b"\n'
            'metric = "shock_distance"\n"warn" = { "at" = "above 5%", clear = 3 }\n'
        ),
        [
            '3:10: unknown metric "rom_used", did you mean "room_used"?',
            '5:8: unknown mode "aks": "watch", "ask" or "act"',
            '10:19: shock_distance fires below a level: "above 5%" must be "below 5%" or "5%"',
            '10:39: a bare number may mean two things: write "3%"',
        ],
    ),
]
