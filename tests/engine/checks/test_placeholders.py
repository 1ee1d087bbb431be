from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.checks.placeholders import placeholders
from tests.little_time import LARGE, little_time


def lines(path: str, text: str, allowed: str = "") -> list[int]:
    return [number for number, _ in placeholders(path, text, allowed)]


@pytest.mark.parametrize(
    "text",
    [
        "// rest of the code",
        "// The remainder of your JavaScript file",
        "run(); // rest of the existing code",
        "// rest of the code unchanged",
        "// ... (rest of the code remains the same) ...",
        "// Keep the rest of your code as is",
        "/* ... existing code ... */",
        "{/* ... existing code ... */}",
        "/*\n * insert the logic here\n */",
        "// ... rest",
        "// ... (rest of the fields)",
        "// Existing fields...",
        "// existing event listeners …",
        "// (previous handlers go here...)",
        "// ... keep all existing handlers",
        "// ... and so on",
        "// ... more rows",
        "// Rest of the table rows ...",
        "// ...rest",
        "// …existing functions",
        "/* ...rest */",
        "// existing code ...",
        "// previous functions…",
        "// other functions remain unchanged",
        "// Your code here",
        "// Add your code here",
        "// the main script goes here",
        "// everything else stays the same",
        "// same code as before",
        "// omitted for brevity",
        "function add() { /* TODO: implement */ }",
        "function add() { /* TODO */ }",
        "// TODO",
        "// FIXME!",
        "// TODO: implement",
        "// TODO(me): add the handler",
        "// todo implement the sum",
        "# TODO: implement",
        "... rest of the code ...",
        "...existing code...",
        "    ...rest of your script",
        "(… remaining functions …)",
        "[... previous code ...]",
    ],
)
def test_a_comment_or_a_lone_line_of_a_script_in_place_of_code_is_found(text: str) -> None:
    assert lines("app.js", text)
    assert lines("index.html", f"<p>A</p><script>\n{text}\n</script>")


@pytest.mark.parametrize(
    "text",
    [
        "<!-- your code here -->",
        "<main><!-- markup goes here --></main>",
        "<!-- ...existing code -->",
        "<!-- TODO -->",
        "<!-- TODO: implement -->",
        "<!--\n  rest of the page unchanged\n-->",
        "<!-- Lorem ipsum -->",
        "<p>Lorem ipsum dolor sit amet</p>",
        "<div>\n  Lorem ipsum</div>",
        "<body>Your code here</body>",
        "<main>\n  Your content here\n</main>",
        "<section>Content goes here</section>",
        "<main>\n... rest of the page ...\n</main>",
        "[... existing markup ...]",
        "<... existing markup ...>",
        "// rest of the code",
        "<style>\n/* existing styles ... */\n</style>",
        "<style>p {}\n// The CSS remains unchanged\n</style>",
    ],
)
def test_a_comment_or_an_empty_body_of_a_page_is_found(text: str) -> None:
    assert lines("index.html", text)


@pytest.mark.parametrize(
    "text",
    ["/* rest of the styles */", "p {}\n/* TODO: add the colours */", "// other styles ...", "... existing styles ..."],
)
def test_a_comment_or_a_lone_line_of_a_style_sheet_is_found(text: str) -> None:
    assert lines("s.css", text)


@pytest.mark.parametrize(
    "text",
    [
        "<title>Todo list</title>",
        "<title>TODO</title>",
        '<a href="todo.html">TODO</a>',
        '<a href="/todo-app/">Open</a>',
        '<link rel="canonical" href="https://a.github.io/todo-app/">',
        '<ul id="todo" class="todo TODO"></ul>',
        '<label for="todo">TODO</label><input id="todo" placeholder="TODO: add a task">',
        "<h1>TODO</h1><p>TODO: buy milk</p>",
        "<main>TODO</main>",
        "<th>Todo</th><td>TODO</td>",
        "<button>Add todo</button>",
        "<!-- Todo list -->",
        "<!-- TODO LIST -->",
        "<!-- todo: form, list, footer -->",
        "<!-- The rest of the page is hidden until it is loaded -->",
        "<p>The rest of the page is about bees.</p>",
        "<p>Paste your code here</p>",
        "<p>Loading... the rest of the page</p>",
        "<p>Unlike Lorem ipsum, this is a text.</p>",
        "<label>Your file here</label><input type=file>",
        "<button>Your code here</button>",
        '<a href="https://x.example/">the rest of the page</a>',
        '<script src="//cdn.example/a.js" title="your script here"></script>',
        '<input type="file" accept="image/*"><span>Drop your file here</span>',
        '<input accept="*/*" title="your file here">',
        '<textarea placeholder="// your code here"></textarea>',
        "<textarea>// Your code here</textarea>",
        "<pre>// rest of the code</pre>",
        "<p>Write <code>// TODO: implement</code> there.</p>",
        "<pre><code>\n... existing code ...\n</code></pre>",
        '<script type=\'application/json\'>{"hint": "// your code here"}</script>',
    ],
)
def test_addresses_titles_ids_labels_and_ordinary_text_are_nobodys_stand_in(text: str) -> None:
    assert lines("index.html", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "const hint = 'your code here';",
        "const hint = '// your code here';",
        "const hint = `/* your code here */`;",
        "const help = `\n... existing code ...\n// your code here\n`;",
        "const text = 'Lorem ipsum dolor';",
        "show('... existing code ...');",
        "show('the rest of the code'); // shown to the reader",
        "// Render the rest of the page",
        "// Other functions",
        "// The previous page of the list",
        "// A todo has an id, a text and whether it is done.",
        "// Todo list",
        "// TODO items are kept in localStorage",
        "const TODO = 'TODO: implement';",
        "fetch('todo.json'); const todos = document.querySelector('#todo');",
        "const address = 'https://a.github.io/todo-app/';",
        "call(...args);",
        "  ...args,",
        "  ...rest",
        "  ...rest,",
        "  ...previous }",
        "[...rest, one].forEach(run)",
        "[...other.map(run)]",
        "({ a, ...rest }) => {",
        "const { a, ...rest } = all; // takes what is left",
        "/* ... */",
        "...",
        "// implements the search",
        "",
    ],
)
def test_what_a_script_does_and_explains_is_nobodys_stand_in(text: str) -> None:
    assert lines("app.js", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "#your-code { color: red }",
        ".rest { content: '...' }",
        ".todo::before { content: '/* TODO */' }",
        "* { box-sizing: border-box }",
        "/* Todo items */",
    ],
)
def test_what_a_style_sheet_names_is_nobodys_stand_in(text: str) -> None:
    assert lines("s.css", text) == []


#: Stand-ins in the words of many models and in several languages, and honest text that looks like them.
STAND_INS = {
    "app.js": [
        "// unchanged",
        "/* unchanged */",
        "// same as before",
        "// no changes here",
        "// (no changes)",
        "// code unchanged from previous version",
        "// as above",
        "// ... etc.",
        "// [rest of file]",
        "[rest of file]",
        "// [existing code]",
        "// <rest of the script>",
        "// --- rest of the code stays the same ---",
        "// remaining code omitted",
        "// rest omitted",
        "// omitted for space",
        "// snipped",
        "// <snip>",
        "// implementation goes here",
        "// implement this",
        "// implement me",
        "// Implement the sort here",
        "// to be implemented",
        "// not implemented",
        "// Not implemented yet",
        "// placeholder",
        "// stub",
        "// fill in the rest",
        "// fill this in",
        "// add more cases here",
        "// add more items as needed",
        "// similar code for the other fields",
        "// repeat for the other fields",
        "// and so on for the remaining rows",
        "// continue the same way for the others",
        "// other functions here",
        "// other event handlers go here",
        "// add logic here",
        "// your logic here",
        "// TODO: implement",
        "// TODO implement sorting",
        "// TODO: finish this function",
        "// FIXME: implement",
        "// XXX: implement",
        "throw new Error('not implemented');",
        'throw new Error("Not implemented yet");',
        "function sum() { throw new Error('TODO'); }",
        "// le reste du code",
        "// ... reste du code inchangé",
        "// votre code ici",
        "// à implémenter",
        "// Rest des Codes bleibt unverändert",
        "// hier kommt dein Code",
        "// bestehender Code",
        "// unverändert",
        "// resto del código",
        "// tu código aquí",
        "// sin cambios",
        "// 其余代码不变",
        "// 其余代码保持不变",
        "// 此处省略",
        "// 你的代码",
        "// 省略其余代码",
        "// 以下省略",
        "// остальной код без изменений",
        "// ваш код здесь",
        "// resto do código",
        "// seu código aqui",
        "// ここにコードを追加",
        "// 残りのコードは省略",
        "// 나머지 코드는 동일",
        "// ...existing code...",
        "// keep existing code",
        "// Keep everything else as is",
        "// (rest unchanged)",
        "// everything below is unchanged",
        "// Previous code remains",
        "// the rest is the same as in the previous version",
        "// same code as in round 1",
        "// see previous version",
    ],
    "index.html": [
        "<!-- same as before -->",
        "<!-- unchanged -->",
        "<!-- rest of the page -->",
        "<!-- other sections here -->",
        "<!-- more cards here -->",
        "<!-- Add more rows as needed -->",
        "<!-- repeat for other items -->",
        "<!-- content omitted -->",
        "<!-- [rest of file] -->",
        "<main>[rest of file]</main>",
        "<!-- TODO: implement -->",
        "<!-- votre contenu ici -->",
        "<!-- Rest bleibt gleich -->",
    ],
    "style.css": [
        "/* unchanged */",
        "/* same as before */",
        "/* existing styles */",
        "/* other styles here */",
        "/* rest of CSS */",
        "/* Add your styles here */",
        "/* styles omitted */",
        "/* restliche Styles */",
    ],
    "tool.py": [
        "# rest of the code",
        "# unchanged",
        "# TODO: implement",
        "    raise NotImplementedError",
        "    raise NotImplementedError('later')",
        "# your code here",
        "# ... existing code ...",
        "def total(rows):\n    pass\n\n\ndef mean(rows):\n    ...",
        "def total(rows):\n    pass  # TODO: implement",
        "def total(rows): pass  # rest of the code",
        "def total(rows):\n    # implement this\n    pass",
    ],
}
HONEST = {
    "app.js": [
        "// the rest of the row is the total",
        "// The rest of the row is the total.",
        "// same as the header, but right-aligned",
        "// keep the previous value",
        "// other keys are ignored",
        "// everything else is a word",
        "// previous and next buttons",
        "// existing users keep their score",
        "// add a row for each item",
        "// add the tax to the price",
        "// add listeners to the buttons",
        "// insert the row here so that the order stays",
        "// implements the search",
        "// implement the comparison by name",
        "// the remaining rows are hidden",
        "// unchanged rows are skipped",
        "return list; // unchanged",
        "if (!a) return b; // same as before",
        "// not found",
        "// not implemented by old browsers, so we test for it",
        "// all fields are required",
        "// fill the canvas with white",
        "// fill in the form and submit it",
        "// placeholder text of the input",
        "// skip the rest",
        "// see the README",
        "// above the fold",
        "// no changes while the user types",
        "// more than one result",
        "// repeat for each row",
        "// TODO list: add, remove, toggle",
        "const todo = 'TODO: buy milk';",
        "show('... and so on');",
        "const quote = '...';",
        "const a = [...rest];",
        "f(...existing);",
        "const b = [rest, other];",
        "throw new Error('The row has no price');",
        "throw new Error('not found');",
        "throw new TypeError('todo must be a string'.repeat(1) && x);",
        "// Code",
        "// Functions",
        "// Event handlers",
        "// Styles",
        "// version 2",
        "// the same row again",
        "// the page that is shown before",
        "// der Rest der Zeile ist die Summe",
        "// le reste de la ligne est le total",
        "// el resto de la fila es el total",
        "// bestehende Einträge bleiben sichtbar",
        "// 其他用户的分数",
        "// остальные строки скрыты",
        "// restore the layout",
        "// content of the page",
        "// here is the total",
        "// previously read",
    ],
    "index.html": [
        "<!-- Header -->",
        "<!-- Main content -->",
        "<!-- other languages -->",
        "<!-- Placeholder for the chart -->",
        "<!-- The rows are added by the script -->",
        "<p>... and the rest is silence</p>",
        "<p>“The rest of the file was lost.”</p>",
        "<h2>TODO</h2><ul><li>TODO: write tests</li></ul>",
        "<p>Unchanged since 1999</p>",
        "<blockquote>...</blockquote>",
        "<main>[no items yet]</main>",
        "<td>same as above</td>",
    ],
    "style.css": [
        "/* Layout */",
        "/* Buttons */",
        "/* other colours for the dark mode */",
        "/* same height as the header */",
        "/* rest of the row */",
        "/* keep the footer at the bottom */",
        "a::after { content: '/* unchanged */' }",
    ],
    "tool.py": [
        "# the rest of the row is the total",
        "def run(rows):",
        "class Bad(Exception): pass",
        "    except ValueError: pass",
        "#!/usr/bin/env python3",
        "# reads the rows",
        "print('raise NotImplementedError'[:0])",
        "x = [...]",
        "# TODO list items",
    ],
}


@pytest.mark.parametrize(("path", "text"), [(path, text) for path, texts in STAND_INS.items() for text in texts])
def test_left_out_code_is_found_in_any_wording(path: str, text: str) -> None:
    assert lines(path, text)


@pytest.mark.parametrize(("path", "text"), [(path, text) for path, texts in HONEST.items() for text in texts])
def test_honest_text_that_looks_like_it_is_not(path: str, text: str) -> None:
    assert lines(path, text) == []


#: Comments that are the title of the code below them, or a stand-in where no code is.
TITLES = [
    "Existing tasks",
    "Existing user",
    "Existing functions",
    "Fill in the form",
    "Fill in the blanks",
    "Keep the existing rows",
    "Keep existing rows",
    "Existing rows are kept",
    "Add items here",
    "More items here",
    "Other items here",
    "Placeholder",
    "Stub",
    "Implement the sort here",
    "Repeat for the other rows",
    "Same for the others",
    "See above",
    "No changes",
    "Main logic here",
    "Styles go here",
    "Bestehende Funktionen",
    "Restliche Styles",
    "Code existant",
    "其他内容",
]
#: Comments that are no title: code is missing, wherever they stand.
NO_TITLES = [
    "... rest of the code",
    "Rest of the code",
    "existing code",
    "... existing functions",
    "Existing functions...",
    "unchanged",
    "same as before",
    "same as above",
    "the rest is unchanged",
    "everything else stays",
    "not implemented yet",
    "TODO: implement",
    "Your code here",
    "unverändert",
    "bestehende Funktionen bleiben unverändert",
    "其余代码不变",
]
IN_PLACES = {
    "app.js": ("// {}", "add();", "function a() {{\n  {}\n{}}}"),
    "style.css": ("/* {} */", "input::placeholder {{ color: grey }}", "@media print {{\n{}\n{}}}"),
    "index.html": ("<!-- {} -->", "<ul></ul>", "<main>\n{}\n{}</main>"),
    "tool.py": ("    # {}", "    add()", "def a():\n    b()\n{}\n{}"),
}


@pytest.mark.parametrize("path", IN_PLACES)
@pytest.mark.parametrize("words", TITLES)
def test_a_title_counts_only_where_no_code_follows(path: str, words: str) -> None:
    comment, code, block = IN_PLACES[path]
    one = comment.format(words)
    assert lines(path, block.format(one, f"{code}\n")) == []
    assert lines(path, block.format(one, f"\n{code}\n")) == []
    assert lines(path, block.format(one, ""))
    assert lines(path, block.format(one, f"\n{comment.format('Next')}\n{code}\n"))
    assert lines(path, f"x\n{one}\n") == [2]


@pytest.mark.parametrize("path", IN_PLACES)
@pytest.mark.parametrize("words", NO_TITLES)
def test_what_is_no_title_counts_between_code(path: str, words: str) -> None:
    comment, code, block = IN_PLACES[path]
    assert lines(path, block.format(comment.format(words), f"{code}\n"))
    assert lines(path, block.format(f"{code}\n{comment.format(words)}", ""))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("app.js", "// Wie bisher gespeicherte Werte laden\nload();"),
        ("app.js", "// Unverändert lassen, wenn leer"),
        ("app.js", "// Rest bleibt im Warenkorb"),
        ("app.js", "// sin cambios de la fila no se guarda"),
        ("app.js", "// 其他内容的标题"),
        ("app.js", "switch (a) {\n  default:\n    // No change\n    break;\n}"),
        ("app.js", "switch (a) {\n  default:\n    // No change\n}"),
        ("app.js", "switch (a) {\n  default: // No change\n}"),
        ("app.js", "if (a) b(); else {\n  // unchanged\n}"),
        ("app.js", "try { a(); } catch (error) {\n  // no change needed\n}"),
        ("app.js", "if (a === b) { // same as before\n  return;\n}"),
        ("app.js", "// Existing tasks\n// are loaded first.\nload();"),
        ("app.js", "// Returns the list\n// unchanged\n// if it is empty."),
        ("app.js", "/**\n * Returns the list\n * unchanged\n */\nload();"),
        ("app.js", "// Fill in the form\n// Submit it\nsubmit();"),
        ("style.css", "p { margin: 0; /* same as above */ }"),
        ("style.css", ".a { color: red; } /* unchanged */"),
        ("style.css", ".a { /* same as above */\n  color: red;\n}"),
        ("index.html", "<style>p { margin: 0; /* same as above */ }</style>"),
        ("index.html", "<p>é😀</p><p>1.50</p> <!-- same as above -->"),
        ("index.html", "<main><!-- unchanged --><p>A</p></main>"),
        ("tool.py", "def f():\n    passed = 1\n    return passed"),
        ("tool.py", "class Quiet(Handler):\n    def log_message(self, *args):\n        pass\n"),
        ("tool.py", "class A(Protocol):\n    def a(self) -> int: ...\n    def b(self) -> int: ...\n"),
        ("tool.py", "@overload\ndef a(x: int) -> int: ...\n@overload\ndef a(x: str) -> str: ...\n"),
        ("tool.py", "def nothing():\n    pass\n"),
        ("tool.py", "def nothing():\n    pass  # on purpose\n"),
        ("tool.py", "if a:\n    b()\nelse:\n    # unchanged\n    pass"),
    ],
)
def test_a_comment_that_explains_code_or_its_absence_is_no_stand_in(path: str, text: str) -> None:
    assert lines(path, text) == []


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("app.js", "// unchanged\n// same as before\nadd();", 1),
        ("app.js", "add();\n// The header\n\n// unchanged\nadd();", 4),
        ("app.js", "add();\n// The header is done.\n// unchanged\nadd();", 3),
        ("app.js", "function a() { /* unchanged */ }", 1),
        ("app.js", "switch (a) {\n  case 1:\n    // Existing tasks\n  case 2:\n    add();\n}", 3),
        ("style.css", "p { margin: 0 }\n\n/* same as above */\np {}", 3),
        ("style.css", "@media print { /* more rules here */ }", 1),
        ("index.html", "<p>é😀</p>\n<main><!-- unchanged --></main>", 2),
        ("index.html", "<p>é</p>\n  <!-- same as before -->\n<p>A</p>", 2),
    ],
)
def test_its_place_is_taken_from_its_text(path: str, text: str, line: int) -> None:
    assert lines(path, text) == [line]


def test_what_the_request_asked_for_is_no_stand_in() -> None:
    page = "<p>Lorem ipsum dolor</p>\n<script>// your code here\n// rest of the code</script>"
    assert lines("index.html", page) == [1, 2, 3]
    assert lines("index.html", page, "Show lorem ipsum, and a script that says 'Your code here'.") == [3]


@pytest.mark.parametrize(
    "path", ["index.html", "a.HTM", "s.css", "m.mjs", "c.CJS", "a.tsx", "d.json", "i.svg", "b.ts", "c.jsx"]
)
def test_files_of_code_are_read(path: str) -> None:
    assert lines(path, "// rest of the code") == [1]


@pytest.mark.parametrize("path", ["README.md", "notes.txt", "data.csv", "html", "js/README"])
def test_a_readme_and_data_may_say_what_they_like(path: str) -> None:
    assert lines(path, "// rest of the code") == []


def test_each_line_is_reported_once_with_its_number_and_shortened() -> None:
    text = (
        f"let a;\n  // \t rest of the code\n\n/* your code here */ {'x' * 200}; // TODO\n"
        "/*\n\n ... existing code ...\n*/"
    )
    first, second, third = placeholders("a.js", text)
    assert first == (2, "// rest of the code")
    assert second == (4, f"/* your code here */ {'x' * 99}")
    assert third == (7, "... existing code ...")


def test_lines_of_a_page_are_those_of_the_file() -> None:
    page = (
        "<!doctype html>\r\n<style>\r\n\r\n/* TODO */</style>\r\n<!--\r\nTODO -->\r\n"
        "<script>\r\n\r\n// TODO\r\n</script>\n<p>&#10;&#10;Lorem ipsum"
    )
    assert lines("index.html", page) == [4, 6, 9, 11]


def test_a_library_or_a_builds_output_is_not_read() -> None:
    assert lines("a.js", f"{'a' * 1_900} // rest of the code") == [1]
    assert lines("a.js", f"{'a' * 2_000} // rest of the code") == []


@pytest.mark.parametrize("path", ["a.js", "a.html", "a.css", "a.py"])
@pytest.mark.parametrize(
    "text",
    ["// unchanged x\n\n" * 12_000, "/* unchanged x */\n" * 10_000, "<!-- unchanged x -->" * 9_000, "(" * 190_000,
        "/*" * 300_000, "..." * 300_000, "// existing " * 100_000, "\n...x" * 40_000, "<p>…" * 50_000,
        "<!--" * 90_000, "'" * 99_999, "`${" * 600],
)  # fmt: skip
def test_a_huge_senseless_file_is_read_in_little_time(path: str, text: str) -> None:
    with little_time(LARGE):
        assert list(placeholders(path, text)) == []


@given(st.text(), st.text(max_size=5))
def test_any_text_is_read(before: str, after: str) -> None:
    for path in ("a.html", "a.js", "a.css"):
        text = f"{before}\n<!-- your code here -->\n/* your code here */{after}"
        assert all(1 <= number <= text.count("\n") + 1 for number in lines(path, text))
