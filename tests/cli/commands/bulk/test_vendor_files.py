"""`enqueue` of files that were made for the vendor's own client: they are sent as they are.

The guide's three bodies, what `--save-brief` writes of a photo, and what newer clients say beside them.
"""

import json
from pathlib import Path
from typing import Any

import redis
from commandline import Command
from enqueued import queued

OPTIONS = {"ar": "3:4", "size": "2K", "format": "jpg"}
#: By the name of its file.
FILES: dict[str, dict[str, Any]] = {
    "structured.json": {
        "instructions": [
            {
                "appearance": {
                    "gender": "female",
                    "age": 28,
                    "ethnicity": "North European",
                    "skin": "light",
                    "build": "slim",
                    "expression": "confident and relaxed",
                },
                "face": {"eyes": "pale blue", "eyebrows": "natural arched", "marks": "freckles"},
                "hair": {"color": "ash blonde", "length": "long", "style": "wavy"},
                "num_variations": 3,
                "options": OPTIONS,
            }
        ],
        "options": {"model": "auto"},
        "name": "Spring catalog model",
    },
    "prompt.json": {
        "instructions": [
            {
                "prompt": "A 31-year-old woman of mixed South Asian and North European heritage.",
                "num_variations": 2,
                "options": OPTIONS,
            }
        ]
    },
    "prompt-with-reference.json": {
        "instructions": [
            {
                "prompt": "A model styled in the same vibe as the reference, calm focused expression.",
                "input_assets": [{"file_id": "img_xyz"}],
                "num_variations": 2,
                "options": OPTIONS,
            }
        ]
    },
    # What was read from a photo: an age is a range, and what it did not see is blank or null.
    "saved-from-photo.json": {
        "instructions": [
            {
                "appearance": {"gender": "female", "age": "25-30", "skin": "light", "build": None},
                "face": {"eyes": "brown", "marks": ""},
                "hair": {"color": "dark brown", "length": "long", "style": "straight"},
                "num_variations": 4,
                "options": OPTIONS,
            }
        ],
        "options": {"model": "auto"},
        "name": "From ada",
    },
    "newer.json": {
        "instructions": [
            {
                "appearance": {"gender": "male"},
                "outfit": {"top": "white shirt"},
                "camera": {"angle": "front"},
                "num_variations": 1,
            }
        ],
        "options": {"model": "nano_banana_2", "add_ai_watermark": True},
        "name": "From émile",
    },
}


def test_vendor_files_are_sent_as_they_are(command: Command, client: "redis.Redis", tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    for name, body in FILES.items():
        # As json.dump writes it: indented, and with no character beyond ASCII.
        (tmp_path / "theirs" / name).write_text(json.dumps(body, indent=2))
    answer = command("enqueue", "theirs")
    assert (answer.returncode, answer.stdout.splitlines()[-1]) == (0, "5 sent")
    sent = {each.pop("brief_id"): each for each in queued(client)}
    assert len(sent) == 5
    assert sorted(sent.values(), key=json.dumps) == sorted(FILES.values(), key=json.dumps)
