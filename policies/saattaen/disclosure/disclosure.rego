# METADATA
# title: Disclosure
# description: |
#   The one answer to a request. A refusal names the first ground that refuses, and that one alone (consent.md 2);
#   a permit needs every ground to be silent and a basis, a section and a projection to be there.
# schemas:
#   - input: schema.input
package saattaen.disclosure

import data.saattaen.basis
import data.saattaen.existence
import data.saattaen.obligation
import data.saattaen.release
import data.saattaen.reliance
import data.saattaen.request
import data.saattaen.requester
import data.saattaen.sensitivity
import data.saattaen.suspension

# METADATA
# title: Decision
# description: The decision on the facts in the input.
# entrypoint: true
decision := {
	"allow": true,
	"reasons": [],
	"basis": reliance.named_basis,
	"grants": [{"id": g.id, "consent": g.consent, "version": g.version, "spend": g.single_use} |
		some g in reliance.grants
	],
	"relation": relation_id,
	"sections": sort(sensitivity.released),
	"projection": {"id": input.projection.id, "version": input.projection.version},
	"obligations": sort(obligation.obligations),
	"good_until": obligation.good_until,
	"policy": release.revision,
} if {
	allow
} else := {"allow": false, "reasons": [refusal], "policy": release.revision}

# METADATA
# title: Decisions
# description: The decisions on a batch of facts, in its order.
# entrypoint: true
# schemas:
#   - input: schema.batch
decisions := [answer |
	some facts in input.batch
	answer := decision with input as facts
]

allow if {
	not ground
	is_string(reliance.named_basis)
	count(sensitivity.released) > 0
	is_object(input.projection)
}

default refusal := "permit-unfounded"

refusal := ground

# The first ground that refuses; those after it are not looked at. Each has one reason, the requester up to four.
ground := code if {
	some code in request.reasons
} else := [code | some code in about_the_requester; code in requester.reasons][0] if {
	count(requester.reasons) > 0
} else := code if {
	some code in suspension.partner_reasons
} else := code if {
	some code in existence.reasons
} else := code if {
	some code in suspension.client_reasons
} else := code if {
	some code in basis.reasons
} else := code if {
	some code in sensitivity.reasons
} else := code if {
	some code in obligation.reasons
}

about_the_requester := ["requester-mismatch", "service-closed", "role-not-allowed", "assurance-too-low"]

default relation_id := null

relation_id := reliance.relation_used.id
