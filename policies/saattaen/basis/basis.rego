# METADATA
# title: Basis
# description: |
#   The first of the flow's bases that holds carries the document and ends the search (consent.md 2.4). A request may
#   limit itself to one basis. A document of a single-use category leaves by consent-once alone; its client reads it.
# schemas:
#   - input: schema.input
package saattaen.basis

import data.saattaen.consent
import data.saattaen.own
import data.saattaen.prohibition
import data.saattaen.relation
import data.saattaen.shape

# METADATA
# description: True of the two bases that rest on a grant.
on_grants("consent")

on_grants("consent-once")

# METADATA
# description: Why no basis carries the document; empty when one does.
reasons contains reason if not chosen

# METADATA
# description: The flow's basis that carries the document. Undefined when none does.
chosen := [b | some b in allowed; holds(b)][0]

# METADATA
# description: The bases that flow, document and request allow, in the flow's order.
allowed := [b |
	single_use := input.document.single_use
	limit := input.request.basis
	some b in input.flow.bases
	fits_document(b, single_use)
	within_limit(b, limit)
]

# METADATA
# description: True when a standing grant may carry the document.
admits_standing if {
	"consent" in allowed
	input.request.basis != "consent-once"
}

# METADATA
# description: True when a single-use grant may carry the document. A search relies on standing grants alone.
admits_single_use if {
	some b in allowed
	on_grants(b)
	input.request.basis != "consent"
	input.request.action == "read"
}

fits_document(b, single_use) if {
	single_use == false
} else if {
	single_use == true
	b == "consent-once"
} else if {
	single_use == true
	b == "own-data"
}

# Where consent is allowed, a request may ask to be judged on single-use grants alone.
within_limit(b, limit) if {
	is_null(limit)
} else if {
	b == limit
} else if {
	b == "consent"
	limit == "consent-once"
}

holds(b) if {
	shape.relation_kind(b)
	prohibition.leaves(b)
	count(relation.matching(b)) > 0
} else if {
	on_grants(b)
	prohibition.leaves(b)
	count(consent.matching) > 0
} else if {
	b == "own-data"
	own.carries
}

reason := "prohibited" if {
	prohibition.stands
	some b in allowed
	prohibition.rules_out(b)
} else := consent.reason if {
	some b in allowed
	on_grants(b)
} else := "basis-not-applicable"
