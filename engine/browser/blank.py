"""The script that builds a page which shows nothing of the app: the usual parts of any page, the brief's words, and the elements that a page test names."""

from __future__ import annotations

#: What stands in the elements that a page test names: nothing, some text, a number.
FILLERS = ("", "Lorem 7 ipsum", "7")

#: A function of the words, pairs of selector and tag, what is chosen in lists, and the filler.
BUILD = """([words, elements, choices, filler]) => {
  const [first, ...rest] = words.split("\\n");
  document.title = first.slice(0, 80);
  document.documentElement.lang = "en";
  if (!document.querySelector("meta")) document.head.insertAdjacentHTML("beforeend",
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="description" content="Lorem"><style>p {}</style>');
  document.body.innerHTML = filler ? `<header><nav><a href="#top">Lorem</a></nav></header><main><h2>Lorem</h2><section><article>
    <form><label>Lorem <input></label><label><input type="checkbox"> ipsum</label><textarea></textarea>
    <select><option>Lorem</option><option>ipsum</option></select><button type="button">Lorem</button></form>
    <ul><li>Lorem</li><li>7</li></ul><ol><li>Lorem</li></ol><table><thead><tr><th>Lorem</th></tr></thead>
    <tbody><tr><td>Lorem</td></tr><tr><td>7</td></tr></tbody></table><div><span>Lorem</span></div></article></section></main>
    <footer><p>Lorem</p></footer>` : "";
  const put = (tag, text) => { const e = document.createElement(tag); e.textContent = text; document.body.append(e); };
  put("h1", first);
  rest.forEach((line) => put("p", line));
  const build = (selector, tag) => {
    let parent = document.body;
    const parts = selector.split(",")[0].trim().split(/[\\s>+~]+(?![^[]*\\])/);
    parts.forEach((part, at) => {
      const last = at === parts.length - 1;
      const e = document.createElement(part.match(/^[a-z][a-z0-9]*/i)?.[0] ?? (last ? tag : "div"));
      for (const [, name, value] of part.matchAll(/\\[([\\w-]+)(?:[~|^$*]?=["']?([^"'\\]]*)["']?)?\\]/g)) e.setAttribute(name, value ?? "");
      const plain = part.replace(/\\[[^\\]]*\\]/g, "");
      const id = plain.match(/#([\\w-]+)/);
      if (id) e.id = id[1];
      for (const [, name] of plain.matchAll(/\\.([\\w-]+)/g)) e.classList.add(name);
      e.style.minWidth = e.style.minHeight = "20px";
      if (last && e.tagName === "SELECT") ["Lorem", ...choices].forEach((name) => e.append(new Option(name)));
      else if (last && e.tagName === "INPUT") { if (filler && e.type === "text") e.value = filler; }
      else if (last) e.textContent = filler;
      parent.append(e);
      parent = e;
    });
  };
  for (const [selector, tag] of elements) {
    try { if (!document.querySelector(selector)) build(selector, tag); } catch { /* not a selector: nothing is there for it */ }
  }
}"""
