# METADATA
# title: Sensitivity
# description: |
#   A section leaves when each of its sensitivities is ticked or carried; a document that is sensitive as a whole
#   leaves only when those of the whole are (consent.md 2.6).
# schemas:
#   - input: schema.input
package saattaen.sensitivity

import data.saattaen.own
import data.saattaen.reliance

# METADATA
# description: sensitivity-not-covered, unless the whole is covered and some section may be released.
reasons contains "sensitivity-not-covered" if not something_to_release

# METADATA
# description: Every sensitivity of the document, of the whole and of its sections.
of_document contains s if some s in input.document.labels

of_document contains s if {
	some sensitivities in input.document.sections
	some s in sensitivities
}

# METADATA
# description: The names of the sections that may leave.
released contains section if {
	some section, sensitivities in input.document.sections
	every s in sensitivities {
		s in covered
	}
	not held_back(section)
}

something_to_release if {
	is_array(input.document.labels)
	every s in input.document.labels {
		s in covered
	}
	count(released) > 0
}

covered := reliance.carried | {s |
	some g in reliance.opening
	some s in g.sensitivities
}

# Who may not be found must not be found through a document either: where to reach them never leaves.
# The client in person knows it.
held_back("contact") if {
	input.client.non_disclosure != false
	not own.in_person
}
