"""FHIR R4 servers as custodians: which they are, how they are asked, and what of their answers is believed."""
