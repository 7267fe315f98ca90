package saattaen.relation_test

import data.saattaen.example_test as example
import data.saattaen.relation

related(changes) := example.set("/relations", [object.union(example.relation, changes)])

test_empty_input_has_no_relation if {
	relation.matching("joint-service") == [] with input as {}
}

test_a_relation_in_force_matches if {
	count(relation.matching("joint-service")) == 1 with input as example.related
	count(relation.matching("joint-service")) == 1 with input as related({"until": null})
	count(relation.matching("joint-service")) == 1 with input as related({"section": null})
	count(relation.matching("joint-service")) == 1 with input as related({"from": example.now})
	count(relation.matching("joint-service")) == 1 with input as related({"until": example.now + 1})
}

test_a_relation_that_misses_in_one_respect_does_not_match if {
	every changes in [
		{"kind": "processor"},
		{"custodian": "kuntakokeilu"},
		{"recipients": ["kela"]},
		{"from": example.now + 1},
		{"until": example.now},
		{"ended": true},
	] {
		relation.matching("joint-service") == [] with input as related(changes)
	}
}

test_a_statute_is_the_one_that_the_flow_cites if {
	count(relation.matching("statutory")) == 1 with input as statutory("189/2001 22 §", "189/2001 22 §")
	count(relation.matching("statutory")) == 1 with input as statutory("189/2001 22 §", null)
	relation.matching("statutory") == [] with input as statutory("189/2001 5 §", "189/2001 22 §")
	relation.matching("statutory") == [] with input as statutory(null, "189/2001 22 §")
	relation.matching("statutory") == [] with input as statutory(null, null)
}

statutory(section, cited) := example.changed({
	"/relations": [object.union(example.relation, {"kind": "statutory", "section": section})],
	"/flow/section": cited,
})
