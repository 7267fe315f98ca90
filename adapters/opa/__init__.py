"""The judgement: the same policies, compiled into this process or asked of an OPA server."""
