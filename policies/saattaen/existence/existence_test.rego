package saattaen.existence_test

import data.saattaen.example_test as example
import data.saattaen.existence

test_empty_input_is_refused if {
	existence.reasons == {"not-found"} with input as {}
}

test_a_document_of_a_known_client_is_found if {
	existence.reasons == set() with input as example.facts
}

test_an_unknown_client_has_nothing if {
	existence.reasons == {"not-found"} with input as example.set("/client/known", false)
}

test_no_document_and_one_of_another_category_are_not_found if {
	existence.reasons == {"not-found"} with input as example.set("/document", null)
	existence.reasons == {"not-found"} with input as example.set("/document/category", "handover")
}
