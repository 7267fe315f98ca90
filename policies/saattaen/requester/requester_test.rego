package saattaen.requester_test

import data.saattaen.example_test as example
import data.saattaen.requester

test_empty_input_is_refused if {
	requester.reasons == {"requester-mismatch", "service-closed", "role-not-allowed", "assurance-too-low"} with input as {}
}

test_one_who_is_who_the_token_says_passes if {
	requester.reasons == set() with input as example.facts
	requester.reasons == set() with input as example.set("/recipient/until", null)
	requester.reasons == set() with input as example.set("/request/assurance", "high")
}

test_requester_service_and_claims_are_one if {
	every path in [
		"/recipient/service",
		"/recipient/organisation",
		"/requester/organisation",
		"/requester/claims/organisation",
		"/requester/claims/service",
		"/requester/claims/role",
		"/requester/claims/purpose",
	] {
		requester.reasons == {"requester-mismatch"} with input as example.set(path, "kela")
	}
	requester.reasons == {"requester-mismatch"} with input as example.set("/requester/services", ["kela"])
}

test_the_service_is_in_force_from_its_start_until_its_end if {
	requester.reasons == set() with input as example.set("/recipient/from", example.now)
	requester.reasons == {"service-closed"} with input as example.set("/recipient/from", example.now + 1)
	requester.reasons == set() with input as example.set("/recipient/until", example.now + 1)
	requester.reasons == {"service-closed"} with input as example.set("/recipient/until", example.now)
}

test_the_role_works_there_and_may_ask if {
	requester.reasons == {"role-not-allowed"} with input as example.set("/role/in", ["health-centre"])
	requester.reasons == {"role-not-allowed"} with input as example.set("/role/purposes", ["care"])
}

test_low_assurance_is_too_low if {
	requester.reasons == {"assurance-too-low"} with input as example.set("/request/assurance", "low")
}
