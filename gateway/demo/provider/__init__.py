"""The demo's identity providers: real OpenID providers at which everyone is invented and anyone may be anyone."""
