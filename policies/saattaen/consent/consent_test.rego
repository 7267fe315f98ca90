package saattaen.consent_test

import data.saattaen.consent
import data.saattaen.example_test as example

reason_of(grants) := reason if reason := consent.reason with input as example.granted(grants)

test_empty_input_has_no_consent if {
	consent.matching == [] with input as {}
	consent.standing == [] with input as {}
	consent.reason == "no-consent" with input as {}
}

test_a_grant_in_force_matches if {
	[g.id | some g in consent.matching] == ["g1"] with input as example.facts
	[g.id | some g in consent.standing] == ["g1"] with input as example.facts
}

test_nobody_named if {
	consent.reason == "no-consent" with input as example.set("/grants", [])
	consent.reason == "no-consent" with input as example.granted([{"recipient": "kela"}])
	consent.reason == "recipient-not-named" with input as example.changed({"/grants": [], "/others/recipient_elsewhere": true})
	consent.reason == "succeeded" with input as example.changed({
		"/grants": [],
		"/others": {"predecessor": true, "recipient_elsewhere": true},
	})
}

test_each_dimension_in_its_order if {
	reason_of([{"category": "handover"}]) == "category-not-covered"
	reason_of([{"custodian": "sosiaalityo"}]) == "custodian-not-covered"
	reason_of([{"purpose": "care"}]) == "purpose-not-covered"
	reason_of([{"dated_from": example.now}]) == "document-not-covered"
	reason_of([{"dated_until": example.now - 50}]) == "document-not-covered"
	reason_of([{"document": "d2"}]) == "document-not-covered"
}

test_the_reason_is_where_the_last_candidates_fall if {
	reason_of([{"category": "handover"}, {"custodian": "sosiaalityo", "purpose": "care"}]) == "custodian-not-covered"
	reason_of([{"custodian": "sosiaalityo"}, {"withdrawn": true}]) == "withdrawn"
}

test_the_document_may_be_named_and_dated if {
	consent.matching == [] with input as example.granted([{"document": "d2"}])
	count(consent.matching) == 1 with input as example.granted([{
		"document": "d1",
		"dated_from": example.now - 50,
		"dated_until": example.now - 49,
	}])
}

test_each_state if {
	reason_of([{"withdrawn": true, "confirmed": false, "spent": true, "ended": true}]) == "withdrawn"
	reason_of([{"confirmed": false, "spent": true, "until": example.now}]) == "unconfirmed"
	reason_of([{"spent": true, "single_use": true, "until": example.now}]) == "spent"
	reason_of([{"until": example.now, "from": example.now + 1}]) == "expired"
	reason_of([{"ended": true}]) == "expired"
	reason_of([{"from": example.now + 1}]) == "not-yet-in-force"
}

test_the_state_is_that_of_the_most_recent if {
	reason_of([{"seq": 1, "withdrawn": true}, {"seq": 2, "confirmed": false}]) == "unconfirmed"
	reason_of([{"seq": 2, "from": example.now + 1}, {"seq": 2, "until": example.now}]) == "expired"
}

test_the_end_is_exclusive_by_one_microsecond if {
	count(consent.matching) == 1 with input as example.granted([{"until": example.now + 1}])
	consent.matching == [] with input as example.granted([{"until": example.now}])
	count(consent.matching) == 1 with input as example.granted([{"from": example.now}])
	consent.matching == [] with input as example.granted([{"from": example.now + 1}])
}

test_a_grant_in_force_carries_beside_any_that_is_not if {
	[g.id | some g in consent.matching] == ["g0"] with input as example.granted([{"seq": 1}, {"seq": 2, "withdrawn": true}])
}

test_a_refusal_in_person_beats_a_representative if {
	refused := {"op": "add", "path": "/refused_in_person", "value": true}
	beaten := json.patch(example.granted([{"by_client": false}]), [refused])
	consent.matching == [] with input as beaten
	consent.reason == "prohibited" with input as beaten
	count(consent.matching) == 1 with input as json.patch(example.granted([{"by_client": true}]), [refused])
	count(consent.matching) == 1 with input as example.granted([{"by_client": false}])
	gone := json.patch(example.granted([{"by_client": false, "withdrawn": true}]), [refused])
	consent.reason == "withdrawn" with input as gone
}

test_a_single_use_grant_is_no_standing_one if {
	consent.standing == [] with input as example.granted([{"single_use": true}])
	count(consent.matching) == 1 with input as example.granted([{"single_use": true}])
}
