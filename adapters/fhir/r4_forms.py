"""R4's forms as one compiled validator: made of the models of `fhir.resources`, at a tenth of their price.

A model of the library is built for every element, by Python called from pydantic's core and back. Here each model is an
object with its fields, required ones and choices, and each primitive type is what pydantic makes of the library's own
type; so the core checks a whole document in one call. It is narrower than the models: null, comments and extensions of
primitive values, and contained resources of other types than we take, are left to them. Whatever it does not take is
for the models to judge.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final

from fhir.resources.R4B import get_fhir_model_class
from fhir_core.fhirabstractmodel import FHIRAbstractModel
from fhir_core.types import FhirBase
from pydantic import TypeAdapter
from pydantic_core import CoreSchema, SchemaValidator, core_schema
from pydantic_core.core_schema import TypedDictField

from adapters.fhir.codes import REQUIRED_CODES
from gateway.disclosure.sections import Document

_LEFT_TO_THE_MODELS: Final = ("__ext", "fhir_comments")
_RESOURCE: Final = "a resource"


def is_plainly_r4(resource: Document) -> bool:
    """Return whether a resource is of R4's form and nothing in it is for the models to judge."""
    try:
        return _validator().isinstance_python(resource)
    except Exception:
        # The library's own checks of dates and texts meet hostile input with errors of many kinds: the models judge.
        return False


def prepare_forms() -> None:
    """Make the forms now: half a second, and another where the models were not loaded yet."""
    _validator()


@cache
def _validator() -> SchemaValidator:
    forms = _Forms()
    root = forms.of_resource()
    return SchemaValidator(core_schema.definitions_schema(root, list(forms.known.values())))


class _Forms:
    """The forms of models that were met, by name; a model refers to another by it, since they go in circles."""

    def __init__(self) -> None:
        self.known: dict[str, CoreSchema] = {}

    def of_model(self, model: type[FHIRAbstractModel]) -> CoreSchema:
        """Return a reference to the form of a model, which is in `known` from then on."""
        name = f"{model.__module__}.{model.__qualname__}"
        if name not in self.known:
            self.known[name] = core_schema.any_schema()  # It may be met again inside itself.
            self.known[name] = self._made(model, name)
        return core_schema.definition_reference_schema(name)

    def _made(self, model: type[FHIRAbstractModel], name: str) -> CoreSchema:
        shape = model.model_construct()
        required = {element for element, _ in shape.get_required_fields()}
        fields: dict[str, TypedDictField] = {}
        if model.has_resource_base():
            kind = core_schema.literal_schema([model.get_resource_type()])
            fields["resourceType"] = core_schema.typed_dict_field(kind, required=True)
        for field, info in model.model_fields.items():
            element = info.alias or field
            if not field.endswith(_LEFT_TO_THE_MODELS) and element != "resourceType":
                is_required = info.is_required() or element in required
                fields[element] = core_schema.typed_dict_field(self._of_type(info.annotation), required=is_required)
        choices = tuple(_choices(model, shape))
        if not choices:
            return core_schema.typed_dict_schema(fields, extra_behavior="forbid", ref=name)

        def check(taken: dict[str, Any]) -> dict[str, Any]:
            for elements, is_required in choices:
                found = len(elements & taken.keys())
                if found > 1 or (is_required and not found):
                    raise ValueError
            return taken

        whole = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
        return core_schema.no_info_after_validator_function(check, whole, ref=name)

    def _of_type(self, annotation: Any) -> CoreSchema:
        origin = typing.get_origin(annotation)
        if origin in (typing.Union, UnionType):
            (inner,) = (one for one in typing.get_args(annotation) if one is not NoneType)
            return self._of_type(inner)
        if origin is list:
            return core_schema.list_schema(self._of_type(*typing.get_args(annotation)))
        if isinstance(annotation, type) and issubclass(annotation, FhirBase):
            model = annotation.get_model_klass()
            return self.of_resource() if model.get_resource_type() == "Resource" else self.of_model(model)
        return _of_primitive(annotation)

    def of_resource(self) -> CoreSchema:
        """Return a reference to the form of a resource of any type that we take, by itself or contained."""
        if _RESOURCE not in self.known:
            self.known[_RESOURCE] = core_schema.any_schema()
            kinds: dict[Any, CoreSchema] = {kind: self.of_model(get_fhir_model_class(kind)) for kind in REQUIRED_CODES}
            self.known[_RESOURCE] = core_schema.tagged_union_schema(kinds, "resourceType", ref=_RESOURCE)
        return core_schema.definition_reference_schema(_RESOURCE)


def _choices(model: type[FHIRAbstractModel], shape: FHIRAbstractModel) -> Iterator[tuple[frozenset[str], bool]]:
    """Yield the elements of each choice (`value[x]`), of which one may stand, and whether one must."""
    for fields in shape.get_one_of_many_fields().values():
        infos = [model.model_fields[field] for field in fields]
        extra = infos[0].json_schema_extra
        is_required = isinstance(extra, Mapping) and extra.get("one_of_many_required") is True
        yield frozenset(info.alias or field for field, info in zip(fields, infos, strict=True)), is_required


@cache
def _of_primitive(annotation: Any) -> CoreSchema:
    return TypeAdapter(annotation).core_schema
