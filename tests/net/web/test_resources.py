from pacsd.dicomweb.required_attributes import SEARCHES
from pacsd.dicomweb.targets import TEMPLATES
from pacsd.net.web.resources import RESOURCES, WebService


def test_every_search_is_served_and_has_a_path() -> None:
    assert all(RESOURCES[kind]["GET"] is WebService.SEARCH for kind in SEARCHES)
    assert RESOURCES.keys() <= TEMPLATES.keys()


def test_every_service_has_a_resource() -> None:
    served = {service for methods in RESOURCES.values() for service in methods.values()}
    assert served == set(WebService)


def test_nothing_is_deleted_that_names_no_study() -> None:
    deletable = [TEMPLATES[kind] for kind, methods in RESOURCES.items() if "DELETE" in methods]
    assert deletable
    assert all("{study}" in template for template in deletable)
