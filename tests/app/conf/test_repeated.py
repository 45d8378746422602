from pacsd.app.conf.repeated import repeated_titles
from pacsd.app.conf.sources import Origin, Override, Sources


def test_each_repetition_names_the_first() -> None:
    variable = Origin("environment", "PACSD_AE")
    sources = Sources(None, [Override(("ae",), [], variable)])
    errors = repeated_titles(sources, ["A", "B", "A", "A"], "ae", "title")
    rule = 'PACSD_AE = "A": given twice, first at environment PACSD_AE'
    assert [str(error) for error in errors] == [f"environment: {rule}"] * 2


def test_different_titles_are_fine() -> None:
    assert repeated_titles(Sources(None), ["A", "a"], "ae", "title") == []
