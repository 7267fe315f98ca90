# METADATA
# title: Facts to test by
# description: A request that a standing grant permits; each test changes what it is about.
package saattaen.example_test

now := 1795330800000000

grant := {
	"id": "g1",
	"consent": "c1",
	"version": 1,
	"custodian": "sote-keskus",
	"recipient": "kuntakokeilu",
	"category": "work-ability-plan",
	"purpose": "employment-support",
	"from": now - 10,
	"until": now + 10,
	"sensitivities": ["health"],
	"single_use": false,
	"document": null,
	"dated_from": null,
	"dated_until": null,
	"withdrawn": false,
	"confirmed": true,
	"spent": false,
	"ended": false,
	"seq": 1,
	"by_client": true,
}

relation := {
	"id": "r1",
	"kind": "joint-service",
	"custodian": "sote-keskus",
	"recipients": ["kela", "kuntakokeilu"],
	"from": now - 10,
	"until": now + 5,
	"ended": false,
	"section": "381/2023 11 §",
}

facts := {
	"v": 1,
	"at": now,
	"request": {
		"action": "read",
		"category": "work-ability-plan",
		"purpose": "employment-support",
		"role": "omavalmentaja",
		"recipient": "kuntakokeilu",
		"basis": null,
		"assurance": "substantial",
	},
	"requester": {
		"system": "kuntakokeilu-system",
		"organisation": "tyollisyysalue",
		"services": ["kuntakokeilu"],
		"suspended": false,
		"claims": {
			"organisation": "tyollisyysalue",
			"service": "kuntakokeilu",
			"role": "omavalmentaja",
			"purpose": "employment-support",
		},
	},
	"recipient": {
		"service": "kuntakokeilu",
		"organisation": "tyollisyysalue",
		"kind": "employment-service",
		"from": now - 100,
		"until": now + 100,
	},
	"role": {"in": ["employment-service"], "purposes": ["employment-support"]},
	"known": {"category": true, "purpose": true},
	"client": {"known": true, "suspended": false, "non_disclosure": false},
	"document": {
		"id": "d1",
		"version": 3,
		"custodian": "sote-keskus",
		"custodian_kind": "health-centre",
		"category": "work-ability-plan",
		"dated": now - 50,
		"labels": [],
		"sections": {"goals": [], "health": ["health"], "mental-health": ["mental-health"], "contact": []},
		"single_use": false,
	},
	"flow": {"bases": ["joint-service", "consent"], "carries": {}, "section": null},
	"prohibitions": [],
	"relations": [],
	"grants": [grant],
	"others": {"predecessor": false, "recipient_elsewhere": false},
	"refused_in_person": false,
	"projection": {"id": "plan-for-employment", "version": 1},
}

# The facts with *value* at *path*.
set(path, value) := json.patch(facts, [{"op": "add", "path": path, "value": value}])

# The facts with each of *changes*, path to value.
changed(changes) := json.patch(facts, [{"op": "add", "path": path, "value": value} | some path, value in changes])

without(path) := json.patch(facts, [{"op": "remove", "path": path}])

# The facts with these grants, each the example's with other values.
granted(others) := set("/grants", [object.union(object.union(grant, {"id": sprintf("g%d", [i])}), other) |
	some i, other in others
])

# The facts where a relation of the flow's first basis holds too.
related := set("/relations", [relation])
