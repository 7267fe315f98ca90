# METADATA
# title: Prohibition
# description: |
#   What the client has forbidden: this recipient, this category, or both. It rules out the bases that rest on the
#   client's will and leaves the law's as they are (consent.md 2.3).
# schemas:
#   - input: schema.input
package saattaen.prohibition

# METADATA
# description: True of the bases that rest on the client's will.
rules_out("consent")

rules_out("consent-once")

rules_out("disclosure-permit")

# METADATA
# description: True unless it is certain that no prohibition meets this request.
stands if not absent

# METADATA
# description: True when *basis* may still carry the document, whatever the client has forbidden.
leaves(basis) if not rules_out(basis)

leaves(_) if absent

absent if {
	is_array(input.prohibitions)
	every p in input.prohibitions {
		misses(p)
	}
}

misses(p) if {
	is_string(p.recipient)
	p.recipient != input.request.recipient
} else if {
	is_string(p.category)
	p.category != input.request.category
}
