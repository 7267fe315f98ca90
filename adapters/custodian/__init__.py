"""Where documents come from: each custodian fetches only when handed a Permit."""
