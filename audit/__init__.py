"""A transparency log that knows nothing of health or consent.

One RFC 6962 tree a year, C2SP checkpoints and tiles, sealed sections beside it. `log.Log` is the only writer;
`verify` is for anyone, offline.
"""
