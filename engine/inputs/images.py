"""Chooses which attached pictures a model is shown: real pictures, few, and not too large."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.domain.model_call import Image, Prompt
from engine.formats.pictures import media_type_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.domain.brief import AttachedFile

#: How many pictures go with a prompt, the first ones.
MOST_IMAGES = 4

#: The largest picture, in bytes, and all of them together. As base64 3.5 MB are 4.7 MB, below the 5 MB where the first providers refuse one
#: (https://docs.claude.com/en/docs/build-with-claude/vision).
LARGEST_IMAGE = 3_500_000
LARGEST_ALL_IMAGES = 7_000_000


def images_of(files: Iterable[AttachedFile]) -> tuple[Image, ...]:
    """Return the pictures among `files` that a model may be shown, in order. Bounds: MOST_IMAGES, LARGEST_IMAGE, LARGEST_ALL_IMAGES."""
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
    """Return the prompt with the pictures among `files` beside its last message; its text describes them for a model without sight."""
    images = images_of(files)
    if not images:
        return prompt
    *before, last = prompt.messages
    return replace(prompt, messages=(*before, replace(last, images=images)))
