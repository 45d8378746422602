import pytest

from pacsd.dicom.dictionary import tag_of
from pacsd.dicom.level import Level
from pacsd.dicom.level_attributes import _KEYWORDS, level_of
from pacsd.index.attributes import ATTRIBUTES


def test_every_keyword_is_one_of_the_dictionary_and_stands_once() -> None:
    keywords = [word for words in _KEYWORDS.values() for word in words.split()]
    assert [word for word in keywords if tag_of(word) is None] == []
    assert sorted(keywords) == sorted(set(keywords))


def test_indexed_attributes_have_the_level_they_are_indexed_at() -> None:
    several = {0x00080201}  # Timezone Offset From UTC: of the SOP Common Module
    for level, attributes in ATTRIBUTES.items():
        for each in attributes:
            if each.tag not in several and each.sequence is None:
                assert level_of(each.tag) is level, each.keyword


@pytest.mark.parametrize("keyword", ["Rows", "KVP", "InstanceNumber", "ImageType"])
def test_everything_else_is_of_instances(keyword: str) -> None:
    assert level_of(tag_of(keyword) or 0) is Level.INSTANCE
