"""Messages in bytes, however these come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signward_server.supervisor.frames import LARGEST, BadFrameError, Frames, frame

CONTENTS = st.lists(st.binary(min_size=1, max_size=50), max_size=5)


@given(CONTENTS, st.integers(1, 20))
def test_what_was_framed_comes_out_however_it_is_cut(contents, size):
    sent = b"".join(map(frame, contents))
    frames = Frames()
    pieces = (sent[start : start + size] for start in range(0, len(sent), size))
    assert [found for piece in pieces for found in frames.feed(piece)] == contents


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_any_bytes_give_messages_or_are_refused(pieces):
    frames = Frames()
    try:
        found = [content for piece in pieces for content in frames.feed(piece)]
    except BadFrameError:
        return
    assert sum(map(len, found)) <= sum(map(len, pieces))


@pytest.mark.parametrize("length", [0, LARGEST + 1, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_before_anything_is_kept(length):
    with pytest.raises(BadFrameError):
        list(Frames().feed(length.to_bytes(4, "big")))


def test_the_largest_message_is_taken_and_no_larger_one_sent():
    content = bytes(LARGEST)
    assert list(Frames().feed(frame(content))) == [content]
    with pytest.raises(BadFrameError):
        frame(content + b"x")
