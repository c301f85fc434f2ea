"""Which texts may hold a piece of text: signatures of many texts, from which a search reads a few kilobytes.

A text's signature is a row of bits, one for each slot that some three bytes of it (in lower case) fall into. Those of
a block of texts are kept by slot, not by text (Faloutsos and Christodoulakis, "Signature files", 1984, bit-sliced): a
search reads the slots of its own three-byte pieces alone, and what is set in all of them may hold the text. Nothing
that does is missed; docs/decisions/0204-trace-text.md has what it costs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

SLOTS = 4096
PER_BLOCK = 1024
"""Texts in a block."""
PER_PART = 32
"""Slots that are kept together: 4 KB."""
_WIDTH = PER_BLOCK // 8
_MOST_SLOTS = 8
_FACTORS = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_MIX = 0x27D4EB2F
_MASK = 0xFFFFFFFF


def block_parts(texts: Mapping[int, bytes]) -> list[bytes]:
    """The signatures of a block's texts, each at its place from 0, as parts of 32 slots."""
    import numpy

    first, second, third = (numpy.uint32(factor) for factor in _FACTORS)
    bits = numpy.zeros((SLOTS, PER_BLOCK), dtype=bool)
    for place, text in texts.items():
        if len(text) > 2:
            letters = numpy.frombuffer(text.lower(), dtype=numpy.uint8).astype(numpy.uint32)
            mixed = letters[:-2] * first
            mixed += letters[1:-1] * second
            mixed += letters[2:] * third
            mixed ^= mixed >> numpy.uint32(15)
            mixed *= numpy.uint32(_MIX)
            mixed >>= numpy.uint32(20)
            bits[mixed.astype(numpy.intp), place] = True  # numpy is five times slower with other integers
    packed = numpy.packbits(bits, axis=1)
    return [packed[first : first + PER_PART].tobytes() for first in range(0, SLOTS, PER_PART)]


def pattern_slots(pattern: str, *, ignore_case: bool) -> list[int]:
    """Slots that every text that fits a LIKE pattern has set; none if the pattern has no three letters in a row."""
    found: dict[int, None] = {}
    for piece in re.split(r"[%_]+", pattern):
        letters = piece.encode().lower()
        for place in range(len(letters) - 2):
            three = letters[place : place + 3]
            # Letters beyond ASCII have other bytes in the other case.
            if not ignore_case or three.isascii():
                found[_slot(three)] = None
    slots = list(found)
    return slots[:: -(-len(slots) // _MOST_SLOTS)] if slots else []


def _slot(three: bytes) -> int:
    mixed = sum(letter * factor for letter, factor in zip(three, _FACTORS, strict=True)) & _MASK
    mixed ^= mixed >> 15
    return (mixed * _MIX & _MASK) >> 20


def parts_of(slots: Iterable[int]) -> list[int]:
    """The parts that hold these slots."""
    return sorted({slot // PER_PART for slot in slots})


def places(parts: Mapping[int, bytes], slots: Sequence[int]) -> list[int]:
    """The places in a block whose texts have all these slots set; ``parts`` are the block's that hold them."""
    left = (1 << PER_BLOCK) - 1
    for slot in slots:
        start = slot % PER_PART * _WIDTH
        left &= int.from_bytes(parts[slot // PER_PART][start : start + _WIDTH], "big")
        if not left:
            return []
    found = []
    while left:
        highest = left.bit_length() - 1
        found.append(PER_BLOCK - 1 - highest)
        left ^= 1 << highest
    return found
