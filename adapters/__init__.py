"""One folder per foreign thing. Adapters ignore each other, save for `adapters.fhir`."""
