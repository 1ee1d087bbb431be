"""Chooses the attached pictures for a prompt: a few, of limited size."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.domain.model_call import Image, Prompt
from engine.formats.pictures import media_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.domain.brief import AttachedFile

#: The first pictures go with a prompt, up to this number.
MOST_IMAGES = 4

#: Bytes of one picture, and of all together. As base64 3.5 MB become 4.7 MB; some providers refuse 5 MB
#: (https://docs.claude.com/en/docs/build-with-claude/vision).
LARGEST_IMAGE = 3_500_000
LARGEST_ALL_IMAGES = 7_000_000


def images_of(files: Iterable[AttachedFile]) -> tuple[Image, ...]:
    """Return the pictures for a prompt, in order, within MOST_IMAGES, LARGEST_IMAGE and LARGEST_ALL_IMAGES."""
    shown: list[Image] = []
    left = LARGEST_ALL_IMAGES
    for file in files:
        media_type = media_type_of(file.content)
        size = len(file.content)
        if media_type and size <= min(LARGEST_IMAGE, left) and len(shown) < MOST_IMAGES:
            shown.append(Image(file.name, media_type, file.content))
            left -= size
    return tuple(shown)


def with_images(prompt: Prompt, files: Iterable[AttachedFile]) -> Prompt:
    """Attach the pictures to the prompt's last message. Its text describes them for a model without vision."""
    images = images_of(files)
    if not images:
        return prompt
    *before, last = prompt.messages
    return replace(prompt, messages=(*before, replace(last, images=images)))
