"""Broken settings files, each with every problem it must be told: line, column and sentence."""

from __future__ import annotations

from watchdog.venues.known import VENUES

ACCOUNT = '[account.main]\nvenue = "binanceusdm"\napi_key_file = "main.key"\nsecret_file = "main.secret"\n'
CONSOLE = '[channel.console]\ntype = "console"\n'
GOOD = ACCOUNT + CONSOLE
"""A settings file of six lines; what is broken follows in line 7."""

WORKS = f"what works: {', '.join(VENUES)}"
PHONE = '[channel.phone]\ntype = "telegram"\ntoken_file = "phone.token"\nchats = [123456789]\n'
HOUSE = '[channel.house]\ntype = "mqtt"\nhost = "broker.lan"\n'


def _phone(more: str, problem: str) -> tuple[str, list[str]]:
    """A Telegram channel of which one line is wrong."""
    key = more.split(" ", maxsplit=1)[0]
    kept = "".join(line for line in PHONE.splitlines(keepends=True) if not line.startswith(f"{key} "))
    line = 5 + kept.count("\n")
    return ACCOUNT + kept + more + "\n", [f"{line}:{len(key) + 4}: {problem}"]


def _house(more: str, problem: str) -> tuple[str, list[str]]:
    """An MQTT channel of which one line is wrong."""
    key = more.split(" ", maxsplit=1)[0]
    kept = "".join(line for line in HOUSE.splitlines(keepends=True) if not line.startswith(f"{key} "))
    line = 5 + kept.count("\n")
    return ACCOUNT + kept + more + "\n", [f"{line}:{len(key) + 4}: {problem}"]


_A_HOST = 'host is a name or an address only, such as "broker.lan": port, user and tls are own keys'
_IN_CLEAR = "would cross the network for all to read"

CHANNELS: list[tuple[str, list[str]]] = [
    # Telegram
    _phone('token_file = "no.token"', 'the file "no.token" does not exist'),
    _phone('token_file = "main.key"', "holds no bot's token: BotFather gives one such as 123456789:AbC-dEf…"),
    _phone(
        'token_file = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"',
        "this looks like the key itself: put it in a file (chmod 600) and write the file's name",
    ),
    (ACCOUNT + '[channel.phone]\ntype = "telegram"\n', ['5:1: "chats" is missing', '5:1: "token_file" is missing']),
    _phone("chats = []", "chats is empty: nobody would hear"),
    _phone("chats = 1", "chats must be a list of numbers such as [123456789]; a group's begins with -"),
    _phone('chats = ["@ann"]', 'chats holds numbers such as 123456789, not "@ann"'),
    _phone("chats = [true]", "chats holds numbers such as 123456789, not true"),
    _phone("chats = [0]", "chats: 0 is no id of Telegram's"),
    _phone("chats = [4503599627370496]", "chats: 4503599627370496 is no id of Telegram's"),
    _phone("chats = [1, -1, 1]", "chats names 1 twice"),
    _phone("users = [-5]", "users: -5 is no id of Telegram's"),
    _phone('users = "ann"', "users must be a list of numbers such as [123456789]"),
    _phone('base_url = "api.telegram.org"', 'base_url must be an address such as "http://127.0.0.1:8081"'),
    _phone(
        'base_url = "http://bot.lan"',
        f"the token {_IN_CLEAR}: use https, or write insecure = true if nobody else is on that network",
    ),
    (ACCOUNT + PHONE + 'token = "hunter2"\n', ['9:1: unknown key "token", did you mean "token_file"?']),
    (ACCOUNT + PHONE + 'host = "x"\n', ['9:1: unknown key "host": it is one of a channel of type "mqtt"']),
    (
        ACCOUNT + PHONE + PHONE.replace("phone]", "other]"),
        [
            (
                '11:14: the same bot as channel "phone": they would take each other\'s messages; '
                "name all chats in one channel"
            )
        ],
    ),
    # MQTT
    _house("host = 1", 'host must be a name or an address in quotes, such as "127.0.0.1"'),
    _house('host = ""', 'host must be a name or an address in quotes, such as "127.0.0.1"'),
    _house('host = "mqtt://broker.lan"', _A_HOST),
    _house('host = "ann:hunter2@broker.lan"', _A_HOST),
    _house('host = "broker.lan:1883"', "host is a name or an address only: write the port as port = 1883"),
    _house('host = "a broker"', 'host: "a broker" is no name of a machine'),
    *(_house(f"port = {port}", "port must be a whole number within 1 and 65535") for port in ("0", "65536", '"x"')),
    _house("topic = 1", 'topic must be text in quotes, such as "watchdog"'),
    *(
        _house(f'topic = "{topic}"', 'topic must be words parted by single slashes, such as "home/watchdog"')
        for topic in ("", "/", "/a", "a//b")
    ),
    *(
        _house(f'topic = "{topic}"', "topic can't hold + or #, nor begin with $: they mean something else in MQTT")
        for topic in ("a/+", "#", "$SYS")
    ),
    _house(f'topic = "{"x" * 201}"', "topic is longer than 200 bytes"),
    _house('client_id = "a b"', "client_id must be 1 to 128 of a-z, A-Z, 0-9, - _ . and :, in quotes"),
    _house("username = 1", "username must be text in quotes, not empty"),
    _house('version = "4"', 'unknown version of MQTT "4": "5" or "3.1.1", in quotes'),
    _house("version = 3.1", 'unknown version of MQTT 3.1: "5" or "3.1.1", in quotes'),
    _house("keepalive = 15", 'a time needs its unit: write "15s" or "15m"'),
    _house('keepalive = "3s"', 'keepalive must lie within 4s and 2m, not "3s"'),
    _house('keepalive = "3m"', 'keepalive must lie within 4s and 2m, not "3m"'),
    _house('tls = "perhaps"', '"tls" must be true or false'),
    (ACCOUNT + HOUSE + 'password = "hunter2"\n', ['8:1: unknown key "password", did you mean "password_file"?']),
    (ACCOUNT + HOUSE + "chats = [1]\n", ['8:1: unknown key "chats": it is one of a channel of type "telegram"']),
    (
        ACCOUNT + HOUSE + 'username = "u"\npassword_file = "main.secret"\n',
        [(f"9:17: the password {_IN_CLEAR}: write tls = true, or insecure = true if nobody else is on that network")],
    ),
    (
        ACCOUNT + HOUSE + 'tls = true\npassword_file = "main.secret"\n',
        ["9:17: a password goes with a name: username is missing"],
    ),
    (
        ACCOUNT + HOUSE + 'ca_file = "main.key"\n',
        [
            "8:11: is of use with tls only: write tls = true",
            '8:11: the file "main.key" holds no certificate (PEM is wanted)',
        ],
    ),
    (
        ACCOUNT + HOUSE + 'tls = true\nca_file = "none.pem"\n',
        ['9:11: the file "none.pem" cannot be read: No such file or directory'],
    ),
    (
        ACCOUNT + HOUSE + 'client_id = "x"\n' + HOUSE.replace("house]", "other]") + 'client_id = "x"\n',
        ['12:13: the same as of channel "house" at the same broker: each would throw the other out'],
    ),
    # several at once, and the files they name
    (
        ACCOUNT + PHONE.replace("[123456789]", "[]").replace("phone.token", "no.token") + HOUSE + 'port = "x"\n',
        [
            '7:14: the file "no.token" does not exist',
            "8:9: chats is empty: nobody would hear",
            "12:8: port must be a whole number within 1 and 65535",
        ],
    ),
]

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
        ACCOUNT.replace('"binanceusdm"', '"phemex"') + CONSOLE,
        [
            (
                "2:9: unknown venue \"phemex\": ccxt's unified margin figures are not a venue's own, so each is read "
                f"by rules built for it; {WORKS}"
            )
        ],
    ),
    (
        ACCOUNT.replace('"binanceusdm"', '"bitmex"') + CONSOLE,
        [f'2:9: unknown venue "bitmex": BitMEX closed on 2026-09-23; {WORKS}'],
    ),
    (ACCOUNT.replace('"binanceusdm"', "7") + CONSOLE, [f"2:9: unknown venue 7; {WORKS}"]),
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
    (ACCOUNT + 'mode = "wtch"\n' + CONSOLE, ['5:8: unknown mode "wtch", did you mean "watch"?']),
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
    (GOOD.replace('"console"', '"consol"'), ['6:8: unknown channel type "consol", did you mean "console"?']),
    (ACCOUNT + "[channel.x]\n", ['5:1: "type" is missing']),
    (GOOD + 'min_level = "wran"\n', ['7:13: unknown level "wran", did you mean "warn"?']),
    (GOOD + 'format = "xml"\n', ['7:10: unknown format "xml": "text" or "json"']),
    (GOOD + 'formt = "x"\n', ['7:1: unknown key "formt", did you mean "format"?']),
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
        GOOD.replace("main.key", "a.key").replace('"binanceusdm"', '"BitMEX"') + "x = 1\n",
        [
            f'2:9: unknown venue "BitMEX": BitMEX closed on 2026-09-23; {WORKS}',
            '3:16: the file "a.key" does not exist',
            '7:1: unknown key "x"',
        ],
    ),
    *CHANNELS,
]
