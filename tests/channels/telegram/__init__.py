"""The Telegram channel, against a Bot API server of the tests' own, over HTTP, with python-telegram-bot as it comes."""
