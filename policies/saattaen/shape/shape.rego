# METADATA
# title: The shape of the facts
# description: |
#   Every key of the facts is there, with its type, and no other key is. Rego reads a missing key and a false one
#   alike, so that a fact that is absent, misspelt, null or of another type must refuse here, before any rule reads it.
# schemas:
#   - input: schema.input
package saattaen.shape

bases := {
	"consent",
	"consent-once",
	"disclosure-permit",
	"joint-service",
	"statutory",
	"processor",
	"own-data",
}

relation_kinds := {"disclosure-permit", "joint-service", "statutory", "processor"}

# METADATA
# description: True when the facts are whole and each key has its type.
sound if {
	count(input) == 16
	input.v == 1
	instant(input.at)
	is_boolean(input.refused_in_person)
	request
	requester
	recipient
	role
	known
	client
	document
	flow
	others
	projection
	list_of_distinct(input.prohibitions)
	every p in input.prohibitions {
		prohibition(p)
	}
	list_of_distinct(input.relations)
	every r in input.relations {
		relation(r)
	}
	list_of_distinct(input.grants)
	every g in input.grants {
		grant(g)
	}
}

request if {
	count(input.request) == 7
	input.request.action in {"read", "search"}
	text(input.request.category)
	text(input.request.purpose)
	text(input.request.role)
	text(input.request.recipient)
	basis_or_null(input.request.basis)
	input.request.assurance in {"low", "substantial", "high"}
}

requester if {
	count(input.requester) == 5
	text(input.requester.system)
	text(input.requester.organisation)
	texts(input.requester.services)
	is_boolean(input.requester.suspended)
	count(input.requester.claims) == 4
	text(input.requester.claims.organisation)
	text(input.requester.claims.service)
	text(input.requester.claims.role)
	text(input.requester.claims.purpose)
}

recipient if is_null(input.recipient)

recipient if {
	count(input.recipient) == 5
	text(input.recipient.service)
	text(input.recipient.organisation)
	text(input.recipient.kind)
	instant(input.recipient.from)
	instant_or_null(input.recipient.until)
}

role if is_null(input.role)

role if {
	count(input.role) == 2
	texts(input.role["in"])
	texts(input.role.purposes)
}

known if {
	count(input.known) == 2
	is_boolean(input.known.category)
	is_boolean(input.known.purpose)
}

client if {
	count(input.client) == 3
	is_boolean(input.client.known)
	is_boolean(input.client.suspended)
	is_boolean(input.client.non_disclosure)
}

document if is_null(input.document)

document if {
	count(input.document) == 9
	text(input.document.id)
	whole_number(input.document.version)
	text(input.document.custodian)
	text(input.document.custodian_kind)
	text(input.document.category)
	instant(input.document.dated)
	texts(input.document.labels)
	texts_by_name(input.document.sections)
	is_boolean(input.document.single_use)
}

flow if is_null(input.flow)

flow if {
	count(input.flow) == 3
	is_array(input.flow.bases)
	every b in input.flow.bases {
		b in bases
	}
	texts_by_name(input.flow.carries)
	every b, _ in input.flow.carries {
		b in bases
	}
	text_or_null(input.flow.section)
}

others if {
	count(input.others) == 2
	is_boolean(input.others.predecessor)
	is_boolean(input.others.recipient_elsewhere)
}

projection if is_null(input.projection)

projection if {
	count(input.projection) == 2
	text(input.projection.id)
	whole_number(input.projection.version)
}

prohibition(p) if {
	count(p) == 4
	text_or_null(p.recipient)
	text_or_null(p.category)
	is_boolean(p.own)
}

relation(r) if {
	count(r) == 8
	r.kind in relation_kinds
	text(r.custodian)
	texts(r.recipients)
	instant(r.from)
	instant_or_null(r.until)
	is_boolean(r.ended)
	text_or_null(r.section)
}

grant(g) if {
	count(g) == 20
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

# The id of each is a text, and no two share one: a decision names what it rests on by its id.
list_of_distinct(rows) if {
	is_array(rows)
	every row in rows {
		text(row.id)
	}
	count({row.id | some row in rows}) == count(rows)
}

text(x) if {
	is_string(x)
	x != ""
}

text_or_null(x) if is_null(x)

text_or_null(x) if text(x)

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

whole_number(x) if {
	is_number(x)
	x >= 0
	floor(x) == x
}

# Microseconds since the epoch, in integers that every JSON reader holds exactly (until the year 2255).
instant(x) if {
	whole_number(x)
	x < 9007199254740992
}

instant_or_null(x) if is_null(x)

instant_or_null(x) if instant(x)

basis_or_null(x) if is_null(x)

basis_or_null(x) if x in bases
