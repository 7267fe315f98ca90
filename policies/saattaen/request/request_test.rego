package saattaen.request_test

import data.saattaen.example_test as example
import data.saattaen.request

test_empty_input_is_refused if {
	request.reasons == {"request-invalid"} with input as {}
}

test_known_codes_pass if {
	request.reasons == set() with input as example.facts
}

test_an_unknown_code_is_refused if {
	every path, value in {"/known/category": false, "/known/purpose": false, "/role": null, "/recipient": null} {
		request.reasons == {"request-invalid"} with input as example.set(path, value)
	}
}

test_unsound_facts_are_refused if {
	request.reasons == {"request-invalid"} with input as example.without("/grants")
}
