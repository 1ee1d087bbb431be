from __future__ import annotations

import pytest

from engine.domain.brief import AttachedFile
from engine.domain.model_call import Message, Prompt
from engine.inputs.images import LARGEST_ALL_IMAGES, LARGEST_IMAGE, MOST_IMAGES, images_of, with_images

PNG = b"\x89PNG\r\n\x1a\n"


def file(name: str, content: bytes, media_type: str = "image/png") -> AttachedFile:
    return AttachedFile(name, media_type, content)


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG + b"x", "image/png"),
        (b"\xff\xd8\xff\xe0x", "image/jpeg"),
        (b"GIF89ax", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPx", "image/webp"),
    ],
)
def test_a_pictures_type_is_that_of_its_bytes(content: bytes, media_type: str) -> None:
    (image,) = images_of([file("a.bin", content, "application/octet-stream")])
    assert image.media_type == media_type


@pytest.mark.parametrize("content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"RIFF1234WAVE", b"a,b\n1,2\n"])
def test_what_only_says_that_it_is_a_picture_is_none(content: bytes) -> None:
    assert images_of([file("a.png", content)]) == ()


def test_they_are_few_and_not_large() -> None:
    assert len(images_of([file(f"{n}.png", PNG) for n in range(9)])) == MOST_IMAGES
    assert images_of([file("a.png", PNG + bytes(LARGEST_IMAGE))]) == ()
    large = [file(f"{n}.png", PNG + bytes(LARGEST_IMAGE - 8)) for n in range(3)]
    assert sum(len(image.content) for image in images_of([*large, file("s.png", PNG)])) <= LARGEST_ALL_IMAGES


def test_they_go_with_the_last_message_and_the_words_stay() -> None:
    prompt = Prompt("p", "1", "d", (Message("system", "rules"), Message("user", "brief")))
    assert with_images(prompt, [file("a.csv", b"1,2")]) is prompt
    first, last = with_images(prompt, [file("a.png", PNG)]).messages
    assert first.images == ()
    assert (last.content, [image.name for image in last.images]) == ("brief", ["a.png"])
