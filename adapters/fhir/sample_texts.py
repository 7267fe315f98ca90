"""What the documents of the demo say, section by section. Invented; no place is named outside `contact`."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "work-ability-plan": "Työkyvyn tuen suunnitelma",
    "health-check-feedback": "Terveystarkastuksen palaute",
    "referral-summary": "Lähetteen yhteenveto",
    "activation-plan": "Aktivointisuunnitelma",
    "work-assessment": "Työarvio",
    "interruption-notice": "Keskeytysilmoitus",
    "self-assessment": "Työkykypistemäärä",
    "therapist-feedback": "Terapeutin palaute",
    "medical-statement-b": "B-lausunto",
    "handover": "Saattaen vaihto",
}

TEXTS: Mapping[str, Mapping[str, str]] = {
    "work-ability-plan": {
        "goals": "Tavoitteena on palata osa-aikaiseen työhön kaupan alalle keväällä tuetun työkokeilun kautta.",
        "services": "Tuettu työhönvalmennus kerran viikossa; työkokeilu alkaa neljän tunnin päivillä.",
        "schedule": "Suunnitelma tarkistetaan yhdessä kolmen kuukauden kuluttua ja työkokeilun päättyessä.",
        "responsibilities": "Vastuutyöntekijä",
        "own-words": "Haluan töihin, mutta tarvitsen aikaa ja jonkun, joka tuntee tilanteeni.",
        "health": "Selkäkivun vuoksi nostot rajataan kymmeneen kiloon; fysioterapia jatkuu omana palvelunaan.",
        "mental-health": "Masennuksen hoito jatkuu; kuormituksen kasvu sovitaan hoitavan sairaanhoitajan kanssa.",
        "substance-use": "Päihdekuntoutuksen jälkeinen tuki jatkuu ryhmässä torstaisin.",
    },
    "health-check-feedback": {
        "work-ability": "Työ- ja toimintakyky riittää kevyeen seisomatyöhön, kun asentoa voi vaihdella.",
        "strengths": "Vahva työhistoria asiakaspalvelussa, hyvä motivaatio ja tukeva perhe.",
        "recommendations": "Suositellaan työkykykoordinaattorin arviota ja ohjausta työkokeiluun.",
        "next-steps": "Asiakas on nähnyt palautteen; omavalmentaja sopii yhteisen tapaamisen kahden viikon kuluessa.",
    },
    "referral-summary": {
        "why-now": "Työttömyys on kestänyt yli vuoden ja asiakas kokee työkykynsä heikentyneen.",
        "request": "Pyydetään terveystarkastusta ja arviota työkyvyn tuen tarpeesta.",
        "goal": "Asiakkaan oma tavoite on löytää työtä, jossa terveys kestää.",
        "services-in-use": "Käytössä on työllisyyspalvelujen omavalmennus.",
        "contact": "Soita arkisin klo 9-15, puh. 040 555 0123, Koivukatu 3 B 12, 99999 Esimerkkilä.",
        "accessibility": "Tarvitsee selkokielistä ohjausta ja esteettömän sisäänkäynnin.",
    },
    "activation-plan": {
        "goals": "Tavoitteena on arjen rytmin vahvistaminen ja siirtyminen työkokeiluun.",
        "period": "Kuntouttavan työtoiminnan jakso",
        "days": "Työtoimintaa kahtena päivänä viikossa, neljä tuntia kerrallaan, keittiöryhmässä.",
    },
    "work-assessment": {
        "observations": "Suoriutuu ohjatuista tehtävistä itsenäisesti; väsymys näkyy kolmannen tunnin jälkeen.",
        "strengths": "Täsmällinen, huolellinen ja auttaa muita ryhmässä.",
        "support-needs": "Tarvitsee kirjalliset ohjeet ja taukojen jaksottamista.",
    },
    "interruption-notice": {
        "date": "Jakso keskeytyi 16.11.2026.",
        "reason-code": "Poissaolo sovitusta toiminnasta",
        "outcome": "Jatkosta sovitaan asiakkaan kanssa; uusi aloitusaika varataan.",
    },
    "self-assessment": {"score": "Arvio puolittunut parhaimmasta"},
    "therapist-feedback": {
        "findings": "Keskittyminen ja uni ovat kohentuneet kymmenen käynnin aikana.",
        "recommendations": "Suositellaan jatkojaksoa ja paluuta työhön portaittain.",
    },
    "medical-statement-b": {
        "document": "B-LAUSUNTO\n\nKuntoutussuunnitelma: ammatillinen kuntoutusselvitys on perusteltu.\n",
    },
    "handover": {
        "from": "Työikäisten sosiaalipalvelut saattaa vaihdon; tuttu työntekijä on mukana ensimmäisellä käynnillä.",
        "to": "Tuettu työhönvalmennus ottaa vastaan; ensitapaaminen on sovittu.",
        "open-matters": "Avoinna: kuntoutusrahahakemus ja työkokeilun aloituspäivä.",
    },
}
"""Category -> section -> its text. A section's text is found in a document exactly where the section is present.

That of `activation-plan`'s `period` and `self-assessment`'s `score` is shown by values instead.
"""
