"""What a brief asks for whose process is killed, and what it must cost in the end.

Of two kinds, since a brief with a photo has one instruction at the most: the photo's description is the one
paid call that can't be looked for afterwards, and two instructions are two faces, chosen each for itself.
"""

from typing import Any, NamedTuple


class Story(NamedTuple):
    """A kind of brief: what it asks for, and how often the API charges for each thing."""

    asks: dict[str, Any]
    price: dict[str, int]


#: All have a picture, a person's choice, and two identities in the end.
STORIES = {
    "photo": Story(
        {"reference_image": "ada.jpg", "instructions": [{"num_variations": 2}]},
        {"extraction": 1, "drafts": 1, "promotion": 2},
    ),
    "two faces": Story(
        {
            "instructions": [
                {"prompt": "Like her.", "input_assets": [{"file": "ada.jpg"}], "num_variations": 1},
                {"appearance": {"age": 50}, "num_variations": 1},
            ]
        },
        {"drafts": 1, "promotion": 2},
    ),
}
