"""What stands beside DICOMweb on the listener, as the OpenAPI document has it."""

import re
from collections.abc import Iterable, Iterator

from pacsd.net.web.described_values import Json
from pacsd.net.web.job_operations import JOB_OPERATIONS, QUERY, JobOperation
from pacsd.net.web.operations import JSON
from pacsd.net.web.plugin_routes import PluginRoute

PROBLEMS = {
    400: "A parameter is none.",
    401: "Who asks is not known.",
    403: "Who asks may not.",
    404: "It is not there.",
    409: "It is in another state.",
    413: "The body is too long.",
    502: "The plugin did not answer as it should.",
    503: "It cannot be done now.",
    504: "The plugin did not answer in time.",
}
_OF_PLUGIN = (401, 403, 404, 413, 502, 503, 504)
_ROOT = [{"url": "/"}]
_VARIABLE = re.compile(r"\{(\w+)\}")


def paths_beside(routes: Iterable[PluginRoute] = ()) -> dict[str, Json]:
    """The paths of jobs and of plugins' routes; they begin at the root of the listener."""
    paths: dict[str, dict[str, object]] = {}
    for operation in JOB_OPERATIONS:
        at = paths.setdefault(operation.path, {"servers": _ROOT})
        at[operation.method.lower()] = _of_jobs(operation)
    for each in routes:
        at = paths.setdefault(each.path, {"servers": _ROOT})
        at[each.route.method.lower()] = _of_plugin(each)
    return dict(paths)


def _of_jobs(operation: JobOperation) -> Json:
    content = {JSON: {"schema": {"$ref": f"#/components/schemas/{operation.schema}"}}}
    return {
        "operationId": operation.name,
        "summary": operation.name,
        "description": operation.summary,
        "tags": ["jobs"],
        "parameters": [*_variables(operation.path, {"type": "integer"}), *_query(operation)],
        "responses": {
            "200": {"description": "What there is.", "content": content},
            **_problems(operation.problems),
        },
    }


def _of_plugin(each: PluginRoute) -> Json:
    words = re.findall(r"[A-Za-z0-9]+", f"{each.plugin} {each.route.path}")
    name = each.route.method.title() + "".join(word.title() for word in words)
    return {
        "operationId": f"{name}OfPlugin",
        "summary": each.route.summary,
        "tags": [f"plugin {each.plugin}"],
        "parameters": [*_variables(each.path, {"type": "string"})],
        "responses": {
            "200": {"description": "What the plugin answers."},
            **_problems(_OF_PLUGIN),
        },
    }


def _variables(path: str, schema: Json) -> Iterator[Json]:
    for name in _VARIABLE.findall(path):
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _query(operation: JobOperation) -> Iterator[Json]:
    for name in operation.query:
        description, schema = QUERY[name]
        yield {"name": name, "in": "query", "description": description, "schema": schema}


def _problems(statuses: Iterable[int]) -> dict[str, Json]:
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        f"{status}": {"description": PROBLEMS[status], "content": content} for status in statuses
    }
