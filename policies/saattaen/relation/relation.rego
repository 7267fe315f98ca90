# METADATA
# title: Relation
# description: |
#   The recorded fact about this client, this custodian and this recipient on which every basis but consent rests
#   (consent.md 2.4). It runs from its custodian to each recipient, and not back.
# schemas:
#   - input: schema.input
package saattaen.relation

# METADATA
# description: The relations in force of this *kind* that run from the document's custodian to the recipient.
matching(kind) := [r |
	custodian := input.document.custodian
	recipient := input.request.recipient
	some r in input.relations
	r.kind == kind
	r.custodian == custodian
	recipient in r.recipients
	r.ended == false
	r.from <= input.at
	not_over(r)
	cites_the_flow(r)
]

not_over(r) if {
	is_null(r.until)
} else if {
	input.at < r.until
}

# The section that a statutory relation cites is what lifts secrecy: it must cite one, and the flow's where that names one.
cites_the_flow(r) if {
	r.kind != "statutory"
} else if {
	is_string(r.section)
	is_null(input.flow.section)
} else if {
	is_string(r.section)
	r.section == input.flow.section
}
