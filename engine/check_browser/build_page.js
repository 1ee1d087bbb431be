// Runs tools/build.js on its page. It takes clock, random numbers, network and storage away, loads the script, hands it
// the repository's files, and checks and encodes what it returns. `computing.py` calls `giveFiles`, `loadBuild`, `runBuild`.
"use strict";
(() => {
  const SCRIPT = "tools/build.js";
  const CLOCK = "it must give the same whenever it runs, so it has no clock; take dates from the files";
  const RANDOM = "it must give the same whenever it runs, so it has no random numbers";
  const NETWORK = "it has no network; all it can read is in `files`";
  const WINDOWS = "it has no windows, workers and dialogs";
  const STORAGE = "it has no storage; all it can read is in `files`";

  const refused = (name, why) => {
    throw new Error(`${name} cannot be used in ${SCRIPT}: ${why}`);
  };
  const refuseCall = (owner, key, name, why) => {
    const stub = function () {
      refused(name, why);
    };
    Object.defineProperty(owner, key, { configurable: true, writable: true, value: stub });
  };
  const refuseRead = (owner, key, name, why) =>
    Object.defineProperty(owner, key, { configurable: true, get: () => refused(name, why) });

  // --- what would make two runs differ

  const Days = Date;
  const Clockless = new Proxy(Days, {
    apply: () => refused("Date()", CLOCK),
    construct: (target, values, made) =>
      values.length ? Reflect.construct(target, values, made === Clockless ? target : made) : refused("new Date()", CLOCK),
  });
  Days.prototype.constructor = Clockless;
  globalThis.Date = Clockless;
  refuseCall(Days, "now", "Date.now()", CLOCK);
  const dates = Intl.DateTimeFormat.prototype;
  const formatOf = Object.getOwnPropertyDescriptor(dates, "format").get;
  const partsOf = dates.formatToParts;
  const given = (date) => (date === undefined ? refused("Intl.DateTimeFormat without a date", CLOCK) : date);
  Object.defineProperty(dates, "format", {
    configurable: true,
    get() {
      const format = formatOf.call(this);
      return (date) => format(given(date));
    },
  });
  dates.formatToParts = function (date) {
    return partsOf.call(this, given(date));
  };
  if (globalThis.Temporal) refuseRead(Temporal, "Now", "Temporal.Now", CLOCK);
  refuseRead(globalThis, "performance", "performance", CLOCK);
  for (const name of ["requestAnimationFrame", "requestIdleCallback"]) refuseCall(globalThis, name, name, CLOCK);
  refuseCall(Math, "random", "Math.random()", RANDOM);
  for (const name of ["getRandomValues", "randomUUID"]) refuseCall(Crypto.prototype, name, `crypto.${name}()`, RANDOM);
  refuseCall(SubtleCrypto.prototype, "generateKey", "crypto.subtle.generateKey()", RANDOM);

  // --- what the page's policy and the browser's router refuse anyway, here with a reason

  for (const name of ["fetch", "fetchLater", "XMLHttpRequest", "WebSocket", "EventSource", "WebTransport"])
    refuseCall(globalThis, name, name, NETWORK);
  refuseCall(globalThis, "RTCPeerConnection", "RTCPeerConnection", NETWORK);
  refuseCall(Navigator.prototype, "sendBeacon", "navigator.sendBeacon()", NETWORK);
  for (const name of ["alert", "confirm", "prompt", "print", "Worker", "SharedWorker"])
    refuseCall(globalThis, name, name, WINDOWS);
  refuseCall(globalThis, "open", "window.open()", WINDOWS);
  for (const name of ["localStorage", "sessionStorage", "indexedDB", "caches", "cookieStore"])
    refuseRead(globalThis, name, name, STORAGE);

  // --- errors, with the script's line

  const lineIn = (stack) => /\/tools\/build\.js:(\d+)(?::\d+)?\)?$/m.exec(String(stack))?.[1];
  const worded = (thrown, line) => {
    let text = "an error that cannot be shown";
    try {
      text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `${String(thrown)} was thrown`;
      line ??= thrown instanceof Error ? lineIn(thrown.stack) : undefined;
    } catch {}
    return `${SCRIPT}${line ? `:${line}` : ""}: ${text}`.slice(0, 1000);
  };
  class Unusable extends Error {}
  const unusable = (text) => {
    throw new Unusable(text);
  };

  // --- what it returns

  const typeOf = (value) => Object.prototype.toString.call(value).slice(8, -1);
  const isPlain = (value) => typeof value === "object" && value !== null && typeOf(value) === "Object";
  const number = (count) => count.toLocaleString("en-US");

  const json = (where, value) => {
    const checked = (key, part) => {
      const name = key === "" ? where : `${where}: ${JSON.stringify(key)}`;
      if (typeof part === "bigint") unusable(`${name} is a BigInt, which JSON has not: make it a number or a text`);
      if (typeof part === "function" || typeof part === "symbol") unusable(`${name} is a ${typeof part}`);
      if (typeof part === "number" && !Number.isFinite(part)) unusable(`${name} is ${part}, which JSON has not`);
      if (typeof part === "object" && part !== null && !["Object", "Array"].includes(typeOf(part)))
        unusable(`${name} is a ${typeOf(part)}, which JSON has not${typeOf(part) === "Promise" ? ": an await is missing" : ""}`);
      return part;
    };
    let text;
    try {
      text = JSON.stringify(value, checked, 2);
      if (text !== undefined && text.length > 100_000) text = JSON.stringify(value);
    } catch (error) {
      unusable(error instanceof Unusable ? error.message : `${where} is no JSON: ${String(error.message).split("\n")[0]}`);
    }
    return text ?? unusable(`${where} is ${typeof value}`);
  };

  const bytesOf = (path, value, limits) => {
    const text = typeof value === "string" ? value : undefined;
    if (text !== undefined && text.length > limits.fileBytes)
      unusable(`${path} is larger than ${number(limits.fileBytes)} bytes`);
    if (value === null || value === undefined) unusable(`${path} is ${value}: a file is a text, a Uint8Array or a value for JSON`);
    if (text !== undefined) return new TextEncoder().encode(text);
    if (value instanceof ArrayBuffer) return new Uint8Array(value);
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return new TextEncoder().encode(`${json(path, value)}\n`);
  };

  const base64 = (bytes) => {
    let text = "";
    for (let at = 0; at < bytes.length; at += 30_000) text += String.fromCharCode(...bytes.subarray(at, at + 30_000));
    return btoa(text);
  };

  const encodedFiles = (files, limits) => {
    if (!isPlain(files)) unusable(`build() returned files that are no object {path: content}`);
    const paths = Object.keys(files);
    if (paths.length > limits.files) unusable(`build() returned ${number(paths.length)} files, at most ${limits.files} are taken`);
    let total = 0;
    return Object.fromEntries(
      paths.map((path) => {
        const bytes = bytesOf(path.slice(0, 300), files[path], limits);
        total += bytes.length;
        if (bytes.length > limits.fileBytes) unusable(`${path} is larger than ${number(limits.fileBytes)} bytes`);
        if (total > limits.totalBytes) unusable(`all files together are larger than ${number(limits.totalBytes)} bytes`);
        return [path, base64(bytes)];
      }),
    );
  };

  const encodedFills = (fills, limits) => {
    if (!isPlain(fills)) unusable(`build() returned fills that are no object {name: text}`);
    const names = Object.keys(fills);
    if (names.length > limits.fills) unusable(`build() returned ${number(names.length)} fills, at most ${limits.fills} are taken`);
    let total = 0;
    return Object.fromEntries(
      names.map((name) => {
        const value = fills[name];
        const where = `fills.${name.slice(0, 300)}`;
        if (value === null || value === undefined) unusable(`${where} is ${value}`);
        const fill = { json: json(where, value) };
        if (typeof value !== "object") fill.text = String(value);
        total += fill.json.length;
        if (total > limits.fileBytes) unusable(`all fills together are larger than ${number(limits.fileBytes)} bytes`);
        return [name, fill];
      }),
    );
  };

  const checked = (result, limits) => {
    const wanted = "it must return {files: {path: content}, fills: {name: text}}";
    if (!isPlain(result)) unusable(`build() returned ${result === null ? "null" : typeof result === "object" ? `a ${typeOf(result)}` : `a value of the type ${typeof result}`}; ${wanted}`);
    const others = Object.keys(result).filter((name) => name !== "files" && name !== "fills");
    if (others.length) unusable(`build() returned an object with ${others.slice(0, 5).join(", ").slice(0, 300)}; ${wanted}`);
    return { files: encodedFiles(result.files ?? {}, limits), fills: encodedFills(result.fills ?? {}, limits) };
  };

  // --- called from outside

  const offered = (name, value) => Object.defineProperty(globalThis, name, { value });

  offered("loadBuild", () => {
    const failures = [];
    const listen = (event) => failures.push(worded(event.error ?? event.message, event.lineno || undefined));
    addEventListener("error", listen);
    return new Promise((done) => {
      const script = document.createElement("script");
      script.src = `/${SCRIPT}`;
      script.crossOrigin = "anonymous"; // so that errors have their text
      script.onload = script.onerror = () => {
        removeEventListener("error", listen);
        done(failures[0] ?? "");
      };
      document.head.append(script);
    });
  });

  let files = {};
  let limits = {};
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

  offered("giveFiles", (argument) => {
    const given = JSON.parse(argument);
    files = Object.fromEntries(Object.entries(given.files).map(([path, file]) => [path, file.text ?? bytes(file.base64)]));
    limits = given.limits;
  });

  offered("runBuild", async (build) => {
    try {
      if (typeof build !== "function") unusable("it defines no function build(files)");
      return checked(await build(files), limits);
    } catch (error) {
      return { error: error instanceof Unusable ? `${SCRIPT}: ${error.message}` : worded(error) };
    }
  });
})();
