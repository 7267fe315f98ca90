# METADATA
# title: Reliance
# description: |
#   What a permit rests on. All standing grants that match, together; a single-use grant only where nothing else is
#   relied on or where it opens what those before it do not, the most recently given first (consent.md 2.5).
# schemas:
#   - input: schema.input
package saattaen.reliance

import data.saattaen.basis
import data.saattaen.consent
import data.saattaen.prohibition
import data.saattaen.relation
import data.saattaen.sensitivity

# METADATA
# description: The basis as the permit names it. Undefined when no basis carries the document.
named_basis := "consent-once" if {
	on_consent
	count(single_use) > 0
} else := "consent" if {
	on_consent
} else := basis.chosen

# METADATA
# description: The grants that the permit names. On another basis than consent it names its relation alone.
grants := array.concat(standing, single_use) if on_consent

grants := [] if not on_consent

# METADATA
# description: |
#   The grants whose ticks open sections. On another basis than consent these are the standing ones that tick what
#   that basis does not carry, so that a relation never hides what the client ticked; a prohibition takes them away.
opening := grants if on_consent

opening := [g |
	prohibition.leaves("consent")
	some g in consent.standing
	opens_more(g)
] if {
	not on_consent
}

# METADATA
# description: The relation relied on, or null when the basis is a consent.
relation_used := [r | some r in matching; r.id == first][0] if {
	not on_consent
	matching := relation.matching(basis.chosen)
	first := min([r.id | some r in matching])
}

relation_used := null if on_consent

# METADATA
# description: The grants that the release spends.
single_use := [g | some g in offered; rank(g) in needed]

# METADATA
# description: The sensitivities that the basis itself carries. A consent carries none beyond its ticks.
carried contains s if {
	not on_consent
	some s in input.flow.carries[basis.chosen]
}

on_consent if basis.on_grants(basis.chosen)

standing := [g | some g in consent.matching; g.single_use == false]

offered := [g |
	on_consent
	some g in consent.matching
	g.single_use == true
]

ticked contains s if {
	some g in standing
	some s in g.sensitivities
}

# The most recently given, where nothing stands.
needed contains max([rank(g) | some g in offered]) if count(standing) == 0

# For each sensitivity that the standing ones leave closed, the most recently given that opens it: an older one would
# open nothing that those taken before it do not.
needed contains max([rank(g) | some g in offered; s in g.sensitivities]) if {
	some s in sensitivity.of_document
	not s in ticked
}

# Those given together are taken in the order of their ids.
rank(g) := [g.seq, g.id]

opens_more(g) if {
	some s in g.sensitivities
	s in sensitivity.of_document
	not s in carried
}
