# METADATA
# title: The shape of the facts
# description: |
#   Every key of the facts is there, with its type, and no other key is. Rego reads a missing key and a false one
#   alike, so that a fact that is absent, misspelt, null or of another type must refuse here, before any rule reads it.
# schemas:
#   - input: schema.input
package saattaen.shape

# METADATA
# description: |
#   True when *code* is a kind of relation, which is also the name of the basis that rests on it. Each code is a line of
#   its own, here and below: compiled, a set of constants is built anew wherever it is asked.
relation_kind("disclosure-permit")

relation_kind("joint-service")

relation_kind("statutory")

relation_kind("processor")

# METADATA
# description: True when the facts are whole and each key has its type.
sound if {
	count(input) == 16
	input.v == 1
	instant(input.at)
	is_boolean(input.refused_in_person)
	request(input.request)
	requester(input.requester)
	recipient(input.recipient)
	role(input.role)
	known(input.known)
	client(input.client)
	document(input.document)
	flow(input.flow)
	others(input.others)
	projection(input.projection)
	is_array(input.prohibitions)
	every p in input.prohibitions {
		prohibition(p)
	}
	distinct(input.prohibitions)
	is_array(input.relations)
	every r in input.relations {
		relation(r)
	}
	distinct(input.relations)
	is_array(input.grants)
	every g in input.grants {
		grant(g)
	}
	distinct(input.grants)
}

request(facts) if {
	count(facts) == 7
	action(facts.action)
	text(facts.category)
	text(facts.purpose)
	text(facts.role)
	text(facts.recipient)
	basis_or_null(facts.basis)
	assurance(facts.assurance)
}

action("read")

action("search")

assurance("low")

assurance("substantial")

assurance("high")

requester(facts) if {
	count(facts) == 5
	text(facts.system)
	text(facts.organisation)
	texts(facts.services)
	is_boolean(facts.suspended)
	claims := facts.claims
	count(claims) == 4
	text(claims.organisation)
	text(claims.service)
	text(claims.role)
	text(claims.purpose)
}

recipient(facts) if is_null(facts)

recipient(facts) if {
	count(facts) == 5
	text(facts.service)
	text(facts.organisation)
	text(facts.kind)
	instant(facts.from)
	instant_or_null(facts.until)
}

role(facts) if is_null(facts)

role(facts) if {
	count(facts) == 2
	texts(facts["in"])
	texts(facts.purposes)
}

known(facts) if {
	count(facts) == 2
	is_boolean(facts.category)
	is_boolean(facts.purpose)
}

client(facts) if {
	count(facts) == 3
	is_boolean(facts.known)
	is_boolean(facts.suspended)
	is_boolean(facts.non_disclosure)
}

document(facts) if is_null(facts)

document(facts) if {
	count(facts) == 9
	text(facts.id)
	whole_number(facts.version)
	text(facts.custodian)
	text(facts.custodian_kind)
	text(facts.category)
	instant(facts.dated)
	texts(facts.labels)
	texts_by_name(facts.sections)
	is_boolean(facts.single_use)
}

flow(facts) if is_null(facts)

flow(facts) if {
	count(facts) == 3
	is_array(facts.bases)
	every b in facts.bases {
		basis(b)
	}
	texts_by_name(facts.carries)
	every b, _ in facts.carries {
		basis(b)
	}
	text_or_null(facts.section)
}

others(facts) if {
	count(facts) == 2
	is_boolean(facts.predecessor)
	is_boolean(facts.recipient_elsewhere)
}

projection(facts) if is_null(facts)

projection(facts) if {
	count(facts) == 2
	text(facts.id)
	whole_number(facts.version)
}

prohibition(p) if {
	count(p) == 4
	text(p.id)
	text_or_null(p.recipient)
	text_or_null(p.category)
	is_boolean(p.own)
}

relation(r) if {
	count(r) == 8
	text(r.id)
	relation_kind(r.kind)
	text(r.custodian)
	texts(r.recipients)
	instant(r.from)
	instant_or_null(r.until)
	is_boolean(r.ended)
	text_or_null(r.section)
}

grant(g) if {
	count(g) == 20
	text(g.id)
	text(g.consent)
	whole_number(g.version)
	text(g.custodian)
	text(g.recipient)
	text(g.category)
	text(g.purpose)
	instant(g.from)
	instant(g.until)
	texts(g.sensitivities)
	is_boolean(g.single_use)
	text_or_null(g.document)
	instant_or_null(g.dated_from)
	instant_or_null(g.dated_until)
	is_boolean(g.withdrawn)
	is_boolean(g.confirmed)
	is_boolean(g.spent)
	is_boolean(g.ended)
	whole_number(g.seq)
	is_boolean(g.by_client)
}

# No two rows share an id: a decision names what it rests on by its id.
distinct(rows) if count({row.id | some row in rows}) == count(rows)

text(x) if {
	is_string(x)
	x != ""
}

text_or_null(x) if {
	is_null(x)
} else if {
	text(x)
}

texts(xs) if {
	is_array(xs)
	every x in xs {
		text(x)
	}
}

texts_by_name(rows) if {
	is_object(rows)
	every name, xs in rows {
		text(name)
		texts(xs)
	}
}

# A place in a text is a whole number from 0 on, and to be asked for it costs a fifth of floor. It takes no 1.0 for 1
# and nothing that is too long for a place, which are judged apart.
whole_number(x) if {
	substring("", x, 0) == ""
} else if {
	is_number(x)
	x >= 0
	floor(x) == x
}

# Microseconds since the epoch, before it as after it, in integers that every JSON reader holds exactly (the years from
# 1685 to 2255). Whatever a door takes in must lie there: an unsound row would refuse whatever is asked beside it.
instant(x) if {
	whole_number(x)
	x < 9007199254740992
} else if {
	is_number(x)
	x < 0
	x > -9007199254740992
	floor(x) == x
}

instant_or_null(x) if {
	is_null(x)
} else if {
	instant(x)
}

basis_or_null(x) if {
	is_null(x)
} else if {
	basis(x)
}

basis("consent")

basis("consent-once")

basis("own-data")

basis(x) if relation_kind(x)
