"""Makes models and JSON Schemas of whole events of the catalogue (`worker/ledger/events.py`), for readers."""

from typing import Any

from pydantic import BaseModel, create_model

from worker.ledger.events import CATALOGUE, AccountEvent, Event, HookPaused
from worker.ledger.told import AccountCommon, Common, EndpointCommon, Part


def _whole(model: type[Event]) -> type[BaseModel]:
    """Return the model of all that the data of an event says, the fields of all of its kind included."""
    common: type[Part] = Common
    if issubclass(model, AccountEvent):
        common = AccountCommon
    elif model is HookPaused:
        common = EndpointCommon
    return create_model(model.__name__, __base__=(model, common), __doc__=model.__doc__)


#: The models of the whole data, by type: what is on the stream is one of them.
DATA: dict[str, type[BaseModel]] = {type_: _whole(model) for type_, model in CATALOGUE.items()}


def schemas() -> dict[str, Any]:
    """Return the JSON Schema of the data of each event, by its type; later versions may add fields."""
    return {type_: _open(model.model_json_schema()) for type_, model in DATA.items()}


def _open(schema: Any) -> Any:
    """Return a schema that lets a reader meet fields which it does not know."""
    if isinstance(schema, dict):
        return {name: _open(value) for name, value in schema.items() if value is not False}
    return [_open(each) for each in schema] if isinstance(schema, list) else schema
