package saattaen.own_test

import data.saattaen.disclosure
import data.saattaen.example_test as example
import data.saattaen.own

# The client, or who acts for one, looks at a document; *ticks* are the sensitivities that are theirs to see.
looking(kind, ticks) := example.changed({
	"/request/purpose": "own-use", "/request/role": kind, "/request/recipient": kind,
	"/requester/system": "own-page", "/requester/organisation": kind, "/requester/services": [kind],
	"/requester/claims": {"organisation": kind, "service": kind, "role": kind, "purpose": "own-use"},
	"/recipient": {"service": kind, "organisation": kind, "kind": kind, "from": 0, "until": null},
	"/role": {"in": [kind], "purposes": ["own-use"]},
	"/flow": {"bases": ["own-data"], "carries": {"own-data": ticks}, "section": null},
	"/grants": [], "/projection": {"id": "whole", "version": 1},
})

with_value(facts, path, value) := json.patch(facts, [{"op": "add", "path": path, "value": value}])

everything := ["health", "mental-health", "substance-use"]

forbidden := [{"id": "p1", "recipient": null, "category": null, "own": true}]

judged(facts) := answer if {
	answer := disclosure.decision with input as facts
		with data.saattaen.release.revision as "r"
}

refusal(code) := {"allow": false, "reasons": [code], "policy": "r"}

test_empty_input_carries_nothing if {
	not own.carries with input as {}
	not own.in_person with input as {}
}

test_a_service_reads_nothing_as_its_own if {
	not own.carries with input as example.facts
	facts := with_value(looking("client", everything), "/recipient/kind", "employment-service")
	other := with_value(facts, "/role/in", ["employment-service"])
	judged(other) == refusal("basis-not-applicable")
}

test_the_client_in_person_reads_everything_and_nobody_is_told if {
	judged(looking("client", everything)) == {
		"allow": true,
		"reasons": [],
		"basis": "own-data",
		"grants": [],
		"relation": null,
		"sections": ["contact", "goals", "health", "mental-health"],
		"projection": {"id": "whole", "version": 1},
		"obligations": [],
		"good_until": null,
		"policy": "r",
	}
}

test_neither_a_prohibition_nor_a_marking_hides_anything_from_the_client if {
	mine := looking("client", everything)
	every changed in [
		with_value(mine, "/prohibitions", forbidden),
		with_value(mine, "/client/non_disclosure", true),
		with_value(mine, "/document/single_use", true),
		with_value(mine, "/document/labels", ["substance-use"]),
	] {
		judged(changed) == judged(mine)
	}
}

test_a_suspended_client_reads_nothing if {
	judged(with_value(looking("client", everything), "/client/suspended", true)) == refusal("suspended")
}

test_a_representative_sees_what_is_ticked_and_nothing_else if {
	judged(looking("representative", [])).sections == ["contact", "goals"]
	judged(looking("representative", ["health"])).sections == ["contact", "goals", "health"]
	judged(with_value(looking("representative", []), "/document/labels", ["health"])) == refusal("sensitivity-not-covered")
}

test_a_representative_sees_nothing_that_is_forbidden_to_everyone if {
	facts := looking("representative", everything)
	judged(with_value(facts, "/prohibitions", forbidden)) == refusal("basis-not-applicable")
	to_one := [{"id": "p1", "recipient": "kela", "category": null, "own": true}]
	judged(with_value(facts, "/prohibitions", to_one)) == judged(facts)
}

test_a_representative_sees_nothing_of_one_who_may_not_be_found if {
	facts := looking("representative", everything)
	judged(with_value(facts, "/client/non_disclosure", true)) == refusal("basis-not-applicable")
}
