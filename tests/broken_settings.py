"""Broken settings files, each with every problem it must be told: line, column and sentence."""

from __future__ import annotations

ACCOUNT = '[account.main]\nvenue = "binanceusdm"\napi_key_file = "main.key"\nsecret_file = "main.secret"\n'
CONSOLE = '[channel.console]\ntype = "console"\n'
GOOD = ACCOUNT + CONSOLE
"""A settings file of six lines; what is broken follows in line 7."""

BROKEN: list[tuple[str, list[str]]] = [
    ("", ["1:1: the file is empty"]),
    (CONSOLE, ["1:1: no account: at least one [account.NAME] is wanted"]),
    (ACCOUNT, ['1:1: no channel: nobody would hear; [channel.console] with type = "console" is one']),
    (GOOD + "[[store]]\n", ['7:1: "store" must be a table']),
    ("accounts = 1\n" + GOOD, ['1:1: unknown key "accounts", did you mean "account"?']),
    ("[[account]]\n" + CONSOLE, ["1:1: write [account.NAME], in single brackets"]),
    ('[account]\nvenue = "x"\n' + CONSOLE, ['2:9: write [account.NAME]: "venue" must be a table']),
    (
        GOOD.replace("main]", '"Main Account"]'),
        ['1:10: "Main Account" is no name: 1 to 32 of a-z, 0-9, - and _ are wanted'],
    ),
    (
        ACCOUNT.replace('"binanceusdm"', '"binanceusd"') + CONSOLE,
        ['2:9: unknown venue "binanceusd", did you mean "binanceusdm"?'],
    ),
    (
        ACCOUNT.replace('"binanceusdm"', '"bybit"') + CONSOLE,
        ['2:9: not yet: venue "bybit" is planned and not built; what works now: binanceusdm'],
    ),
    (ACCOUNT.replace('"binanceusdm"', "7") + CONSOLE, ["2:9: unknown venue 7; what works now: binanceusdm"]),
    (
        ACCOUNT.replace("secret_file", "secret_fil") + CONSOLE,
        ['1:1: "secret_file" is missing', '4:1: unknown key "secret_fil", did you mean "secret_file"?'],
    ),
    (ACCOUNT.replace('"main.key"', "5") + CONSOLE, ["3:16: a path is wanted: text in quotes, on one line, not empty"]),
    (ACCOUNT.replace("main.key", "no.key") + CONSOLE, ['3:16: the file "no.key" does not exist']),
    (ACCOUNT.replace("main.key", ".") + CONSOLE, ['3:16: the file "{home}" is no plain file']),
    (
        ACCOUNT.replace("main.key", "main.secret") + CONSOLE,
        ["4:15: holds the same as api_key_file: one is the wrong file"],
    ),
    (
        ACCOUNT.replace("main.key", "é" * 300) + CONSOLE,
        ['3:16: the file "' + "é" * 300 + '" cannot be read: File name too long'],
    ),
    (ACCOUNT + 'mode = "ask"\n' + CONSOLE, ['5:8: not yet: mode "ask" is planned and not built, use "watch" or "act"']),
    (ACCOUNT + "poll = 10\n" + CONSOLE, ['5:8: a time needs its unit: write "10s" or "10m"']),
    (ACCOUNT + 'poll = "2m"\n' + CONSOLE, ['5:8: poll must lie within 1s and 10s, not "2m"']),
    (ACCOUNT + 'allow_withdraw_key = "perhaps"\n' + CONSOLE, ['5:22: "allow_withdraw_key" must be true or false']),
    *(
        (
            ACCOUNT + f"base_url = {url}\n" + CONSOLE,
            ['5:12: base_url must be an address such as "http://127.0.0.1:8081"'],
        )
        for url in ('"ftp://x"', '"localhost:8081"', '"http://"', '"http://x:99999"', '"http://[x"', '"http://a b"')
    ),
    (
        ACCOUNT + 'base_url = "https://u:hunter2@x"\n' + CONSOLE,
        ["5:12: base_url holds scheme, host and port only: no user, password, ? or #"],
    ),
    (ACCOUNT + "base_url = 1\n" + CONSOLE, ["5:12: base_url must be text in quotes"]),
    (
        GOOD.replace('"console"', '"telegram"') + 'token_file = "t"\nchats = [1]\n',
        ['6:8: not yet: channel type "telegram" is planned and not built, use "console"'],
    ),
    (
        GOOD.replace('"console"', '"mqtt"') + 'host = "h"\n',
        ['6:8: not yet: channel type "mqtt" is planned and not built, use "console"'],
    ),
    (GOOD.replace('"console"', '"consol"'), ['6:8: unknown channel type "consol", did you mean "console"?']),
    (ACCOUNT + "[channel.x]\n", ['5:1: "type" is missing']),
    (GOOD + 'min_level = "wran"\n', ['7:13: unknown level "wran", did you mean "warn"?']),
    (GOOD + 'format = "xml"\n', ['7:10: unknown format "xml": "text" or "json"']),
    (GOOD + 'chat = "x"\n', ['7:1: unknown key "chat"']),
    (
        GOOD + '[store]\nurl = "postgresql://u:hunter2@x/y"\n',
        ['8:7: not yet: only SQLite files are built, such as "sqlite:///watchdog.db"'],
    ),
    *(
        (
            GOOD + f'[store]\nurl = "{url}"\n',
            ['8:7: a SQLite file is wanted, such as "sqlite:///watchdog.db" (all must outlive a restart)'],
        )
        for url in ("sqlite://", "sqlite:///:memory:", "sqlite:///", "sqlite:///x.db?mode=ro")
    ),
    ('rules = "none.toml"\n' + GOOD, ['1:9: the rules file "none.toml" does not exist']),
    (
        'socket = "' + "s" * 120 + '"\n' + GOOD,
        ["1:10: the socket's path is longer than 107 bytes: set socket to a shorter one"],
    ),
    (GOOD + ACCOUNT.replace("main]", "b]"), ['9:16: the same key as account "main": both would place stops for it']),
    # several at once
    (
        GOOD.replace("main.key", "a.key").replace('"binanceusdm"', '"okx"') + "x = 1\n",
        [
            '2:9: not yet: venue "okx" is planned and not built; what works now: binanceusdm',
            '3:16: the file "a.key" does not exist',
            '7:1: unknown key "x"',
        ],
    ),
]
