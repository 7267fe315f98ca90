# METADATA
# title: Obligations
# description: What a permit binds its executor to, until when it lasts and by which projection (consent.md 2.6).
# schemas:
#   - input: schema.input
package saattaen.obligation

import data.saattaen.own
import data.saattaen.reliance

# METADATA
# description: permit-unfounded, unless there is exactly one projection to release by.
reasons contains "permit-unfounded" if not projected

# METADATA
# description: What must be done with the release.
obligations contains "strip-location" if {
	input.client.non_disclosure != false
	not own.in_person
}

obligations contains "notify-client" if {
	not on_standing_consent
	not on_own_data
}

obligations contains "spend" if count(reliance.single_use) > 0

# METADATA
# description: The earliest end of anything that the permit rests on, or null when nothing of it ends.
good_until := min(ends) if {
	count(ends) > 0
} else := null

projected if is_object(input.projection)

on_standing_consent if reliance.named_basis == "consent"

on_own_data if reliance.named_basis == "own-data"

ends contains g.until if some g in reliance.opening

ends contains reliance.relation_used.until if is_number(reliance.relation_used.until)

ends contains input.recipient.until if is_number(input.recipient.until)
