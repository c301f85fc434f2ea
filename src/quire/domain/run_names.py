"""Names for things that were given none: an adjective, a noun and a number, such as ``amber-heron-417``."""

from __future__ import annotations

import random


def _words(text: str) -> list[str]:
    return text.split()


_ADJECTIVES = _words(
    "able agile airy amber apt ample arctic azure balmy bold brave breezy bright brisk calm candid chief civil clear "
    "clever coral cosmic cozy crisp curious dapper daring deft dewy eager early earnest easy elder fabled fair famed "
    "fancy fleet fluent fond frank free fresh frosty gentle gilded glad golden grand green handy happy hardy hazel "
    "honest humble indigo ivory jolly jovial keen kind lively loyal lucid lucky lunar mellow merry mighty mild mindful "
    "modest mossy neat nimble noble olive open patient placid plucky polar proud quick quiet ready regal robust rosy "
    "royal ruby rustic sage scarlet serene sharp shiny silver smooth snowy solar solid spry steady stellar still "
    "sturdy sunny swift tidy tranquil true upbeat velvet vivid warm whole wise witty zesty"
)
_NOUNS = _words(
    "acorn alder anchor aspen atlas badger basil beacon beaver birch bison bramble breeze brook canyon cedar cello "
    "clover comet condor copper coral crane creek cricket crocus curlew dahlia delta dolphin dune eagle elder elm "
    "ember falcon fern finch fjord flint forest fox gable garnet gecko glade grove gull harbor hare harp hawk hazel "
    "heron hickory hill hornet ibis iris island ivy jasper jay juniper kestrel kite lagoon lake larch lark lemur lily "
    "linden lotus lynx magpie maple marlin marsh martin meadow mesa moose moth myrtle nettle newt oak ocelot orchid "
    "oriole osprey otter owl panda pebble pelican petrel pine plover poplar puffin quail quartz rabbit raven reef "
    "ridge river robin salmon seal shrew slate sparrow spruce starling stone stork sumac summit swan teal thistle "
    "thrush tiger topaz trout tulip tundra valley violet walnut walrus wave willow wren yarrow zebra"
)
_random = random.SystemRandom()


def random_name() -> str:
    """An adjective, a noun and a number below 1000, joined by dashes; independent of ``random.seed``."""
    return f"{_random.choice(_ADJECTIVES)}-{_random.choice(_NOUNS)}-{_random.randrange(1000)}"
