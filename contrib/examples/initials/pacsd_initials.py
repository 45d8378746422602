"""Who has no role that knows patients sees their initials; what objects say stays as it is."""

from pacsd.api.hooks import hookimpl
from pacsd.api.plugin import Plugin
from pacsd.api.query_results import Attributes, QueryResults
from pacsd.api.settings import Settings


class InitialsSettings(Settings):
    """Who sees names."""

    roles: tuple[str, ...] = ("clinician",)
    """Roles, of those who log in, that see names as they are."""


class Initials(Plugin[InitialsSettings]):
    """Shortens names in what queries tell, and leaves out what else says who somebody is."""

    settings_class = InitialsSettings

    @hookimpl
    async def pacsd_query_results(self, results: QueryResults) -> QueryResults | None:
        """Answered from memory, so it may be async."""
        who = results.principal
        if who.is_authenticated and not {*who.roles}.isdisjoint(self.settings.roles):
            return None
        return results.with_values(shortened)


def shortened(match: Attributes) -> dict[str, str]:
    """Names as initials, "Doe^Jane" as "D^J"; no birth date, no other names."""
    names = match.values.get("PatientName")
    changes = {} if names is None else {"PatientName": initials(names)}
    hidden = ("PatientBirthDate", "OtherPatientNames", "PatientBirthName", "PatientAddress")
    return changes | {keyword: "" for keyword in hidden if keyword in match.values}


def initials(name: str) -> str:
    """Of family and given name, the alphabetic ones: others have none (PS3.5 section 6.2.1)."""
    components = name.partition("=")[0].split("^")[:2]
    return "^".join(component[:1] for component in components).rstrip("^")
