"""Several gateways on one database, under many connections, while clients end what the reads rest on."""
