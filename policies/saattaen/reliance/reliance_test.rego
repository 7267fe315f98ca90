package saattaen.reliance_test

import data.saattaen.example_test as example
import data.saattaen.reliance

relied(facts) := ids if ids := [g.id | some g in reliance.grants] with input as facts

standing(ticks) := {"single_use": false, "sensitivities": ticks}

once(seq, ticks) := {"single_use": true, "seq": seq, "sensitivities": ticks}

test_empty_input_rests_on_nothing if {
	not reliance.named_basis with input as {}
	reliance.grants == [] with input as {}
	reliance.opening == [] with input as {}
	not reliance.relation_used with input as {}
}

test_all_standing_grants_are_relied_on if {
	relied(example.granted([standing(["health"]), standing([])])) == ["g0", "g1"]
	reliance.named_basis == "consent" with input as example.facts
	reliance.relation_used == null with input as example.facts
	reliance.carried == set() with input as example.facts
}

test_a_single_use_grant_is_relied_on_where_nothing_else_is if {
	facts := example.granted([once(1, [])])
	relied(facts) == ["g0"]
	reliance.named_basis == "consent-once" with input as facts
}

test_the_most_recently_given_is_taken_first if {
	relied(example.granted([once(1, ["health"]), once(2, ["health"])])) == ["g1"]
	relied(example.granted([once(2, ["health"]), once(2, ["health"])])) == ["g1"]
	relied(example.granted([once(1, ["health"]), once(2, [])])) == ["g0", "g1"]
}

test_a_single_use_grant_beside_a_standing_one_must_open_more if {
	relied(example.granted([standing(["health"]), once(2, ["health"])])) == ["g0"]
	relied(example.granted([standing(["health"]), once(2, ["mental-health"])])) == ["g0", "g1"]
	relied(example.granted([standing(["health"]), once(2, ["substance-use"])])) == ["g0"]
}

test_on_a_relation_the_permit_names_the_relation if {
	reliance.named_basis == "joint-service" with input as example.related
	reliance.grants == [] with input as example.related
	reliance.relation_used.id == "r1" with input as example.related
}

test_of_several_relations_the_first_by_id_is_used if {
	facts := example.set("/relations", [example.relation, object.union(example.relation, {"id": "r0"})])
	reliance.relation_used.id == "r0" with input as facts
}

test_ticks_open_beside_a_relation_unless_prohibited if {
	[g.id | some g in reliance.opening] == ["g1"] with input as example.related
	forbidden := [{"id": "p1", "recipient": null, "category": null, "own": true}]
	reliance.opening == [] with input as json.patch(example.related, [{"op": "add", "path": "/prohibitions", "value": forbidden}])
}

test_what_the_basis_carries_needs_no_tick if {
	facts := json.patch(example.related, [{"op": "add", "path": "/flow/carries", "value": {"joint-service": ["health"]}}])
	reliance.carried == {"health"} with input as facts
	reliance.opening == [] with input as facts
}

test_beside_a_relation_no_single_use_grant_is_spent if {
	facts := example.changed({"/relations": [example.relation], "/grants/0/single_use": true})
	reliance.named_basis == "joint-service" with input as facts
	reliance.single_use == [] with input as facts
	reliance.opening == [] with input as facts
}
