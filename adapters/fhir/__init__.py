"""FHIR R4 at the edges: documents in, projections out, consents as seen by others. Mapping only, no I/O."""
