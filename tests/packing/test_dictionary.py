"""The dictionary of small bodies: never another under its number, and bounded like all else."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard

from packing import dictionary

SAID = (
    b'{"acknowledged_seq":17,"app_version":"0.1.0","device_id":"tablet-1","protocol":1,"want":500}'
)
FRAME = "28b52ffd21015cc500002837742d312205f004d93e3aae7e339782249890befb8501"


def test_the_dictionary_of_a_number_is_the_same_for_ever() -> None:
    # A county and a tablet of any version have to come to the same bytes.
    content = dictionary.dictionary().as_bytes()
    assert hashlib.sha256(content).hexdigest() == (
        "2b4fddb30b3bfac5f47f11543d12fac4957047c5eb4ccecaf491b35e40712073"
    )
    assert dictionary.dictionary().dict_id() == dictionary.NUMBER


def test_a_frame_written_once_is_read_for_ever() -> None:
    assert dictionary.decompressed(bytes.fromhex(FRAME), 1 << 20) == SAID
    assert len(FRAME) // 2 < len(SAID)


def test_a_frame_names_its_dictionary() -> None:
    assert zstandard.get_frame_parameters(dictionary.compressed(SAID)).dict_id == dictionary.NUMBER


@pytest.mark.parametrize("number", [0, 2])
def test_a_frame_of_another_dictionary_is_none_of_this_coding(number: int) -> None:
    other = zstandard.ZstdCompressionDict(dictionary.dictionary().as_bytes())
    frame = bytearray(zstandard.ZstdCompressor(dict_data=other).compress(SAID))
    assert frame[5] == dictionary.NUMBER
    if number:
        frame[5] = number
    else:
        frame = bytearray(zstandard.ZstdCompressor().compress(SAID))
    with pytest.raises(zstandard.ZstdError):
        dictionary.decompressed(bytes(frame), 1 << 20)


def test_a_bomb_is_read_no_further_than_its_bound() -> None:
    bomb = dictionary.compressed(bytes(4 << 20))
    assert len(dictionary.decompressed(bomb, 1 << 20)) == (1 << 20) + 1


def test_many_threads_compress_with_it_at_once() -> None:
    bodies = [SAID + bytes(str(number), "ascii") * 50 for number in range(200)]
    with ThreadPoolExecutor(4) as pool:
        frames = list(pool.map(dictionary.compressed, bodies))
    assert [dictionary.decompressed(frame, 1 << 20) for frame in frames] == bodies
