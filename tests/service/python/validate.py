"""Validates JSON against the schemas of a directory: on standard input, lines of a schema's name, a
tab, and an answer. Prints what is wrong, one line each; silence is consent.

What readers may ignore, we must not forget to describe: here, a field that a schema does not name is
wrong too.
"""

import json
import pathlib
import sys

from jsonschema import Draft202012Validator
from referencing import Registry, Resource


def closed(schema):
    """The schema with every object of it closed against fields that it does not name."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    same = {name: closed(part) for name, part in schema.items()}
    if isinstance(same.get("properties"), dict) and same.get("type") == "object":
        same["additionalProperties"] = False
    return same


schemas = {}
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    schemas[path.stem] = closed(schema)
registry = Registry().with_resources(
    (schema["$id"], Resource.from_contents(schema)) for schema in schemas.values()
)
for line in sys.stdin:
    name, answer = line.split("\t", 1)
    validator = Draft202012Validator(schemas[name], registry=registry)
    for error in validator.iter_errors(json.loads(answer)):
        print(f"{name}: {error.json_path}: {error.message}: {answer.strip()}")
