// The shell of the chat's document, one script of the parts of this folder in the order of `server/build.rs`: they share
// their names. It is there with the document's first bytes, so that a visitor can type and send while the app
// (WebAssembly) is still on its way. `globalThis.shell` is the app's seam; ../README.md describes it. The shell knows
// nothing of the protocol but how a request is made. This part: whose the chat is, and what the browser keeps of it.
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const { site, lang, words } = data;
const [field, send, hint, log, comp] = ["field", "send", "hint", "log", "comp"].map($);
const root = document.documentElement;
const framed = parent !== window;

// --- Whose the chat is: nobody's, or a person's whom the page names and its server signs. What the browser keeps is
// kept apart by person, and a document is of one: for another, another takes its place.
const signed = framed && new URLSearchParams(location.search).has("signed"); // the page will say who it is
let scope = signed ? "" : site;
let gone = false;

// --- What the browser keeps. Where it keeps nothing, and in a preview (no site), this page's memory does.
let keeper = {};
try {
  if (site) keeper = localStorage ?? keeper; // a WebView may have none
} catch {} // storage is forbidden here
const shelf = keeper;
const put = (key, text) => {
  if (!text) return delete keeper[key], delete shelf[key];
  try {
    keeper[key] = text;
  } catch {
    keeper = { ...keeper, [key]: text }; // the storage is full: from now on this page's memory does
  }
};
const store = {
  get: (name) => keeper[`otklik:${scope}:${name}`],
  set: (name, text) => gone || (site && !scope) || put(`otklik:${scope}:${name}`, text),
};

const lists = ["queue", "kept"];
/** Tells the other tabs that what is kept of `whose` is over; “*” is everybody. */
const announce = (whose) => {
  put(`otklik:${site}:over`, whose);
  put(`otklik:${site}:over`);
};
/** What is kept of one goes to another: a session and its words, and what was not sent yet. */
const move = (from, to) => {
  const kept = (whose, name) => `otklik:${whose}:${name}`;
  const names = ["session", "seen", "settled", "draft", ...lists].filter((name) => keeper[kept(from, name)]);
  if (names.length) announce(from);
  for (const name of names) {
    const [text, there] = [keeper[kept(from, name)], keeper[kept(to, name)]];
    put(kept(from, name));
    put(kept(to, name), there && lists.includes(name) ? JSON.stringify([...JSON.parse(there), ...JSON.parse(text)]) : text);
  }
};
const poll = (body, more) =>
  fetch("/v1/poll", { method: "POST", headers: { "content-type": "application/json" }, body, ...more });
/** Ends the sessions that were reset, on the relay; what does not get there now goes with the next document. */
const end = () => {
  const key = `otklik:${site}:ending`;
  const ending = () => JSON.parse(keeper[key] ?? "[]");
  for (const session of ending())
    // A log-out leaves the page.
    poll(JSON.stringify({ frames: [{ type: "reset", session }] }), { keepalive: true }).then(({ ok }) => {
      const rest = ending().filter((one) => !ok || one !== session);
      put(key, rest.length && JSON.stringify(rest));
    }, () => {});
};
addEventListener("storage", (event) => {
  if (gone) event.stopImmediatePropagation(); // the app must not mend what another tab took away
  else if (event.key === `otklik:${site}:over` && [scope, "*"].includes(event.newValue)) {
    event.stopImmediatePropagation();
    if (event.newValue === "*") loggedOut();
    else leave();
  }
});
