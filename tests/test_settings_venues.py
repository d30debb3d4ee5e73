"""An account's credentials: what each venue wants is named, what it has no use for is refused, nothing is shown."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from tests.broken_settings import CONSOLE
from tests.test_settings import KEY, SECRET, home, key_file, load, refused
from watchdog.rules.schema import Mode
from watchdog.schemas import settings_schema
from watchdog.venues import known
from watchdog.venues.known import CREDENTIALS, VENUES, Entry, kind_of

__all__ = ["home"]

ADDRESS = "0xAbCd000000000000000000000000000000001234"
PRIVATE = "0x" + "4c0883a6" * 8
OKX = '[account.main]\nvenue = "okx"\napi_key_file = "main.key"\nsecret_file = "main.secret"\n'
PHRASE = 'passphrase_file = "main.phrase"\n'
CHAIN = '[account.chain]\nvenue = "hyperliquid"\n'
WALLET = f'wallet = "{ADDRESS}"\n'


@pytest.fixture(autouse=True)
def venues(monkeypatch: pytest.MonkeyPatch) -> None:
    """One venue of each need, whichever are built."""
    monkeypatch.setitem(VENUES, "okx", Entry("OKX", ("api_key_file", "secret_file", "passphrase_file")))
    monkeypatch.setitem(VENUES, "hyperliquid", Entry("Hyperliquid", ("wallet",)))


@pytest.fixture
def phrase(home: Path) -> Path:
    """The folder with a passphrase of a person's own."""
    key_file(home / "main.phrase", "Größe zählt 7!")
    return home


def test_a_passphrase_goes_with_key_and_secret(phrase: Path) -> None:
    """Read from its file, blanks and all; in no repr."""
    main = load(phrase, OKX + PHRASE + CONSOLE).accounts["main"]
    assert (main.api_key.get_secret_value(), main.secret.get_secret_value()) == (KEY, SECRET)
    assert main.passphrase.get_secret_value() == "Größe zählt 7!"
    assert "Größe" not in repr(main)
    assert main.secrets() == (KEY, SECRET, "Größe zählt 7!")


def test_a_wallet_needs_no_key(home: Path) -> None:
    """The address, in one spelling; in no repr."""
    chain = load(home, CHAIN + WALLET + CONSOLE).accounts["chain"]
    assert chain.wallet.get_secret_value() == ADDRESS.lower()
    assert chain.secrets() == (ADDRESS.lower(),)
    assert ADDRESS.lower() not in repr(chain)


def test_it_comes_from_the_environment_too(home: Path) -> None:
    """As every value does."""
    environ = {"HOME": "/home/ann", "WATCHDOG_ACCOUNT__CHAIN__WALLET": ADDRESS}
    assert load(home, CHAIN + CONSOLE, environ).accounts["chain"].wallet.get_secret_value() == ADDRESS.lower()


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (OKX, ['1:1: "passphrase_file" is missing: OKX gives each key a passphrase beside its secret']),
        (
            OKX.replace('secret_file = "main.secret"\n', ""),
            [
                '1:1: "passphrase_file" is missing: OKX gives each key a passphrase beside its secret',
                '1:1: "secret_file" is missing',
            ],
        ),
        (OKX + PHRASE.replace("main", "no"), ['5:19: the file "no.phrase" does not exist']),
        (
            OKX.replace("okx", "binanceusdm") + PHRASE,
            ["5:1: Binance wants no passphrase_file, but api_key_file and secret_file"],
        ),
        (CHAIN, ['1:1: "wallet" is missing: Hyperliquid is read by the address of the account, without a key']),
        (
            CHAIN + WALLET + 'secret_file = "main.secret"\n',
            ["4:1: Hyperliquid wants no secret_file, but wallet"],
        ),
        (CHAIN + "wallet = 5\n", ['3:10: wallet wants the address of the account: "0x" and 40 hex digits, in quotes']),
        (
            CHAIN + f'wallet = "{PRIVATE}"\n',
            [
                (
                    "3:10: this looks like a private key: take it out of here. "
                    "The account's address is wanted, 0x and 40 hex digits"
                )
            ],
        ),
        (
            CHAIN + WALLET + CHAIN.replace("chain", "again") + WALLET.lower(),
            ['6:10: the same wallet as account "chain": both would place stops for it'],
        ),
    ],
)
def test_what_is_wanted_and_what_is_not_is_said(phrase: Path, text: str, problems: list[str]) -> None:
    """Missing, foreign, or twice the same: where, and why; a private key is not repeated."""
    said = refused(phrase, text + CONSOLE)
    assert said == [f"watchdog.toml:{problem}" for problem in problems]
    assert PRIVATE not in "".join(said)


def test_an_account_whose_venue_takes_no_orders_is_watched_only(phrase: Path) -> None:
    """Whatever mode its table asks for; and it says why. Binance's keeps its mode."""
    text = OKX + PHRASE + 'mode = "act"\n' + OKX.replace("main]", "b]").replace("okx", "binanceusdm") + CONSOLE
    loaded = load(phrase, text).accounts
    assert (loaded["main"].mode, loaded["main"].only_watched) == (Mode.WATCH, "no stop can be placed on OKX yet")
    assert (loaded["b"].mode, loaded["b"].only_watched) == (Mode.ACT, "")


def test_editors_know_what_goes_with_which_venue() -> None:
    """The schema wants the passphrase for OKX, and underlines it for Binance."""
    shape = settings_schema()
    # the enum of venues was made before this test put two in
    shape["$defs"]["AccountTable"]["properties"]["venue"]["enum"] = list(VENUES)
    schema = Draft7Validator(shape)

    def valid(text: str) -> bool:
        return bool(schema.is_valid(tomllib.loads(text)))

    assert valid(OKX + PHRASE)
    assert not valid(OKX)
    assert valid(CHAIN + WALLET)
    assert not valid(CHAIN + f'wallet = "{PRIVATE}"\n')
    assert not valid(OKX.replace("okx", "binanceusdm") + PHRASE)


def test_a_venue_that_is_not_there_is_not_offered() -> None:
    """What the table calls built is a part of all it knows, and asks for credentials that exist."""
    assert all(set(entry.needs) <= set(CREDENTIALS) for entry in known.VENUES.values())
    with pytest.raises(KeyError):
        kind_of("bitmex")


@pytest.mark.parametrize("venue", known.VENUES)
def test_the_table_says_what_the_venue_says(venue: str) -> None:
    """Each `Kind` is there, and agrees with the table on id, name, credentials and what it is meant to become."""
    kind, entry = kind_of(venue), VENUES[venue]
    said = (kind.id, kind.name, tuple(kind.needs), kind.first_class)
    assert said == (venue, entry.name, entry.needs, entry.first_class)


FAR = 'base_url = "http://okx.lan:8080"\n'


def test_a_key_is_never_sent_in_clear_unless_the_owner_says_so(phrase: Path) -> None:
    """To another machine only by https, or with `insecure = true`; to this one as one likes."""
    said = "would cross the network for all to read: use https, or write insecure = true if nobody else is on that "
    assert refused(phrase, OKX + PHRASE + FAR + CONSOLE) == [f"watchdog.toml:6:12: the API key {said}network"]
    assert refused(phrase, CHAIN + WALLET + FAR + CONSOLE) == [f"watchdog.toml:4:12: the wallet {said}network"]
    for fine in (FAR + "insecure = true\n", FAR.replace("http:", "https:"), FAR.replace("okx.lan", "127.0.0.1")):
        assert load(phrase, OKX + PHRASE + fine + CONSOLE).accounts["main"].base_url
