"""Each room of the human edge put together over an open gateway: its ports filled with what the gateway has."""
