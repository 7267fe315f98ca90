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
	input.recipient.service == input.request.recipient
	input.recipient.organisation == input.requester.organisation
	input.request.recipient in input.requester.services
	input.requester.claims.organisation == input.requester.organisation
	input.requester.claims.service == input.request.recipient
	input.requester.claims.role == input.request.role
	input.requester.claims.purpose == input.request.purpose
}

in_force if {
	input.recipient.from <= input.at
	not_ended
}

not_ended if is_null(input.recipient.until)

not_ended if input.at < input.recipient.until

role_allowed if {
	input.recipient.kind in input.role["in"]
	input.request.purpose in input.role.purposes
}

assured if input.request.assurance in {"substantial", "high"}
