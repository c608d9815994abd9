# SPDX-License-Identifier: Apache-2.0
"""/openapi.json: a valid description, true of the server by schemathesis' word and by our own look at each answer."""
import json
import os
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as xml

import conftest
import images
import jsonschema
import openapi_spec_validator
import pytest

HERE = pathlib.Path(__file__).resolve().parent
FORMS = ["/api/petshop/identify-breed", "/api/petshop/identify-species", "/api/petshop/breed-suggestions", "/api/adoption/identify",
         "/api/petshop/batch-identify"]
PATHS = ["/", "/health", "/openapi.json", *FORMS]
OPERATIONS = ["GET /", "GET /health", *[f"POST {path}" for path in FORMS]]  # schemathesis leaves out the description itself
CASES, SEED, LIMIT_S = 50, 1, 240


@pytest.fixture(scope="module")
def description(server):
    return server.get("/openapi.json").json()


def check(description, schema, value):
    jsonschema.Draft202012Validator({**schema, "components": description["components"]},
                                    format_checker=jsonschema.FormatChecker()).validate(value)


def answer_schema(description, path, status):
    (operation,) = description["paths"][path].values()
    return operation["responses"][str(status)]["content"]["application/json"]["schema"]


# ---- the description itself ----

def test_valid(description):
    openapi_spec_validator.validate(description)


def test_every_endpoint_is_described(description):
    assert sorted(description["paths"]) == sorted(PATHS)
    for path, item in description["paths"].items():
        assert list(item) == ["post" if path in FORMS else "get"]
        (operation,) = item.values()
        assert operation["summary"] and operation["description"] and re.fullmatch(r"[a-z-]+", operation["operationId"])


def test_every_error_is_described(description):
    """The texts that stand in reply.c, and no other."""
    source = (conftest.ROOT / "src" / "server" / "reply.c").read_text()
    tables = source[source.index("refusals[] = {"):source.index("/* `text` with its")]
    promised = {(int(status), re.escape(text).replace("%s", ".+")) for status, text in re.findall(r'\{ (\d+), "([^"]+)"', tables)}
    promised -= {(404, re.escape("Endpoint not found"))}  # of no path in particular: the description's introduction tells it
    told = set()
    for item in description["paths"].values():
        for status, answer in [*item.values()][0]["responses"].items():
            told |= {(int(status), e["value"]["error"]) for e in answer["content"]["application/json"].get("examples", {}).values()}
    for status, pattern in promised:
        assert any(status == s and re.fullmatch(pattern, text) for s, text in told), (status, pattern)
    for status, text in told:
        assert any(status == s and re.fullmatch(pattern, text) for s, pattern in promised), (status, text)


def test_errors_are_told_where_they_can_happen(description):
    def errors(path):
        return {e["value"]["error"] for answer in [*description["paths"][path].values()][0]["responses"].values()
                for e in answer["content"]["application/json"].get("examples", {}).values()}
    assert "top_k must be an integer from 1 to 50" in errors(FORMS[0]) and "top_k must be an integer from 1 to 50" not in errors(FORMS[1])
    assert "images must be 1 to 32 files" in errors(FORMS[4]) and "images must be 1 to 32 files" not in errors(FORMS[0])
    assert "No file selected" in errors(FORMS[0]) and "No file selected" not in errors(FORMS[4]) and "No file selected" not in errors("/health")


def test_examples_are_what_the_schemas_say(description):
    for schema in description["components"]["schemas"].values():
        if "example" in schema:
            check(description, schema, schema["example"])
    for item in description["paths"].values():
        for answer in [*item.values()][0]["responses"].values():
            content = answer["content"]["application/json"]
            for example in [content["example"]] if "example" in content else [e["value"] for e in content.get("examples", {}).values()]:
                check(description, content["schema"], example)


def test_species_are_those_of_the_model(description):
    rows = [line.split("\t") for line in (conftest.MODEL / "taxonomy.tsv").read_text().splitlines()[1:]]
    assert sorted(description["components"]["schemas"]["Species"]["enum"]) == sorted({row[3] for row in rows} | {"Unknown"})


def test_limits_are_those_of_the_configuration(start):
    text = start(MAX_UPLOAD_MB=3, ALLOWED_EXTENSIONS="png").get("/openapi.json").text
    assert "Image is too large: at most 3 MB" in text and "Invalid file type. Allowed: png" in text


# ---- against the server ----

@pytest.mark.parametrize("field", ["upload_to_cloudinary", "explain"])
def test_every_word_of_a_boolean_field_is_taken(server, description, field):
    form = description["paths"][FORMS[0]]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    for word in form["properties"][field]["enum"]:
        assert server.post(FORMS[0], images.jpeg(images.photo(60, 40)), data={field: word}).status_code == 200


def test_an_explanation_is_as_described(server, description):
    data = server.post(FORMS[0], images.jpeg(images.photo()), data={"explain": "true"}).json()["data"]
    assert data["explanation"]
    check(description, description["components"]["schemas"]["BreedResult"], data)


@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_as_described(server, description, path):
    if path in FORMS:
        answer = server.post(path, images.jpeg(images.photo()), field="images" if "batch" in path else "image")
    else:
        answer = server.get(path)
    assert answer.status_code == 200
    check(description, answer_schema(description, path, 200), answer.json())


@pytest.mark.parametrize("path", FORMS)
def test_an_error_is_as_described(server, description, path):
    answer = server.post(path, files={"other": ("a.jpg", b"x")})
    assert answer.status_code == 400
    check(description, answer_schema(description, path, 400), answer.json())


@pytest.fixture(scope="module")
def schemathesis_report(server, tmp_path_factory):
    where = tmp_path_factory.mktemp("schemathesis")
    done = subprocess.run([pathlib.Path(sys.executable).with_name("schemathesis"), "run", server.url + "/openapi.json", "--max-examples", str(CASES),
                           "--seed", str(SEED), "--continue-on-failure", "--report", "junit", "--report-junit-path", where / "junit.xml"],
                          cwd=where, env={**os.environ, "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}, capture_output=True, text=True, timeout=LIMIT_S)
    return done, {case.get("name"): case for case in xml.parse(where / "junit.xml").iter("testcase")}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_schemathesis_finds_nothing(schemathesis_report, operation):
    done, cases = schemathesis_report
    assert not list(cases[operation]), done.stdout


def test_schemathesis_has_tried_everything(schemathesis_report):
    done, cases = schemathesis_report
    assert done.returncode == 0 and sorted(cases) == sorted(OPERATIONS), done.stdout + done.stderr
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 100 + CASES
