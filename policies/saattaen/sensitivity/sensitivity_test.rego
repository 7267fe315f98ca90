package saattaen.sensitivity_test

import data.saattaen.example_test as example
import data.saattaen.sensitivity

test_empty_input_is_refused if {
	sensitivity.reasons == {"sensitivity-not-covered"} with input as {}
}

test_what_is_ticked_is_released if {
	sensitivity.reasons == set() with input as example.facts
	sensitivity.released == {"goals", "health", "contact"} with input as example.facts
}

test_a_relation_hides_nothing_that_is_ticked_and_opens_nothing_that_is_not if {
	sensitivity.released == {"goals", "health", "contact"} with input as example.related
	bare := json.patch(example.related, [{"op": "add", "path": "/grants", "value": []}])
	sensitivity.released == {"goals", "contact"} with input as bare
	carried := json.patch(bare, [{"op": "add", "path": "/flow/carries", "value": {"joint-service": ["mental-health"]}}])
	sensitivity.released == {"goals", "mental-health", "contact"} with input as carried
}

test_a_document_that_is_sensitive_as_a_whole_needs_its_tick if {
	sensitivity.reasons == set() with input as example.set("/document/labels", ["health"])
	sensitivity.reasons == {"sensitivity-not-covered"} with input as example.set("/document/labels", ["mental-health"])
}

test_with_no_section_to_release_it_is_refused if {
	every sections in [{}, {"mental-health": ["health", "mental-health"]}] {
		sensitivity.reasons == {"sensitivity-not-covered"} with input as example.set("/document/sections", sections)
	}
}

test_where_to_reach_one_who_may_not_be_found_never_leaves if {
	sensitivity.released == {"goals", "health"} with input as example.set("/client/non_disclosure", true)
}

test_every_sensitivity_counts if {
	sensitivity.of_document == {"health", "mental-health", "substance-use"} with input as example.set(
		"/document/labels",
		["substance-use"],
	)
}
