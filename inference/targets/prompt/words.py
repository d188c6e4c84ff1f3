"""The words that a sentence about removing things is made of, and what each of them means here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

TEXT, WATERMARK, DATE_STAMP = "text", "watermark", "date stamp"
WRITTEN: Final = (TEXT, WATERMARK, DATE_STAMP)

Narrow = Literal["", "kind", "role"]


def word_set(words: str) -> frozenset[str]:
    """The words of a text, in any order."""
    return frozenset(words.split())


@dataclass(frozen=True)
class Noun:
    """What a word means."""

    thing: str
    """One of the segmenter's classes (`classes.CLASSES`) or of `WRITTEN`."""
    is_plural: bool = False
    narrow: Narrow = ""
    """`kind`: the word names some of the class that cannot be told from the others (a woman among persons); `role`: it
    names persons who are not what the photo is about (tourists)."""


# Per thing: its singular words, by how narrow they are. Plurals are derived, irregular ones stand in `_IRREGULAR`.
_SINGULARS: dict[str, dict[Narrow, str]] = {
    "person": {
        "": "person|human|human being|individual|somebody|someone|figure",
        "kind": "man|woman|guy|dude|gentleman|lady|boy|girl|child|kid|baby|toddler|teenager|adult|bride|groom|soldier|"
        "policeman|fisherman|surfer|swimmer|cyclist|biker|rider|runner|jogger|skier|climber|hiker|player|batter|dancer|"
        "friend|husband|wife|ex|boyfriend|girlfriend|mother|father|mom|dad|mum|brother|sister|grandmother|grandfather|"
        "grandma|grandpa|son|daughter|worker|firefighter|monk|driver|waiter|musician|drummer|model",
        "role": "tourist|stranger|passerby|passer-by|bystander|photobomber|pedestrian|onlooker|spectator|visitor|walker",
    },
    "dog": {"": "dog|doggy|doggo|hound", "kind": "puppy|poodle|labrador|terrier|retriever|pug|bulldog|husky|shepherd dog"},
    "cat": {"": "cat|kitty", "kind": "kitten"},
    "bird": {
        "": "bird",
        "kind": "duck|goose|pigeon|seagull|gull|swan|crow|parrot|sparrow|eagle|owl|chicken|hen|rooster|parakeet|budgie",
    },
    "cow": {"": "cow", "kind": "bull|calf|ox"},
    "horse": {"": "horse", "kind": "pony|foal|stallion|mare"},
    "sheep": {"": "", "kind": "lamb|ram|ewe"},
    "car": {"": "car|automobile", "kind": "taxi|cab|sedan|suv|jeep|van|minivan|sports car|police car|race car"},
    "bus": {"": "bus|coach", "kind": "minibus|school bus|double decker"},
    "train": {"": "train", "kind": "locomotive|tram"},
    "bicycle": {"": "bicycle|bike|cycle|push bike|pushbike", "kind": "mountain bike"},
    "motorbike": {"": "motorbike|motorcycle|motor bike|motor cycle", "kind": "scooter|moped|vespa"},
    "aeroplane": {"": "aeroplane|airplane|plane|aircraft", "kind": "jet|airliner|fighter jet"},
    "boat": {"": "boat|ship", "kind": "sailboat|sailing boat|yacht|ferry|canoe|kayak|vessel|rowing boat|motorboat"},
    "bottle": {"": "bottle", "kind": "water bottle|wine bottle|beer bottle"},
    "chair": {"": "chair", "kind": "armchair|stool"},
    "sofa": {"": "sofa|couch|settee"},
    "dining table": {"": "dining table|table|dinner table"},
    "potted plant": {"": "potted plant|pot plant|houseplant|house plant|plant"},
    "tv": {"": "tv|television|tv set|monitor|tv monitor|tv screen|computer screen|computer monitor"},
    TEXT: {
        "": "text|writing|lettering|caption|subtitle|wording|inscription|letter|word|headline|slogan|title|"
        "text overlay|overlay text|overlaid text|text caption|line of text|text line|handwriting",
    },
    WATERMARK: {
        "": "watermark|water mark|logo|logo overlay|overlay logo|overlay|stamp|watermark text|text watermark|"
        "watermark logo|logo watermark|watermark overlay|copyright|copyright notice|copyright mark|copyright sign|"
        "copyright text|signature|channel logo|brand logo|stock watermark|watermarking",
    },
    DATE_STAMP: {
        "": "date stamp|datestamp|time stamp|timestamp|date|time|date and time|date and time stamp|date/time|camera date|"
        "date time|date mark|date print|date text|time and date|date and timestamp|date stamp text|date imprint",
    },
}  # fmt: skip
_IRREGULAR = {
    "person": "people|persons|folks|everyone|everybody|crowd|crowds|humans|human beings|anyone|anybody",
    "bird": "geese",
    "cow": "cattle|oxen|calves",
    "sheep": "sheep",
}
_IRREGULAR_KINDS = {
    "person": "men|women|gentlemen|children|policemen|fishermen|kids|ladies|family",
}
_IRREGULAR_ROLES = {"person": "passersby|passers-by"}
_MASS = WRITTEN  # all of it is one thing: there is no telling where one watermark ends and another begins


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def _lexicon() -> dict[str, Noun]:
    nouns: dict[str, Noun] = {}
    for thing, by_narrow in _SINGULARS.items():
        for narrow, words in by_narrow.items():
            for word in filter(None, words.split("|")):
                nouns.setdefault(_plural(word), Noun(thing, is_plural=True, narrow=narrow))
                nouns[word] = Noun(thing, is_plural=thing in _MASS, narrow=narrow)
    for words_of, kind in ((_IRREGULAR, ""), (_IRREGULAR_KINDS, "kind"), (_IRREGULAR_ROLES, "role")):
        for thing, words in words_of.items():
            for word in filter(None, words.split("|")):
                nouns[word] = Noun(thing, is_plural=True, narrow=kind)  # type: ignore[arg-type]
    return nouns


NOUNS: Final = _lexicon()
NOUN_WORDS_MAX: Final = max(len(noun.split()) for noun in NOUNS)

COUNTS: Final[dict[str, int | None]] = {
    **{
        word: number
        for number, word in enumerate(
            ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 1
        )
    },
    **{str(number): number for number in range(1, 21)},
    **{"both": 2, "pair": 2, "couple": 2, "single": 1},
    **dict.fromkeys(("all", "every", "each", "any", "no", "several", "many", "various", "multiple", "other", "others")),
}
ORDINALS: Final = {word: rank for rank, word in enumerate(("first", "second", "third", "fourth", "fifth", "sixth"), 1)}
HORIZONTAL: Final = {
    "left": "left", "leftmost": "left", "left-most": "left", "lefthand": "left", "left-hand": "left",
    "right": "right", "rightmost": "right", "right-most": "right", "righthand": "right", "right-hand": "right",
}  # fmt: skip
VERTICAL: Final = {
    "top": "top", "upper": "top", "topmost": "top", "uppermost": "top", "bottom": "bottom", "lower": "bottom",
    "bottommost": "bottom", "lowermost": "bottom", "lowest": "bottom", "highest": "top",
}  # fmt: skip
CENTRAL: Final = word_set("centre center middle central centred centered")
CORNER: Final = word_set("corner corners")
EDGE: Final = word_set("edge edges border borders margin margins")
GROUND: Final = {"background": "background", "distance": "background", "backdrop": "background", "foreground": "foreground",
                 "front": "foreground", "back": "background"}  # fmt: skip
PLACE_NOUNS: Final = word_set("side sides part half area third section end quarter region portion hand")
SIZES: Final = {
    "largest": "largest", "biggest": "largest", "big": "largest", "bigger": "largest", "large": "largest",
    "larger": "largest", "huge": "largest", "main": "largest", "smallest": "smallest", "small": "smallest",
    "smaller": "smallest", "tiny": "smallest", "little": "smallest", "tallest": "largest",
}  # fmt: skip
COLOURS: Final = {
    "red": "red", "orange": "orange", "yellow": "yellow", "green": "green", "blue": "blue", "purple": "purple",
    "violet": "purple", "pink": "pink", "white": "white", "black": "black", "grey": "grey", "gray": "grey",
    "silver": "grey", "brown": "brown",
}  # fmt: skip
GARMENTS: Final = word_set(
    "shirt t-shirt tshirt jacket coat dress clothes clothing suit sweater hoodie outfit trousers jeans vest"
)
NEAR: Final = word_set(
"beside near by behind with holding riding next alongside against under below above beneath "
                        "underneath on in inside at over onto atop through of from around between along across "
                        "into within up to for off near outside wearing carrying before"
)  # fmt: skip
DIRECTIONS: Final = {"above": "top", "below": "bottom", "under": "bottom", "beneath": "bottom", "underneath": "bottom"}
REMOVAL: Final = word_set(
    "remove removing removes erase erasing delete deleting eliminate eliminating rid strip cut crop clear wipe retouch "
    "inpaint take edit scrub hide discard drop cleanup clean removal"
)
REMOVED: Final = word_set("removed erased deleted gone disappear vanish away eliminated invisible out cleaned cut")
KEEPING: Final = word_set(
    "without keep keeping preserve preserving leave leaving retain retaining spare avoid avoiding ignore skip protect except "
    "excluding exclude excepting but besides save not never don't dont doesn't doesnt shouldn't shouldnt mustn't cannot can't "
    "won't wont nothing minus stop refrain"
)
KEPT: Final = word_set("stay stays remain remains kept intact untouched unchanged alone preserved")
WANTING: Final = word_set("want need like wish")
OTHER_ACTIONS: Final = word_set(
    "add insert put place replace swap change turn make restore bring paint draw fill blend recolor recolour colorize "
    "sharpen brighten darken enlarge move rotate resize blur love enjoy show find detect describe count identify see "
    "generate create give undo improve enhance fix repair reconstruct maintain smooth match use convert"
)
PRONOUNS: Final = word_set("it them this these that those")
NEUTRAL: Final = word_set(
"photo photos image images picture pictures photograph pic frame shot scene canvas screen view "
                           "snapshot"
)  # fmt: skip
SCENERY: Final = word_set(
    "beach street road sky water sea ocean grass field wall snow sand park room ground floor lake river mountain mountains "
    "forest garden pavement sidewalk square bridge building buildings city shore coast hill path meadow lawn"
)
EVERYTHING: Final = word_set("everything anything thing things object objects stuff rest else something")
BENIGN_KEPT: Final = (
    EVERYTHING
    | NEUTRAL
    | SCENERY
    | word_set("background quality original colors colours style texture details detail lighting surroundings is")
)
BREAKS: Final = word_set("and & plus also or , as well then")
ARTICLES: Final = word_set("the a an my our your his her their its some this that these those")
FILLERS: Final = word_set(
    "please pls kindly can could would will you i i'd we us me help want need like wish to just only simply be being been "
    "is are was were am should must have has had get got getting do does did there here so thanks thank hi hello hey now "
    "completely entirely fully totally carefully cleanly whole entire very really it's that's who which standing sitting "
    "walking running visible located placed seen shown appearing written printed shows unwanted ugly annoying distracting "
    "random certain same another different too if possible ok okay away gone out it them he she they go "
    "semi-transparent transparent translucent repeated repeating tiled diagonal faint large-scale overlaid "
    "far burned-in digital anywhere everywhere together almost most closest kind lying laying posing hanging positioned"
)
TRANSPARENT_HEADS: Final = word_set(
    "group groups crowd crowds bunch lot lots row set line lines piece pieces block bit number pair couple"
)
