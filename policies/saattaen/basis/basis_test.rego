package saattaen.basis_test

import data.saattaen.basis
import data.saattaen.example_test as example

forbidden := [{"id": "p1", "recipient": null, "category": null, "own": true}]

test_empty_input_is_refused if {
	basis.reasons == {"prohibited"} with input as {"flow": {"bases": ["consent"]}, "document": {"single_use": false}, "request": {"basis": null}}
	basis.reasons == {"basis-not-applicable"} with input as {}
}

test_a_grant_carries_where_no_relation_does if {
	basis.chosen == "consent" with input as example.facts
	basis.reasons == set() with input as example.facts
}

test_the_first_basis_that_holds_is_used if {
	basis.chosen == "joint-service" with input as example.related
	facts := json.patch(example.related, [{"op": "add", "path": "/flow/bases", "value": ["consent", "joint-service"]}])
	basis.chosen == "consent" with input as facts
}

test_an_unknown_flow_and_an_empty_one_carry_nothing if {
	basis.reasons == {"basis-not-applicable"} with input as example.set("/flow", null)
	basis.reasons == {"basis-not-applicable"} with input as example.set("/flow/bases", [])
	basis.reasons == {"basis-not-applicable"} with input as example.set("/flow/bases", ["own-data"])
}

test_where_consent_is_not_allowed_the_reason_is_the_basis if {
	basis.reasons == {"basis-not-applicable"} with input as example.set("/flow/bases", ["joint-service", "statutory"])
}

test_where_consent_is_allowed_the_reason_is_the_consents if {
	basis.reasons == {"no-consent"} with input as example.set("/grants", [])
}

test_a_prohibition_leaves_the_law if {
	facts := json.patch(example.related, [{"op": "add", "path": "/prohibitions", "value": forbidden}])
	basis.chosen == "joint-service" with input as facts
	basis.reasons == {"prohibited"} with input as example.set("/prohibitions", forbidden)
}

test_a_prohibition_is_no_reason_where_it_rules_nothing_out if {
	basis.reasons == {"basis-not-applicable"} with input as example.changed({
		"/prohibitions": forbidden,
		"/flow/bases": ["joint-service"],
	})
}

test_a_disclosure_permit_falls_with_a_prohibition if {
	permit := object.union(example.relation, {"kind": "disclosure-permit"})
	facts := example.changed({"/relations": [permit], "/flow/bases": ["disclosure-permit"]})
	basis.chosen == "disclosure-permit" with input as facts
	basis.reasons == {"prohibited"} with input as json.patch(facts, [{"op": "add", "path": "/prohibitions", "value": forbidden}])
}

test_a_request_may_limit_itself_to_one_basis if {
	basis.chosen == "consent" with input as json.patch(example.related, [{"op": "add", "path": "/request/basis", "value": "consent"}])
	basis.reasons == {"basis-not-applicable"} with input as example.set("/request/basis", "joint-service")
	basis.reasons == {"basis-not-applicable"} with input as example.set("/request/basis", "statutory")
	basis.reasons == {"no-consent"} with input as example.set("/request/basis", "consent-once")
}

test_a_limit_to_consent_takes_standing_grants_and_to_consent_once_single_use_ones if {
	once := example.granted([{"single_use": true}])
	basis.chosen == "consent" with input as once
	basis.chosen == "consent" with input as json.patch(once, [{"op": "add", "path": "/request/basis", "value": "consent-once"}])
	basis.reasons == {"no-consent"} with input as json.patch(once, [{"op": "add", "path": "/request/basis", "value": "consent"}])
}

test_a_single_use_category_is_carried_by_consent_once_alone if {
	basis.chosen == "consent-once" with input as statement([{"single_use": true}], ["consent-once"])
	basis.reasons == {"no-consent"} with input as statement([{"single_use": false}], ["consent-once"])
	basis.reasons == {"basis-not-applicable"} with input as statement([{"single_use": true}], ["consent", "joint-service"])
}

test_a_search_takes_no_single_use_grant if {
	once := example.granted([{"single_use": true}])
	basis.reasons == {"no-consent"} with input as json.patch(once, [{"op": "add", "path": "/request/action", "value": "search"}])
}

statement(grants, bases) := json.patch(example.granted(grants), [
	{"op": "add", "path": "/document/single_use", "value": true},
	{"op": "add", "path": "/flow/bases", "value": bases},
])
