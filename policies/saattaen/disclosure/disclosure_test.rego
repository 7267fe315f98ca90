package saattaen.disclosure_test

import data.saattaen.disclosure
import data.saattaen.example_test as example

# The decision on *facts* under the revision "r".
judged(facts) := answer if {
	answer := disclosure.decision with input as facts
		with data.saattaen.release.revision as "r"
}

refusal(code) := {"allow": false, "reasons": [code], "policy": "r"}

test_empty_input_is_refused if judged({}) == refusal("request-invalid")

test_input_of_no_shape_is_refused if {
	every facts in [null, 1, "facts", [], [example.facts]] {
		judged(facts) == refusal("request-invalid")
	}
}

test_a_consent_permits if {
	judged(example.facts) == {
		"allow": true,
		"reasons": [],
		"basis": "consent",
		"grants": [{"id": "g1", "consent": "c1", "version": 1, "spend": false}],
		"relation": null,
		"sections": ["contact", "goals", "health"],
		"projection": {"id": "plan-for-employment", "version": 1},
		"obligations": [],
		"good_until": example.now + 10,
		"policy": "r",
	}
}

test_a_relation_permits if {
	answer := judged(example.related)
	answer.basis == "joint-service"
	answer.relation == "r1"
	answer.grants == []
	answer.obligations == ["notify-client"]
}

# Each line is a later ground than the one before it.
faults := [
	["request-invalid", "/known/category", false],
	["requester-mismatch", "/requester/organisation", "kela"],
	["service-closed", "/recipient/from", example.now + 1],
	["role-not-allowed", "/role/in", []],
	["assurance-too-low", "/request/assurance", "low"],
	["suspended", "/requester/suspended", true],
	["not-found", "/client/known", false],
	["suspended", "/client/suspended", true],
	["prohibited", "/prohibitions", [{"id": "p", "recipient": null, "category": null, "own": true}]],
	["no-consent", "/grants", []],
	["sensitivity-not-covered", "/document/labels", ["mental-health"]],
	["permit-unfounded", "/projection", null],
]

test_the_first_ground_is_the_one_that_is_named if {
	every i, fault in faults {
		later := {"op": "add", "path": fault[1], "value": fault[2]}
		changes := array.concat([later], [{"op": "add", "path": path, "value": value} |
			some j, [_, path, value] in faults
			j > i
		])
		judged(json.patch(example.facts, changes)) == refusal(fault[0])
		judged(json.patch(example.facts, [later])) == refusal(fault[0])
	}
}

test_silence_of_every_ground_is_not_enough if {
	answer := disclosure.decision with input as {}
		with data.saattaen.release.revision as "r"
		with data.saattaen.request.reasons as set()
		with data.saattaen.requester.reasons as set()
		with data.saattaen.suspension.partner_reasons as set()
		with data.saattaen.existence.reasons as set()
		with data.saattaen.suspension.client_reasons as set()
		with data.saattaen.basis.reasons as set()
		with data.saattaen.sensitivity.reasons as set()
		with data.saattaen.obligation.reasons as set()
	answer == refusal("permit-unfounded")
}

test_without_a_revision_there_is_no_decision if {
	not disclosure.decision with input as example.facts with data.saattaen.release as {}
}

test_a_batch_is_judged_in_its_order if {
	answers := disclosure.decisions with input as {"batch": [{}, example.facts, 5, example.facts]}
		with data.saattaen.release.revision as "r"
	[answer.allow | some answer in answers] == [false, true, false, true]
}
