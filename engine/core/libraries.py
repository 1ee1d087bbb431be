"""Libraries that a sentence may ask for: how their address and what they leave in a page tell that they are loaded."""

from __future__ import annotations

import json

#: By the name that sentences use: the package's name as addresses write it, and the global that its script leaves; "" for a style sheet.
_KNOWN = {
    "bootstrap": ("bootstrap", ""),
    "jquery": ("jquery", "jQuery"),
    "chart.js": ("chart\\.js|Chart\\.js", "Chart"),
    "d3": ("d3", "d3"),
    "d3.js": ("d3", "d3"),
    "marked": ("marked", "marked"),
    "highlight.js": ("highlight\\.js|highlightjs/cdn-release|gh/highlightjs/cdn-release", "hljs"),
    "leaflet": ("leaflet", "L"),
    "papaparse": ("papaparse|PapaParse", "Papa"),
    "axios": ("axios", "axios"),
}
_HOSTS = {
    "jsdelivr": "cdn.jsdelivr.net",
    "cdnjs": "cdnjs.cloudflare.com",
    "unpkg": "unpkg.com",
    "a cdn": "",
}

LIBRARY = (
    rf"(?P<library>{'|'.join(name.replace('.', chr(92) + '.') for name in sorted(_KNOWN, key=len, reverse=True))})"
    r"(?: (?:v|version )?(?P<version>\d{1,2}(?:\.\d{1,3}){0,2}))?"
    rf"(?: (?:from|via|over|through) (?:the )?(?P<cdn>{'|'.join(_HOSTS)})(?: cdn)?)?"
)


def library_expression(name: str, version: str, cdn: str) -> str:
    """Return the expression for "loads <library> <version> from <cdn>"; `version` and `cdn` may be "".

    It throws where modules may have brought it, or where the address does not tell the version.
    """
    package, variable = _KNOWN[name.lower()]
    host = _HOSTS[cdn.lower()] if cdn else None
    foreign = "u.origin !== location.origin" if host == "" else f"u.hostname === {json.dumps(host)}" if host else "true"
    loaded = f"typeof {variable} !== 'undefined'" if variable else "tags.some(e => e.rel && e.sheet)"
    wanted = json.dumps(version)
    return f"""(() => {{
  const address = e => new URL(e.src || e.href, document.baseURI);
  const tags = all('script[src],link[rel~=stylesheet][href]').filter(e => {{ const u = address(e);
    return ({foreign}) && /(^|[\\/.-])({package})(?=[@\\/.-]|$)/i.test(u.pathname); }});
  if (!tags.length) {{
    if (all('script[type=module],script[type=importmap]').length) throw new Error('a module may have brought it');
    return false;
  }}
  const versions = tags.map(e => (address(e).pathname.match(/(?:{package})(?:\\.min)?[@\\/.-]v?(\\d+(?:\\.\\d+)*)/i) ?? [])[1]);
  if ({wanted} && versions.every(v => !v)) throw new Error('the address does not tell the version');
  return ({loaded}) && (!{wanted} || versions.some(v => v === {wanted} || v?.startsWith({wanted} + '.')));
}})()"""
