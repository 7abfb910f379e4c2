# SPDX-License-Identifier: Apache-2.0
"""What an OpenAPI 3.1 document may look like, as a JSON schema: the parts of the specification that the
description of the administration uses, each closed, so that a misspelt or misplaced key is found.
"""

TEXT = {"type": "string", "minLength": 1}
SCHEMA = {"$ref": "https://json-schema.org/draft/2020-12/schema"}


def closed(properties, required=()):
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def map_of(value, **more):
    return {"type": "object", "additionalProperties": value, **more}


def or_ref(value):
    return {"if": {"type": "object", "required": ["$ref"]},
            "then": closed({"$ref": {"type": "string", "pattern": "^#/components/"}}, ["$ref"]),
            "else": value}


MEDIA = map_of(closed({"schema": SCHEMA}, ["schema"]), minProperties=1,
               propertyNames={"pattern": "^[a-z]+/[a-z+.-]+$"})

PARAMETER = {
    **closed({"name": TEXT, "in": {"enum": ["path", "query", "header"]}, "required": {"type": "boolean"},
              "description": TEXT, "schema": SCHEMA}, ["name", "in", "schema"]),
    "if": {"properties": {"in": {"const": "path"}}},
    "then": {"properties": {"required": {"const": True}}, "required": ["required"]},
}

RESPONSE = closed({"description": TEXT, "content": MEDIA}, ["description"])

OPERATION = closed({
    "operationId": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"},
    "summary": TEXT,
    "tags": {"type": "array", "items": TEXT},
    "parameters": {"type": "array", "items": or_ref(PARAMETER), "uniqueItems": True},
    "requestBody": or_ref(closed({"content": MEDIA, "required": {"type": "boolean"}}, ["content"])),
    "responses": map_of(or_ref(RESPONSE), minProperties=1,
                        propertyNames={"pattern": "^([1-5][0-9][0-9]|default)$"}),
    "security": {"type": "array", "items": map_of({"type": "array", "items": TEXT})},
}, ["operationId", "responses"])

SECURITY = {
    "type": "object", "required": ["type"],
    "oneOf": [closed({"type": {"const": "http"}, "scheme": TEXT}, ["scheme"]),
              closed({"type": {"const": "apiKey"}, "in": {"enum": ["query", "header", "cookie"]}, "name": TEXT},
                     ["in", "name"])],
}

DOCUMENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **closed({
        "openapi": {"type": "string", "pattern": r"^3\.1\.\d+$"},
        "info": closed({"title": TEXT, "version": TEXT}, ["title", "version"]),
        "servers": {"type": "array", "items": closed({"url": TEXT}, ["url"])},
        "security": {"type": "array", "items": map_of({"type": "array", "items": TEXT})},
        "paths": map_of(
            closed({method: OPERATION for method in ("get", "put", "post", "delete", "patch")}),
            propertyNames={"pattern": "^/"}),
        "components": closed({"schemas": map_of(SCHEMA), "responses": map_of(RESPONSE),
                              "securitySchemes": map_of(SECURITY)}),
    }, ["openapi", "info", "paths"]),
}
