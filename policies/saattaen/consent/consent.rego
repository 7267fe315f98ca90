# METADATA
# title: Consent
# description: |
#   A grant in force that matches on recipient, category, custodian, purpose and, where it limits it, the document
#   (consent.md 2.5). When none matches there is one reason: the first dimension at which the last candidates fall away.
# schemas:
#   - input: schema.input
package saattaen.consent

import data.saattaen.basis

# METADATA
# description: The grants in force that match and that a basis of this flow admits, in the order of the facts.
matching := [g | some g in live; admitted(g)]

# METADATA
# description: The standing grants in force that match, whichever basis carries the document.
standing := [g | some g in live; g.single_use == false]

# METADATA
# description: Why no grant carries the document. It has a meaning only where matching is empty.
reason := "prohibited" if {
	count(beaten) > 0
} else := nobody if {
	count(candidates) == 0
} else := "category-not-covered" if {
	count(of_category) == 0
} else := "custodian-not-covered" if {
	count(of_custodian) == 0
} else := "purpose-not-covered" if {
	count(of_purpose) == 0
} else := "document-not-covered" if {
	count(of_document) == 0
} else := [state | some state in states; state in latest_states][0]

states := ["withdrawn", "unconfirmed", "spent", "expired", "not-yet-in-force"]

live := [g |
	recipient := input.request.recipient
	purpose := input.request.purpose
	category := input.document.category
	custodian := input.document.custodian
	some g in input.grants
	g.category == category
	g.custodian == custodian
	g.purpose == purpose
	g.recipient == recipient
	covers_document(g)
	in_force(g)
	honoured(g)
]

# Grants of every state are candidates; those of a kind that cannot be relied on here are not.
candidates := [g |
	recipient := input.request.recipient
	some g in input.grants
	g.recipient == recipient
	admitted(g)
]

of_category := [g | category := input.document.category; some g in candidates; g.category == category]

of_custodian := [g | custodian := input.document.custodian; some g in of_category; g.custodian == custodian]

of_purpose := [g | purpose := input.request.purpose; some g in of_custodian; g.purpose == purpose]

of_document := [g | some g in of_purpose; covers_document(g)]

# In force, and beaten by what the client has refused in person.
beaten := [g | some g in of_document; in_force(g); not honoured(g)]

# The grants of one consent were given together, so that several may be the most recent.
latest_states contains state if {
	latest := max([g.seq | some g in of_document])
	some g in of_document
	g.seq == latest
	some state in state_of(g)
}

admitted(g) if {
	g.single_use == false
	basis.admits_standing
} else if {
	g.single_use == true
	basis.admits_single_use
}

covers_document(g) if {
	names_document(g)
	dated_from(g)
	dated_until(g)
}

# Here and below a second way is an `else`: compiled, a rule that has held would try its other bodies all the same.
names_document(g) if {
	is_null(g.document)
} else if {
	g.document == input.document.id
}

dated_from(g) if {
	is_null(g.dated_from)
} else if {
	g.dated_from <= input.document.dated
}

dated_until(g) if {
	is_null(g.dated_until)
} else if {
	input.document.dated < g.dated_until
}

in_force(g) if {
	g.withdrawn == false
	g.confirmed == true
	g.spent == false
	g.ended == false
	g.from <= input.at
	input.at < g.until
}

honoured(g) if {
	g.by_client == true
} else if {
	input.refused_in_person == false
}

state_of(g) := {state |
	some state, is_true in {
		"withdrawn": g.withdrawn,
		"unconfirmed": g.confirmed == false,
		"spent": g.spent,
		"expired": over(g),
		"not-yet-in-force": input.at < g.from,
	}
	is_true == true
}

# What ends with a mandate or with a service has expired, whatever its own end.
over(g) if {
	g.ended
} else := input.at >= g.until

default nobody := "no-consent"

nobody := "succeeded" if {
	input.others.predecessor == true
} else := "recipient-not-named" if {
	input.others.recipient_elsewhere == true
}
