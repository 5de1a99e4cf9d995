"""The HTTP API, version 1: OpenAPI 3.1 at /api/v1/openapi.json, problems by RFC 9457."""
