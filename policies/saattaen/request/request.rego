# METADATA
# title: The request itself
# description: Well-formed, and of a category, purpose, role and recipient that the directory knows (consent.md 2.1).
# schemas:
#   - input: schema.input
package saattaen.request

import data.saattaen.shape

# METADATA
# description: request-invalid, unless the facts are sound and name known codes.
reasons contains "request-invalid" if not well_formed

well_formed if {
	shape.sound
	input.known.category == true
	input.known.purpose == true
	is_object(input.role)
	is_object(input.recipient)
}
