"""The bad pages of `test_bad_pages`, with the verdicts that each may have."""

from __future__ import annotations

from dataclasses import dataclass

#: Holds on every page whose own script gets to its end.
SOUND = "document.querySelector('#x') !== null"
ANY = frozenset({"pass", "fail", "error", "timeout"})


@dataclass(frozen=True)
class Bad:
    """A page: its `body`, checks beside SOUND, the verdicts that SOUND may have, and texts (`says`) of the report."""

    name: str
    body: str
    verdicts: frozenset[str] = frozenset({"pass"})
    checks: tuple[str, ...] = ()
    says: tuple[str, ...] = ()


def _bad(name: str, body: str, *verdicts: str, checks: tuple[str, ...] = (), says: tuple[str, ...] = ()) -> Bad:
    return Bad(name, f"<p id=x>7</p>{body}", frozenset(verdicts or {"pass"}), checks, says)


#: Tries to send something to the origins in TARGETS: in every way to those in EVERY_WAY, to the others by some requests
#: that the router answers and in the ways that may go past the router.
REACH = """
const attempt = f => { try { const p = f(); if (p && p.catch) p.catch(() => 0) } catch (e) {} };
const add = (tag, values, parent = document.body) => {
  const e = Object.assign(document.createElement(tag), values); parent.append(e); return e };
const link = (rel, href) => {
  const l = add('link', { rel, href }, document.head); if (rel === 'preload') l.as = 'script' };
for (const target of TARGETS) {
  const url = way => target + '/' + way;
  attempt(() => fetch(url('post'), { method: 'POST', mode: 'no-cors', body: 'x', keepalive: true }));
  attempt(() => { new Image().src = url('image') });
  attempt(() => add('iframe', { src: url('iframe') }));
  for (const rel of ['prefetch', 'preconnect', 'dns-prefetch', 'prerender']) attempt(() => link(rel, url(rel)));
  attempt(() => navigator.sendBeacon(url('beacon'), 'x'));
  attempt(() => new WebSocket(url('socket').replace('http', 'ws')));
  attempt(() => {
    const w = new WebTransport(url('transport').replace('http:', 'https:'));
    w.ready.catch(() => 0); w.closed.catch(() => 0) });
  const work = `const u = '${target}'; fetch(u + '/worker').catch(() => 0);
    try { new WebSocket(u.replace('http', 'ws') + '/worker') } catch (e) {}
    try { importScripts(u + '/imported') } catch (e) {}`;
  attempt(() => new Worker(URL.createObjectURL(new Blob([work]))));
  attempt(() => add('script', { type: 'speculationrules', textContent: JSON.stringify({
    prefetch: [{ urls: [url('speculated')] }], prerender: [{ urls: [url('prerendered')] }] }) }));
  attempt(() => { const a = add('a', { href: '#', ping: url('ping') }); a.click() });
  const host = new URL(target).host, turn = 'turn:' + host + '?transport=';
  const urls = ['stun:' + host, turn + 'udp', turn + 'tcp', 'turns:' + host];
  attempt(() => { const P = add('iframe', {}).contentWindow.RTCPeerConnection; for (const C of [RTCPeerConnection, P]) {
    const c = new C({ iceServers: [{ urls, username: 'u', credential: 'c' }] });
    c.createDataChannel('d'); c.createOffer().then(o => c.setLocalDescription(o)) } });
  attempt(() => { location.href = url('left') });
  if (!EVERY_WAY.includes(target)) continue;
  for (const mode of ['cors', 'no-cors']) attempt(() => fetch(url('fetch'), { mode }));
  attempt(() => { const x = new XMLHttpRequest(); x.open('PUT', url('xhr')); x.send('x') });
  for (const [tag, name] of [['img', 'src'], ['script', 'src'], ['video', 'src'], ['audio', 'src'], ['embed', 'src'],
    ['object', 'data'], ['track', 'src'], ['input', 'src']])
    attempt(() => add(tag, { type: tag === 'input' ? 'image' : '', [name]: url(tag) }));
  attempt(() => {
    const f = add('iframe', { name: 'f' + Math.random() });
    add('form', { method: 'POST', action: url('form'), target: f.name }).submit() });
  for (const rel of ['stylesheet', 'preload', 'modulepreload', 'icon', 'manifest']) attempt(() => link(rel, url(rel)));
  attempt(() => add('style', { textContent: `@import '${url('import')}'; body{background:url(${url('background')})}
    @font-face{font-family:q;src:url(${url('font')})} p{font-family:q}` }));
  attempt(() => new EventSource(url('events')));
  attempt(() => new SharedWorker(URL.createObjectURL(new Blob([work]))));
  attempt(() => add('iframe', {
    srcdoc: `<meta http-equiv=refresh content="0;url=${url('refresh')}"><img src=${url('srcdoc')}>` }));
  attempt(() => add('iframe', { src: `data:text/html,<script>fetch('${url('data')}');` +
    `new WebSocket('${url('data').replace('http', 'ws')}')<\\/script><img src=${url('dataimage')}>` }));
  attempt(() => add('iframe', {
    src: URL.createObjectURL(new Blob([`<script>fetch('${url('blob')}')<\\/script>`], { type: 'text/html' })) }));
  attempt(() => window.open(url('opened')));
  attempt(() => import(url('module')));
  attempt(() => new Function('return import("' + url('module2') + '")')());
  attempt(() => fetch.call(window, new Request(url('request'), { method: 'DELETE' })));
  attempt(() => ServiceWorkerContainer.prototype.register.call(
    navigator.serviceWorker, 'sw.js?' + encodeURIComponent(target)));
}
"""

#: The files beside every bad page; the service worker sends requests too.
BESIDE = {
    "sw.js": b"const u = decodeURIComponent(location.search.slice(1)); "
    b"self.oninstall = () => fetch(u + '/service').catch(() => 0);"
    b"fetch(u + '/service'); self.onfetch = e => e.respondWith(fetch(u + '/served'))",
    "next.html": b"<p>next",
}

BAD = (
    _bad("an endless loop at load", "<script>for (;;);</script>", "timeout", says=("does not end",)),
    _bad("an endless loop soon after", "<script>setTimeout(() => { for (;;); }, 300)</script>", "pass", "timeout"),
    _bad("checks that never end, leave, close or empty the page", "",
        checks=("(() => { while (true); })()", "new Promise(() => {})",
        "(location.href = 'https://elsewhere.example/', document.nowhere)", "history.back() || document.nowhere",
        "window.close() || document.nowhere",
        "document.querySelector('#x').nowhere || document.write('')")),
    _bad("dialogs in a loop", "<script>for (;;) alert('again')</script>", "timeout", "pass", "fail", "error"),
    _bad("a dialog before leaving", "<script>onbeforeunload = e => { e.preventDefault(); return 'stay' }; "
        "location.href = 'next.html'</script>", *ANY),
    _bad("downloads, printing, windows that steer their opener, camera, place and notifications",
        "<a id=d download=x.exe href='data:application/octet-stream,x'></a><script>setInterval(() => d.click(), 50);"
        "setInterval(() => { window.open('about:blank'); window.open('next.html', 'n' + Math.random()) }, 50);"
        "const w = window.open('next.html');"
        "if (w) w.onload = () => { w.opener.location = 'https://elsewhere.example/' };"
        "window.print(); setInterval(() => window.print(), 500);"
        "navigator.mediaDevices?.getUserMedia({ video: true, audio: true }).catch(() => 0); "
        "navigator.geolocation.getCurrentPosition(() => 0, () => 0); Notification.requestPermission(); "
        "navigator.clipboard?.readText().catch(() => 0); navigator.mediaDevices?.getDisplayMedia({}).catch(() => 0)"
        "</script>"),
    _bad("a new window with an endless loop", "<script>setTimeout(() => { const w = window.open('about:blank'); "
        "if (w) w.document.write('<script>for(;;);<\\/script>') }, 500)</script>", "pass", "timeout"),
    _bad("leaving by a form, by location and by meta refresh",
        "<meta http-equiv=refresh content='0;url=https://refresh.example/'>"
        "<form id=f method=post action='https://form.example/'></form>"
        "<script>setTimeout(() => f.submit(), 500); setTimeout(() => { location = 'https://location.example/' }, 1000)"
        "</script>", checks=("document.nowhere",),
        says=tuple(f"tried to leave for https://{way}.example/" for way in ("form", "location", "refresh"))),
    _bad("leaving for good and again", "<script>setInterval(() => "
        "{ location.href = 'https://elsewhere.example/' + Math.random() }, 5)</script>", *ANY),
    _bad("leaving by history", "<script>for (let i = 0; i < 300; i++) history.pushState(i, '', '?n=' + i); "
        "setInterval(() => history.go(-1), 50)</script>", *ANY),
    _bad("loading itself for ever", "<script>location.reload()</script>", *ANY),
    _bad("leaving for data, blob, script, about and chrome",
        "<script>for (const u of ['data:text/html,x', 'chrome://crash', 'chrome://settings', 'view-source:x', "
        "'javascript:void 0']) { try { location.href = u } catch (e) {} }</script>", *ANY),
    _bad("2 GB of memory", "<script>window.a = []; setInterval(() => "
        "{ if (a.length < 40) a.push(new Uint8Array(5e7).fill(7)) }, 5)</script>", *ANY),
    _bad("2 GB of text", "<script>window.a = []; setInterval(() => { for (let i = 0; i < 1e5; i++) "
        "a.push('x' + i + Math.random()) }, 1)</script>", *ANY),
    _bad("10,000 elements a second", "<script>setInterval(() => { for (let i = 0; i < 100; i++) "
        "document.body.append(Object.assign(document.createElement('p'), { textContent: i })) }, 10)</script>",
        *ANY),
    _bad("iframes within iframes", "<script>for (let i = 0; i < 4; i++) "
        "document.body.append(Object.assign(document.createElement('iframe'), { src: '?' + Math.random() }))"
        "</script>", *ANY),
    _bad("workers without end", "<script>const u = URL.createObjectURL(new Blob(['for(;;);'])); "
        "for (let i = 0; i < 16; i++) new Worker(u)</script>", *ANY),
    _bad("10 MB of console, a huge title and a huge page", "<script>for (let i = 0; i < 1000; i++) "
        "console.error('x'.repeat(1e4)); console.log('y'.repeat(1e7)); document.title = 'x'.repeat(2e7);"
        "document.body.style.height = '9e6px'; document.body.style.width = '9e6px'</script>"),
    _bad("console without end", "<script>setInterval(() => { for (let i = 0; i < 200; i++) "
        "console.error('x'.repeat(1e4)) }, 1)</script>", *ANY),
    _bad("it lies about itself",
        "<script>Object.defineProperty(document.documentElement, 'scrollHeight', { get: () => ({}) }); "
        "window.eval = () => true; JSON.stringify = () => { throw 1 }; "
        "Array.prototype.map = () => { throw 1 }; window.Promise = null</script>", *ANY),
    _bad("a file of this machine, and halves of characters",
        "<script>for (const u of ['file:///etc/hostname', 'file://CANARY']) { "
        "fetch(u).then(a => a.text()).then(t => document.title = t, () => 0); "
        "document.body.append(Object.assign(document.createElement('iframe'), { src: u })) }"
        "console.error('\\ud800 \\0 end'); "
        "setTimeout(() => { throw new Error('\\udfff') })</script>",
        checks=("document.querySelector('#x').textContent + '\\ud800\\0'",), says=("end",)),
)  # fmt: skip
