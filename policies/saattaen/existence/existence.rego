# METADATA
# title: Existence
# description: The client is known, and has this document, of the category asked for (consent.md 2, not-found).
# schemas:
#   - input: schema.input
package saattaen.existence

# METADATA
# description: not-found, unless client and document are there.
reasons contains "not-found" if not found

found if {
	input.client.known == true
	input.document.category == input.request.category
}
