package saattaen.prohibition_test

import data.saattaen.example_test as example
import data.saattaen.prohibition

forbidden(recipient, category) := example.set(
	"/prohibitions",
	[{"id": "p1", "recipient": recipient, "category": category, "own": true}],
)

test_empty_input_is_prohibited if {
	prohibition.stands with input as {}
}

test_no_prohibition_leaves_every_basis if {
	not prohibition.stands with input as example.facts
	prohibition.leaves("consent") with input as example.facts
}

test_another_recipient_or_category_is_not_met if {
	not prohibition.stands with input as forbidden("kela", null)
	not prohibition.stands with input as forbidden(null, "handover")
	not prohibition.stands with input as forbidden("kuntakokeilu", "handover")
	not prohibition.stands with input as forbidden("kela", "work-ability-plan")
}

test_recipient_category_both_and_any_are_met if {
	prohibition.stands with input as forbidden("kuntakokeilu", null)
	prohibition.stands with input as forbidden(null, "work-ability-plan")
	prohibition.stands with input as forbidden("kuntakokeilu", "work-ability-plan")
	prohibition.stands with input as forbidden(null, null)
}

test_it_rules_out_what_rests_on_the_will_of_the_client_alone if {
	facts := forbidden("kuntakokeilu", null)
	left := {basis |
		some basis in {"consent", "consent-once", "disclosure-permit", "joint-service", "statutory", "processor"}
		prohibition.leaves(basis) with input as facts
	}
	left == {"joint-service", "statutory", "processor"}
}
