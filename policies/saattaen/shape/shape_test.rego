# METADATA
# schemas:
#   - input: schema.input
package saattaen.shape_test

import data.saattaen.example_test as example
import data.saattaen.shape

whole := object.union(example.related, {
	"request": {"basis": "consent"},
	"prohibitions": [{"id": "p1", "recipient": "kela", "category": null, "own": true}],
	"flow": {"bases": ["joint-service", "consent"], "carries": {"joint-service": ["health"]}, "section": "189/2001 5 §"},
})

test_empty_input_is_refused if not shape.sound with input as {}

test_whole_facts_are_sound if shape.sound with input as whole

# Each path that leads to a value of the facts, as an array of keys and places.
paths contains path if {
	walk(whole, [path, _])
	count(path) > 0
}

named_paths contains path if {
	some path in paths
	is_string(path[count(path) - 1])
	not by_name(path)
}

# Sections and what a basis carries are named by the facts themselves.
by_name(path) if {
	count(path) > 2
	array.slice(path, 0, 2) in {["document", "sections"], ["flow", "carries"]}
}

test_every_fact_is_needed if {
	every path in named_paths {
		refused(json.patch(whole, [{"op": "remove", "path": path}]))
	}
}

test_a_misspelt_fact_is_none if {
	every path in named_paths {
		added := array.concat(array.slice(path, 0, count(path) - 1), [concat("", [path[count(path) - 1], "x"])])
		refused(json.patch(whole, [{"op": "remove", "path": path}, {"op": "add", "path": added, "value": object.get(whole, path, null)}]))
		refused(json.patch(whole, [{"op": "add", "path": added, "value": object.get(whole, path, null)}]))
	}
}

test_a_fact_of_another_type_is_none if {
	every path in paths {
		every other in [true, -1, 1.5, "", [[]], {"": [1]}] {
			passes(path, other)
		}
	}
}

test_null_is_none_where_it_may_not_be if {
	nullable := {
		["recipient"], ["recipient", "until"], ["role"], ["document"], ["flow"], ["flow", "section"], ["projection"],
		["request", "basis"], ["prohibitions", 0, "recipient"], ["prohibitions", 0, "category"],
		["relations", 0, "until"], ["relations", 0, "section"],
		["grants", 0, "document"], ["grants", 0, "dated_from"], ["grants", 0, "dated_until"],
	}
	sound := {path | some path in paths; not refused(replaced(path, null))}
	sound == nullable
}

test_codes_of_closed_lists_are_spelt_right if {
	every path in [
		"/request/action", "/request/basis", "/request/assurance", "/flow/bases/0", "/flow/carries/consnt", "/relations/0/kind",
	] {
		refused(json.patch(whole, [{"op": "add", "path": path, "value": "consnt"}]))
	}
	refused(json.patch(whole, [{"op": "add", "path": "/flow/carries/consnt", "value": []}]))
}

test_two_of_one_id_are_refused if {
	refused(json.patch(whole, [{"op": "add", "path": "/grants/-", "value": object.union(example.grant, {"seq": 2})}]))
}

test_each_code_of_a_closed_list_is_one if {
	every action in ["read", "search"] {
		shape.sound with input as replaced(["request", "action"], action)
	}
	every assurance in ["low", "substantial", "high"] {
		shape.sound with input as replaced(["request", "assurance"], assurance)
	}
	every kind in ["disclosure-permit", "joint-service", "statutory", "processor"] {
		shape.sound with input as replaced(["relations", 0, "kind"], kind)
		shape.sound with input as replaced(["request", "basis"], kind)
	}
	every basis in ["consent", "consent-once", "own-data"] {
		shape.sound with input as replaced(["request", "basis"], basis)
		refused(replaced(["relations", 0, "kind"], basis))
	}
}

test_a_whole_number_is_one_however_it_is_written if {
	every number in [0, 1.0, 1e3, 18446744073709551616] {
		shape.sound with input as replaced(["grants", 0, "seq"], number)
	}
	every number in [-1.0, 1.5, -18446744073709551616, 0.1] {
		refused(replaced(["grants", 0, "seq"], number))
	}
}

test_an_instant_is_an_exact_integer if {
	every at in [9007199254740991, 0, -1, -9007199254740991] {
		shape.sound with input as replaced(["at"], at)
	}
	every at in [9007199254740992, -0.5, -1.5, -9007199254740992, "-1"] {
		refused(replaced(["at"], at))
	}
}

test_another_version_of_the_facts_is_refused if refused(replaced(["v"], 2))

refused(facts) if not shape.sound with input as facts

replaced(path, value) := json.patch(whole, [{"op": "replace", "path": path, "value": value}])

# Another boolean in the place of a boolean is no other type; anything else is.
passes(path, other) if refused(replaced(path, other))

passes(path, true) if is_boolean(object.get(whole, path, null))

# An instant may lie before 1970.
passes(path, -1) if path[count(path) - 1] in {"at", "from", "until", "dated", "dated_from", "dated_until"}
