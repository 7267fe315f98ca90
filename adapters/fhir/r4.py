"""Whether a resource is FHIR R4, by `fhir.resources`: elements, cardinalities and forms, not codes or invariants."""

from __future__ import annotations

from collections.abc import Iterator

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from adapters.fhir.r4_forms import is_plainly_r4
from adapters.fhir.structure import Fault
from gateway.disclosure.sections import Document

_MODEL_FAULTS = {
    "missing": "is required",
    "extra_forbidden": "is not an element of FHIR R4 here",
    "string_type": "a text is expected",
    "list_type": "a list is expected",
    "int_type": "a whole number is expected",
    "bool_type": "true or false is expected",
}


def model_faults(resource: Document, root: str) -> Iterator[Fault]:
    """Yield a fault, with its place under *root*, for each thing that is not of R4's form."""
    if is_plainly_r4(resource):
        return
    try:
        get_fhir_model_class(str(resource["resourceType"])).model_validate(resource)
    except ValidationError as error:
        # Only kind and place are taken from the library's errors: its texts and inputs hold the content.
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            place = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"])
            yield (
                root + place,
                _MODEL_FAULTS.get(found["type"].rpartition(".")[2], "is not of the form that FHIR R4 gives it"),
            )
    except Exception:
        # The library meets hostile input with errors of many kinds; whatever it was, the document is refused.
        yield root, "is not a resource of FHIR R4"
