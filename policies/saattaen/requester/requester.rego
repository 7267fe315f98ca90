# METADATA
# title: The requester
# description: Who asks is who the token says, for a service in force, in a role that may ask (consent.md 2.2).
# schemas:
#   - input: schema.input
package saattaen.requester

# METADATA
# description: Which of the four grounds about the requester refuse.
reasons contains "requester-mismatch" if not is_one

reasons contains "service-closed" if not in_force

reasons contains "role-not-allowed" if not role_allowed

reasons contains "assurance-too-low" if not assured

# Organisation, service and the token's claims are one.
is_one if {
	asked := input.request
	asker := input.requester
	claims := asker.claims
	known := input.recipient
	recipient := asked.recipient
	organisation := asker.organisation
	known.service == recipient
	known.organisation == organisation
	recipient in asker.services
	claims.organisation == organisation
	claims.service == recipient
	claims.role == asked.role
	claims.purpose == asked.purpose
}

in_force if {
	input.recipient.from <= input.at
	not_over(input.recipient.until)
}

not_over(until) if {
	is_null(until)
} else if {
	input.at < until
}

role_allowed if {
	input.recipient.kind in input.role["in"]
	input.request.purpose in input.role.purposes
}

assured if {
	input.request.assurance == "substantial"
} else if {
	input.request.assurance == "high"
}
