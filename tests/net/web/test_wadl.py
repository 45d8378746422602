"""The Capabilities Description."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from pacsd.dicomweb.targets import TEMPLATES
from pacsd.net.web.operations import transactions
from pacsd.net.web.resources import RESOURCES
from pacsd.net.web.wadl import NAMESPACE, capabilities

NAME = f"{{{NAMESPACE}}}"
ROOT_URL = "http://localhost:8080/dicomweb"


def described(root_url: str = ROOT_URL) -> ET.Element:
    """Its one `resources`."""
    document = ET.fromstring(capabilities(root_url))  # noqa: S314 - our own
    assert document.tag == f"{NAME}application"
    (resources,) = document.findall(f"{NAME}resources")
    return resources


def resources_of(above: ET.Element, path: str = "") -> Iterator[tuple[str, ET.Element]]:
    for each in above.findall(f"{NAME}resource"):
        here = f"{path}/{each.get('path')}"
        yield here, each
        yield from resources_of(each, here)


def test_each_resource_served_stands_in_it_and_the_reverse() -> None:
    """But for OPTIONS, which PS3.18 annex H leaves out."""
    served = {TEMPLATES[kind]: {*RESOURCES[kind]} - {"OPTIONS"} for kind in RESOURCES}
    found = {
        path: {method.get("name") for method in resource.findall(f"{NAME}method")}
        for path, resource in resources_of(described())
    }
    assert {path: methods for path, methods in found.items() if methods} == served


def test_methods_have_names_and_say_what_they_take_and_answer() -> None:
    methods = {each.get("id"): each for each in described().iter(f"{NAME}method")}
    assert methods.keys() == {each.id for each in transactions() if each.method != "OPTIONS"}
    search = methods["SearchForAllStudies"]
    named = {each.get("name"): each for each in search.iter(f"{NAME}param")}
    assert {"Accept", "PatientName", "limit", "includefield"} <= named.keys()
    assert named["Accept"].get("default") == "application/dicom+json"
    statuses = [each.get("status") for each in search.findall(f"{NAME}response")]
    assert statuses == ["200", "400 401 406 413 421 503"]
    store = methods["StoreIntoStudy"].find(f"{NAME}request/{NAME}representation")
    assert store is not None
    assert store.get("mediaType") == 'multipart/related; type="application/dicom"'


def test_variables_are_told() -> None:
    found = dict(resources_of(described()))
    parameter = found["/studies/{study}"].find(f"{NAME}param")
    assert parameter is not None
    assert (parameter.get("name"), parameter.get("style")) == ("study", "template")


def test_w21_the_base_is_a_url_whatever_the_host() -> None:
    assert described().get("base") == ROOT_URL
    assert described('http://a"><b&\udcff').get("base") == "http://a%22%3E%3Cb&?"
