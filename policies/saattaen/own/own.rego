# METADATA
# title: Own data
# description: |
#   Who looks at what is about themselves, or about the client whom they act for (consent.md 1 and 2.4). No service of
#   the directory is of these kinds: its loader refuses them.
# schemas:
#   - input: schema.input
package saattaen.own

import data.saattaen.prohibition

# METADATA
# description: True when the client in person asks.
in_person if input.recipient.kind == "client"

# METADATA
# description: |
#   True when the basis own-data carries what is asked for. To a representative it carries nothing that is forbidden to
#   everyone, and nothing of a client who may not be found: whom the marking protects from may be the representative.
carries if {
	in_person
} else if {
	input.recipient.kind == "representative"
	input.client.non_disclosure == false
	not prohibition.stands
}
