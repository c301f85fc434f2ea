"""Generated text that nobody can take for a model's: it says that it is simulated. Pure and deterministic."""

from __future__ import annotations

from quire.simulator.draws import digest

NOTICE = "[simulated] No model wrote this:"
_MINIMUM, _SPREAD = 8, 24

_VOCABULARY = """
acorn amber anchor apple arrow aspen autumn badger bamboo barley basil basket beacon birch blanket
blossom boulder branch breeze bridge bronze brook butter button cabin candle canyon carrot castle
cedar chalk cherry chestnut cinder clay cliff clover cloud cobalt compass copper coral cotton crane
creek cricket crystal daisy dawn delta desert dew dolphin dove dune eagle ember fable falcon feather
fern field fig finch flint forest fountain fox frost garden garnet ginger glacier goose granite
grape gravel grove harbor harvest hazel hearth heron hill honey horizon indigo iris island ivory ivy
jade jasmine juniper kettle lagoon lake lantern larch lark laurel lavender leaf lemon lichen lilac
linen lotus lynx maple marble marsh meadow melon mint mist moss moth mountain myrtle nectar needle
nest north oak oasis ocean olive onyx opal orchard orchid otter owl oyster paper parcel path peach
pearl pebble pepper petal pine plum pocket pollen pond poplar prairie quartz quill quilt rabbit rain
raven reed ribbon ridge river robin rose rowan saffron sage sail salt sand satin shadow shell silk
silver slate snow sparrow spice spring spruce star stone storm stream summer sunset swallow swan
thicket thistle thunder tide timber topaz trail tulip tundra valley vanilla velvet village vine
violet walnut water wave wheat willow wind winter wolf wood wool wren yarrow zephyr
"""
_WORDS = _VOCABULARY.split()


def sentence(key: bytes) -> str:
    """A notice that the text is simulated and some words, chosen by ``key``."""
    draw = digest(b"words", key, size=1 + _MINIMUM + _SPREAD)
    length = _MINIMUM + draw[0] % _SPREAD
    words = [_WORDS[byte % len(_WORDS)] for byte in draw[1 : 1 + length]]
    return f"{NOTICE} {' '.join(words)}."
