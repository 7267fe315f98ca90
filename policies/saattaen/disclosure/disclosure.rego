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
} else := {"allow": false, "reasons": [first_reason], "policy": release.revision}

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
	count(refusals) == 0
	is_string(reliance.named_basis)
	count(sensitivity.released) > 0
	is_object(input.projection)
}

refusals := [code |
	some ground in grounds
	some code in order
	code in ground
]

default first_reason := "permit-unfounded"

first_reason := refusals[0]

grounds := [
	request.reasons,
	requester.reasons,
	suspension.partner_reasons,
	existence.reasons,
	suspension.client_reasons,
	basis.reasons,
	sensitivity.reasons,
	obligation.reasons,
]

order := [
	"request-invalid",
	"requester-mismatch",
	"service-closed",
	"role-not-allowed",
	"assurance-too-low",
	"suspended",
	"not-found",
	"prohibited",
	"basis-not-applicable",
	"succeeded",
	"recipient-not-named",
	"no-consent",
	"category-not-covered",
	"custodian-not-covered",
	"purpose-not-covered",
	"document-not-covered",
	"withdrawn",
	"unconfirmed",
	"spent",
	"expired",
	"not-yet-in-force",
	"sensitivity-not-covered",
	"permit-unfounded",
]

default relation_id := null

relation_id := reliance.relation_used.id
