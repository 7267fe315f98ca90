"""People who ask for pages faster than anybody clicks, and are let: what is tested or measured is the page."""

from __future__ import annotations

from gateway.http.admission import Admission, Bounds
from gateway.http.people_lane import PeopleBounds
from gateway.site import Site
from gateway.web.addresses import is_page


def unpaced(site: Site) -> Admission:
    """Return an admission in which no place of people rests, and nobody is told to come again."""
    quick = PeopleBounds(quick=1_000_000, visitors_rest=0.0, queue=1000, queues=1000)
    return Admission(Bounds(people=quick), is_page, site.doors.cookie)
