"""Broken rules files: what is told to whom, when, where stops go, and the acts that are not built yet."""

from __future__ import annotations

from tests.rules.broken import COVER, HEAD, stop


def _place(place: str) -> str:
    return stop("", place=place)


BROKEN_ACTS: list[tuple[str, list[str]]] = [
    (HEAD + 'notify = "phnoe"\n', ['5:10: channel "phnoe" is not in watchdog.toml, did you mean "phone"?']),
    (HEAD + 'notify = ["phone", "fax"]\n', ['5:20: channel "fax" is not in watchdog.toml']),
    (HEAD + 'notify = ["phone", "phone"]\n', ['5:20: channel "phone" stands twice in this list']),
    (
        HEAD + "notify = []\n",
        [("5:10: an empty list tells nobody: leave notify out, and each channel hears by its own minimum level")],
    ),
    (HEAD + "notify = [3]\n", ["5:11: notify wants the name of a channel, or a list of them, not 3"]),
    (HEAD + 'notify = ""\n', ['5:10: notify wants the name of a channel, or a list of them, not ""']),
    (
        HEAD + "notify = { phone = true }\n",
        ["5:10: notify wants the name of a channel, or a list of them, not a table"],
    ),
    (HEAD + 'notifi = "phone"\n', ['5:1: unknown key "notifi" in rule "r", did you mean "notify"?']),
    (
        HEAD + 'critical = { at = "70%", notify = ["hosue"] }\n',
        ['5:36: channel "hosue" is not in watchdog.toml, did you mean "house"?'],
    ),
    (HEAD + 'escalate = "phone"\n', ['5:12: escalate wants a list: [{ after = "5m", notify = ["NAME"] }]']),
    (
        HEAD + 'escalate = { after = "5m", notify = ["house"] }\n',
        ['5:12: escalate wants a list: [{ after = "5m", notify = ["NAME"] }]'],
    ),
    (HEAD + 'escalate = ["house"]\n', ['5:13: escalate wants a list: [{ after = "5m", notify = ["NAME"] }]']),
    (
        HEAD + "escalate = []\n",
        ['5:12: an empty list is no escalation: escalate wants a list: [{ after = "5m", notify = ["NAME"] }]'],
    ),
    (
        HEAD + 'escalate = [{ notify = ["house"] }]\n',
        ['5:13: this step has no after: how long nobody has acknowledged, such as after = "5m"'],
    ),
    (
        HEAD + 'escalate = [{ after = "5m" }]\n',
        ['5:13: this step has no notify: who hears then, such as notify = ["NAME"]'],
    ),
    (HEAD + 'escalate = [{ after = "5", notify = ["house"] }]\n', ['5:23: "5" has no unit: write "5s" or "5m"']),
    (
        HEAD + 'escalate = [{ after = "5m", notify = ["house"] }, { after = "300s", notify = ["phone"] }]\n',
        ["5:61: steps go up in time: 5m does not come after 5m"],
    ),
    (
        HEAD + '[[rule.escalate]]\nafter = "5m"\nnotify = "home"\nuntil = "8h"\n',
        ['7:10: channel "home" is not in watchdog.toml, did you mean "phone"?', '8:1: unknown key "until" in escalate'],
    ),
    (
        HEAD + 'between = "23:00-07:30"\n',
        ['5:11: "23:00-07:30" has no time zone: add one, such as "23:00-07:30 Europe/Berlin"'],
    ),
    (
        HEAD + 'between = "23:00-07:30 Europe/Berln"\n',
        ['5:11: unknown time zone "Europe/Berln", did you mean "Europe/Berlin"?'],
    ),
    (
        HEAD + 'between = "23:00-07:30 Mars"\n',
        ['5:11: unknown time zone "Mars", write one such as "Europe/Berlin" or "UTC"'],
    ),
    (
        HEAD + 'between = "23:00-24:00 UTC"\n',
        [
            (
                '5:11: "23:00-24:00 UTC" is not understood: write hours and a time zone, such as '
                '"23:00-07:30 Europe/Berlin"'
            )
        ],
    ),
    (
        HEAD + 'between = "11pm-7am Europe/Berlin"\n',
        [
            (
                '5:11: "11pm-7am Europe/Berlin" is not understood: write hours and a time zone, such as '
                '"23:00-07:30 Europe/Berlin"'
            )
        ],
    ),
    (
        HEAD + 'between = "08:00-08:00 UTC"\n',
        ['5:11: "08:00-08:00 UTC" begins and ends at once: leave between out for the whole day'],
    ),
    (
        HEAD + 'between = ["08:00-09:00 UTC"]\n',
        ['5:11: between wants hours and a time zone, such as "23:00-07:30 Europe/Berlin", not a list'],
    ),
    (
        HEAD + "between = 23:00:00\n",
        ['5:11: between wants hours and a time zone, such as "23:00-07:30 Europe/Berlin", not 23:00:00'],
    ),
    (
        _place('{ before_liquidation = "100%" }'),
        ["5:60: before_liquidation lies above 0% and below 100% of the liquidation price, 100% does not"],
    ),
    (_place("{ before_liquidation = 5 }"), ['5:60: a bare number may mean two things: write "5%"']),
    (
        _place('{ from_entry = "0%" }'),
        ["5:52: from_entry lies above 0% and below 100% of the entry price, 0% does not"],
    ),
    (_place('{ from_entry = "5x" }'), ['5:52: this wants a percentage such as "15%", not "5x"']),
    (_place('{ from_entyr = "5%" }'), ['5:39: unknown key "from_entyr" in place, did you mean "from_entry"?']),
    (_place('{ max_loss = "1.5%" }'), ['5:50: "1.5%" of what? Write "1.5% of equity"']),
    (
        _place('{ max_loss = "500" }'),
        ['5:50: "500" has no asset: write "500 USDT", or a share such as "1.5% of equity"'],
    ),
    (_place("{ max_loss = 500 }"), ['5:50: 500 has no asset: write "500 USDT", or a share such as "1.5% of equity"']),
    (_place('{ max_loss = "500 EUR" }'), ['5:50: max_loss is in the margin asset, not "EUR": "USDT" or "USDC"']),
    (
        _place('{ max_loss = "500 USD" }'),
        ['5:50: max_loss is in the margin asset, not "USD", did you mean "USDT"?'],
    ),
    (
        _place('{ max_loss = "100% of equity" }'),
        ['5:50: max_loss lies above 0% and below 100% of equity: "100% of equity" does not'],
    ),
    (
        _place('{ max_loss = "1.5% of wallet" }'),
        ['5:50: max_loss wants "1.5% of equity" or "500 USDT", not "1.5% of wallet"'],
    ),
    (_place('{ max_loss = "0 USDT" }'), ["5:50: max_loss must be more than nothing"]),
    (
        _place('{ price = "98000" }'),
        ['5:39: a price fits one symbol only: add where = { symbol = "BTCUSDT" }, without * or ?'],
    ),
    (
        COVER + 'where.symbol = ["BTCUSDT", "ETHUSDT"]\nstop = { when = "critical", place.price = 5 }\n',
        ['6:35: a price fits one symbol only: add where = { symbol = "BTCUSDT" }, without * or ?'],
    ),
    (
        COVER + 'where.symbol = "BTC*"\nstop = { when = "critical", place.price = 5 }\n',
        ['6:35: a price fits one symbol only: add where = { symbol = "BTCUSDT" }, without * or ?'],
    ),
    (
        COVER + 'where.symbol = "BTCUSDT"\nstop = { when = "critical", place.price = "98,000" }\n',
        ['6:43: a price such as "98000.5" is wanted, not "98,000": write numbers without commas'],
    ),
    (
        COVER + 'where.symbol = "BTCUSDT"\nstop = { when = "critical", place.price = -5 }\n',
        ["6:43: -5: a price lies above zero"],
    ),
    (
        COVER + 'where.symbol = 5\nstop = { when = "critical", place.price = 5 }\n',
        ["5:16: symbol wants text in quotes, or a list of it, not 5"],
    ),
    (
        _place('{ entry_to_liquidation = "60%", from_entry = "5%" }'),
        [
            (
                "5:37: exactly one place is wanted, not entry_to_liquidation and from_entry; for the "
                "nearer of them write nearest = [{ … }, { … }]"
            )
        ],
    ),
    (
        _place('{ nearest = "60%" }'),
        [
            (
                '5:49: nearest wants a list of two places or more: [{ entry_to_liquidation = "60%" }, { '
                'max_loss = "5% of equity" }]'
            )
        ],
    ),
    (
        _place('{ nearest = [{ from_entry = "5%" }] }'),
        [
            (
                '5:49: nearest wants a list of two places or more: [{ entry_to_liquidation = "60%" }, { '
                'max_loss = "5% of equity" }]'
            )
        ],
    ),
    (
        _place("{ nearest = [] }"),
        [
            (
                '5:49: nearest wants a list of two places or more: [{ entry_to_liquidation = "60%" }, { '
                'max_loss = "5% of equity" }]'
            )
        ],
    ),
    (
        _place('{ nearest = [{ from_entry = "5%" }, "60%"] }'),
        [
            (
                '5:73: nearest wants a list of two places or more: [{ entry_to_liquidation = "60%" }, { '
                'max_loss = "5% of equity" }]'
            )
        ],
    ),
    (_place('{ nearest = [{ from_entry = "5%" }, {}] }'), ['5:73: place is empty: entry_to_liquidation = "60%"']),
    (
        _place('{ nearest = [{ from_entry = "5%" }, { from_entry = "6%" }] }'),
        ["5:73: from_entry stands twice in this list"],
    ),
    (
        _place('{ nearest = [{ from_entry = "5%" }, { max_loss = "5%", price = 7 }] }'),
        [
            "5:73: exactly one place is wanted, not max_loss and price",
            '5:86: "5%" of what? Write "5% of equity"',
            '5:92: a price fits one symbol only: add where = { symbol = "BTCUSDT" }, without * or ?',
        ],
    ),
    (_place('{ nearest = [{ from_entry = "5%" }, { nearest = [] }] }'), ["5:75: nearest can't stand inside nearest"]),
    (
        _place('{ nearest = [{ from_entry = "5%" }, { form_entry = "6%" }] }'),
        ['5:75: unknown key "form_entry" in a place of nearest, did you mean "from_entry"?'],
    ),
    (
        _place('{ nearest = [{ from_entry = "5%" }, { max_loss = "6%  of equity" }], from_entry = "3%" }'),
        ["5:37: exactly one place is wanted, not from_entry and nearest"],
    ),
    (_place('[{ from_entry = "5%" }]'), ['5:37: "place" must be a table']),
    (
        stop(', trigger = "last"'),
        [
            (
                '5:81: trigger "last" is refused: venues liquidate by mark, and last can lag it or spike '
                'past it; only "mark"'
            )
        ],
    ),
    (
        stop(', trigger = "index"'),
        [
            (
                '5:81: trigger "index" is refused: venues liquidate by mark, and index can lag it or '
                'spike past it; only "mark"'
            )
        ],
    ),
    (stop(', trigger = "makr"'), ['5:81: unknown trigger "makr", did you mean "mark"?']),
    (stop(', no_answer = "stop"'), ['5:83: no_answer is "nothing" or "stop after 3m", not "stop"']),
    (stop(', no_answer = "stop after 3"'), ['5:83: "3" has no unit: write "3s" or "3m"']),
    (stop(', no_answer = "stop after 0s"'), ['5:83: "0s": must be longer than nothing']),
    (
        stop(', no_answer = "close after 3m"'),
        ['5:83: no_answer is "nothing" or "stop after 3m", not "close after 3m"'],
    ),
    (stop(", no_answer = false"), ['5:83: no_answer is "nothing" or "stop after 3m", not false']),
    (stop(', clearance = "1%"'), ['5:83: "clearance" must be a table']),
    (HEAD + 'close = { when = "warn", max_slippage = "1%" }\n', ['5:1: not yet: "close" is planned and not built']),
    (HEAD + "close = 1\n", ['5:1: not yet: "close" is planned and not built', '5:9: "close" must be a table']),
    (
        HEAD + 'close = { when = "critical", max_slipage = "1%" }\n',
        [
            '5:1: not yet: "close" is planned and not built',
            '5:18: this rule has no level "critical": the close would never be wanted',
            '5:30: unknown key "max_slipage" in close, did you mean "max_slippage"?',
        ],
    ),
    (
        HEAD + 'close = { max_slippage = "50%" }\n',
        [
            '5:1: not yet: "close" is planned and not built',
            '5:9: close has no when: the level from which it is wanted, such as when = "critical"',
            '5:26: max_slippage must lie above 0% and at most 20%, not "50%"',
        ],
    ),
    (
        HEAD + 'reduce = { when = "warn", until = { room_used = "40%" }, step = "25%", max_slippage = "1%" }\n',
        ['5:1: not yet: "reduce" is planned and not built'],
    ),
    (
        HEAD + 'reduce = { when = "warn", until = { room_used = "60%" }, step = "0%" }\n',
        [
            '5:1: not yet: "reduce" is planned and not built',
            '5:49: until must lie on the safe side, below 50%: "60%" does not',
            '5:65: step is a share of the position, above 0% and at most 100%: "0%" is not',
        ],
    ),
    (
        HEAD + 'reduce = { when = "warn", until = { rom_used = "40%" } }\n',
        [
            '5:1: not yet: "reduce" is planned and not built',
            '5:37: unknown metric "rom_used", did you mean "room_used"?',
        ],
    ),
    (
        HEAD + 'reduce = { when = "warn" }\n',
        [
            '5:1: not yet: "reduce" is planned and not built',
            '5:10: reduce has no until: the level it ends at, such as until = { shock_distance = "8%" }',
        ],
    ),
    (
        HEAD + 'reduce = { when = "warn", until = {} }\n',
        ['5:1: not yet: "reduce" is planned and not built', "5:35: until holds no comparison: metric = level"],
    ),
    (
        HEAD + 'top_up = { when = "warn", until.room_used = "40%", max_per_day = "500 USDT" }\n',
        [
            '5:1: not yet: "top_up" is planned and not built',
            '5:10: top_up is for isolated positions only: add where = { margin_mode = "isolated" }',
        ],
    ),
    (
        HEAD + 'where.margin_mode = "isolated"\ntop_up = { when = "warn", until.shock_distance = "8%" }\n',
        [
            '6:1: not yet: "top_up" is planned and not built',
            '6:10: top_up has no max_per_day: the most it may add, such as max_per_day = "500 USDT"',
            (
                "6:33: room_used is measured on positions here, shock_distance on pools, an isolated "
                'position is in none: add where = { margin_mode = "cross" }'
            ),
        ],
    ),
    (
        HEAD
        + 'where.margin_mode = "isolated"\ntop_up = { when = "warn", until.room_used = "40%", max_per_day = "0" }\n',
        ['6:1: not yet: "top_up" is planned and not built', "6:66: max_per_day must be more than nothing"],
    ),
    (HEAD + 'offer = { close = { when = "warn" } }\n', ['5:1: not yet: "offer" is planned and not built']),
    (
        HEAD + 'offer = { sell = { when = "warn" } }\n',
        ['5:1: not yet: "offer" is planned and not built', '5:11: unknown key "sell" in offer'],
    ),
    (
        HEAD + "offer = {}\n",
        ['5:1: not yet: "offer" is planned and not built', "5:9: offer holds no act: reduce, close or top_up"],
    ),
    (
        HEAD + '[rule.offer.reduce]\nwhen = "wran"\n',
        [
            '5:1: reduce has no until: the level it ends at, such as until = { shock_distance = "8%" }',
            '5:7: not yet: "offer" is planned and not built',
            '6:8: unknown level "wran", did you mean "warn"?',
        ],
    ),
    (HEAD + "[[rule.reduce]]\n", ['5:1: "reduce" must be a table', '5:8: not yet: "reduce" is planned and not built']),
]
