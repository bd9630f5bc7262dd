"""Writes the pages that are made of tables in the code, each by its own module: `python -m docs.make`."""

from docs import (
    make_asyncapi,
    make_events,
    make_limits,
    make_measured,
    make_metrics,
    make_openapi,
    make_redis,
    make_rights,
    make_rooms,
    make_settings,
    make_states,
)

#: Each has a PAGE and, as `page()`, the whole text that it must have.
MAKERS = (
    make_asyncapi,
    make_events,
    make_limits,
    make_measured,
    make_metrics,
    make_openapi,
    make_redis,
    make_rights,
    make_rooms,
    make_settings,
    make_states,
)

if __name__ == "__main__":
    for maker in MAKERS:
        maker.PAGE.write_text(maker.page(), encoding="utf-8")
