"""The words of briefs that the portraits can show, and what each looks like.

Tables are searched from the top, so a longer phrase stands before the word that it contains.
"""

HAIR_COLORS = {
    "strawberry blonde": "#d9965f",
    "ash blonde": "#c9b58c",
    "platinum": "#efe4c8",
    "dark blonde": "#b08d4f",
    "blonde": "#e2c06f",
    "blond": "#e2c06f",
    "black": "#1d1816",
    "dark brown": "#3b2417",
    "light brown": "#96683f",
    "chestnut": "#7d4527",
    "auburn": "#7c2f1b",
    "brown": "#62391f",
    "brunette": "#4a2b1a",
    "copper": "#b5532a",
    "ginger": "#c8601f",
    "red": "#a93a1c",
    "grey": "#9d9d9d",
    "gray": "#9d9d9d",
    "silver": "#c3c6c9",
    "white": "#ececec",
    "blue": "#3c64b5",
    "pink": "#e58ab5",
    "purple": "#7a4fa0",
    "green": "#4f8a4c",
}

SKIN_COLORS = {
    "porcelain": "#fbe8dc",
    "pale": "#f9e0d0",
    "very light": "#f9e0d0",
    "light brown": "#b98358",
    "medium brown": "#9c683f",
    "dark brown": "#5a3722",
    "light": "#f3cfb3",
    "fair": "#f5d6bd",
    "olive": "#c79a6b",
    "tanned": "#c08a5c",
    "tan": "#c08a5c",
    "golden": "#cf9a63",
    "beige": "#e3b48f",
    "medium": "#d5a077",
    "deep": "#54331f",
    "dark": "#5f3b25",
    "ebony": "#3d2517",
    "brown": "#8d5b38",
    "black": "#4a2d1c",
}

#: Consulted when the skin itself is not described.
ETHNICITY_SKINS = {
    "north european": "#f6d9c2",
    "south asian": "#a8734a",
    "southeast asian": "#cf9f73",
    "east asian": "#edc7a2",
    "middle eastern": "#cb9c70",
    "mediterranean": "#d9ab80",
    "african": "#5f3b25",
    "black": "#5f3b25",
    "latin": "#c89468",
    "hispanic": "#c89468",
    "asian": "#e5ba92",
    "indian": "#a8734a",
    "european": "#f3cfb3",
    "caucasian": "#f3cfb3",
    "white": "#f3cfb3",
}

EYE_COLORS = {
    "blue": "#2f6da8",
    "green": "#3b7d4a",
    "hazel": "#7a5a24",
    "amber": "#9a6412",
    "grey": "#6d7780",
    "gray": "#6d7780",
    "brown": "#4a2c17",
    "black": "#17120f",
}

LIP_COLORS = {
    "red": "#c4122f",
    "pink": "#d9527f",
    "coral": "#e0603f",
    "plum": "#6d1f45",
    "burgundy": "#6a1226",
    "nude": "#b5735d",
}

#: Word of a style or length -> variants of the style `lorelei` that show it; 49 is of `additions.py`.
HAIR_STYLES = {
    "space buns": (26,),
    "bun": (14, 38, 45, 46),
    "topknot": (38, 46),
    "ponytail": (31, 42, 29, 48),
    "braid": (29, 33),
    "mohawk": (27,),
    "spiky": (4, 20),
    "afro": (5, 24),
    "balding": (25, 28),
    "bald": (49,),
    "receding": (25, 28),
    "buzz": (1, 47),
    "shaved": (47, 1),
    "bob": (19, 23, 13),
}

HAIR_LENGTHS = {
    "short": {"straight": (2, 3, 8, 12, 43), "wavy": (4, 11, 7, 6), "curly": (9, 22, 39, 44)},
    "medium": {"straight": (13, 19, 23, 16), "wavy": (18, 37, 32, 20), "curly": (24, 5)},
    "long": {"straight": (15, 21, 40), "wavy": (35, 32), "curly": (24, 35)},
}
LENGTH_WORDS = {
    "shoulder": "medium",
    "chin": "medium",
    "medium": "medium",
    "mid-length": "medium",
    "long": "long",
    "waist": "long",
    "short": "short",
    "cropped": "short",
    "pixie": "short",
    "fade": "short",
}
TEXTURE_WORDS = {
    "curl": "curly",
    "coil": "curly",
    "kink": "curly",
    "wav": "wavy",
    "tousled": "wavy",
    "straight": "straight",
    "sleek": "straight",
}

#: Word of an expression or smile -> variants of the mouth.
MOUTHS = {
    "laugh": ("happy05", "happy16"),
    "grin": ("happy16", "happy06"),
    "broad": ("happy05", "happy06"),
    "wide": ("happy16", "happy05"),
    "joy": ("happy05", "happy06"),
    "sad": ("sad03", "sad09"),
    "melanchol": ("sad03", "sad09"),
    "angry": ("sad06", "sad05"),
    "stern": ("sad05", "sad09"),
    "surprised": ("sad01",),
    "serious": ("happy14", "sad09"),
    "neutral": ("happy14", "happy13"),
    "calm": ("happy14", "happy01"),
    "pensive": ("happy13", "sad03"),
    "thoughtful": ("happy13", "happy14"),
    "confident": ("happy01", "happy04"),
    "relaxed": ("happy01", "happy02"),
    "smil": ("happy05", "happy06"),
    "happy": ("happy06", "happy05"),
    "friendly": ("happy02", "happy03"),
    "warm": ("happy02", "happy04"),
}
PLAIN_MOUTHS = ("happy01", "happy02", "happy04", "happy14")

#: Lips that are drawn as a surface, so that their colour shows.
PAINTED_MOUTHS = ("happy03", "happy18")

GLASSES = {"sunglasses": (2,), "round glasses": (1,), "glasses": (3, 4, 1, 5), "spectacles": (1, 3)}
#: Word of facial hair -> variants of the beard; from 3 on they are of `additions.py`.
BEARDS = {
    "full beard": (1,),
    "long beard": (1,),
    "stubble": (5,),
    "unshaven": (5,),
    "five o'clock": (5,),
    "short beard": (5,),
    "goatee": (4,),
    "moustache": (3,),
    "mustache": (3,),
    "bearded": (2, 1),
    "beard": (2, 1),
}
