package saattaen.obligation_test

import data.saattaen.example_test as example
import data.saattaen.obligation

test_empty_input_is_refused if {
	obligation.reasons == {"permit-unfounded"} with input as {}
	obligation.obligations == {"notify-client"} with input as {}
}

test_a_projection_is_needed if {
	obligation.reasons == set() with input as example.facts
	obligation.reasons == {"permit-unfounded"} with input as example.set("/projection", null)
}

test_a_standing_consent_obliges_to_nothing if {
	obligation.obligations == set() with input as example.facts
}

test_one_who_may_not_be_found if {
	obligation.obligations == {"strip-location"} with input as example.set("/client/non_disclosure", true)
}

test_another_basis_is_told if {
	obligation.obligations == {"notify-client"} with input as example.related
}

test_a_single_use_is_spent_and_told if {
	obligation.obligations == {"notify-client", "spend"} with input as example.granted([{"single_use": true}])
}

test_a_permit_ends_with_the_first_of_what_it_rests_on if {
	obligation.good_until == example.now + 10 with input as example.facts
	obligation.good_until == example.now + 5 with input as example.related
	obligation.good_until == example.now + 2 with input as example.set("/recipient/until", example.now + 2)
	endless := example.changed({"/recipient/until": null, "/grants": [], "/relations": [object.union(example.relation, {"until": null})]})
	obligation.good_until == null with input as endless
}

test_a_tick_that_opens_a_section_ends_a_permit_too if {
	facts := example.changed({"/relations": [example.relation], "/grants/0/until": example.now + 1})
	obligation.good_until == example.now + 1 with input as facts
}
