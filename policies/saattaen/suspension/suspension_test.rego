package saattaen.suspension_test

import data.saattaen.example_test as example
import data.saattaen.suspension

test_empty_input_is_refused if {
	suspension.partner_reasons == {"suspended"} with input as {}
	suspension.client_reasons == {"suspended"} with input as {}
}

test_neither_is_suspended if {
	suspension.partner_reasons == set() with input as example.facts
	suspension.client_reasons == set() with input as example.facts
}

test_a_suspended_partner_is_refused if {
	suspension.partner_reasons == {"suspended"} with input as example.set("/requester/suspended", true)
}

test_a_suspended_client_is_refused if {
	suspension.client_reasons == {"suspended"} with input as example.set("/client/suspended", true)
}
