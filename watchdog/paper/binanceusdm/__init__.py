"""The wire face of Binance USD-M futures: paths, parameters, signatures, codes, bodies and frames as the venue's.

Sources: developers.binance.com (USDⓈ-M Futures: REST API, user data streams, websocket market streams, error codes,
change log) and the payloads that ccxt's binance classes carry as comments.
"""
