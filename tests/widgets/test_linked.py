"""Several modules become one that a browser can load from anywhere."""

from __future__ import annotations

import pytest

from nbapimgr.widgets._linked import linked, static


def put(folder, **sources):
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source)
    return folder


def test_each_module_is_there_once_behind_those_it_imports(tmp_path):
    folder = put(
        tmp_path,
        main='import { a } from "./a.js";\nimport {\n  b,\n} from "./b.js";\nexport default 1;\n',
        a='import { b } from "./b.js";\n\nexport function a() { return b; }\n',
        b="export const b = 1;\nexport async function c() {}\nexport class D {}\n",
    )
    text = linked("main.js", folder)
    assert [line for line in text.splitlines() if line] == [
        "const b = 1;",
        "async function c() {}",
        "class D {}",
        "function a() { return b; }",
        "export default 1;",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("export * from 'x';\n", "b.js: cannot be linked: export *"),
        ('import x from "./x.js";\n', "b.js: cannot be linked: import x"),
        ('import { y as z } from "./x.js";\n', "b.js: cannot be linked: import { y"),
        ("export { q };\n", "b.js: cannot be linked: export { q }"),
        ('import { main } from "./main.js";\n', "main.js > b.js > main.js"),
        ("const other = 1;\n", "both have 'other' at their top"),
    ],
)
def test_what_cannot_be_linked_is_an_error(tmp_path, wrong, said):
    put(tmp_path, main='import { b } from "./b.js";\nconst other = 2;\n', b=wrong)
    with pytest.raises(ValueError, match=said.replace("*", r"\*")):
        linked("main.js", tmp_path)


def test_comments_on_lines_of_their_own_stay_behind(tmp_path):
    source = (
        "/** Two\n * lines. */\nconst a = /** @type {A} */ (1); /* kept */\n"
        "/** @type {B} */ (a); // kept\n  /* gone */\nconst b = a;\n/* gone */ \n"
    )
    put(tmp_path, main=source)
    assert linked("main.js", tmp_path) == (
        "const a = /** @type {A} */ (1); /* kept */\n/** @type {B} */ (a); // kept\nconst b = a;\n"
    )


def test_an_entry_that_imports_from_elsewhere_is_an_error(tmp_path):
    put(tmp_path, main='import x from "https://cdn.example/x.js";\n')
    with pytest.raises(ValueError, match="cannot be linked: import x"):
        linked("main.js", tmp_path)


def test_what_the_browser_gets_is_in_the_package():
    assert "RFC 9180" in static("seal.js")
