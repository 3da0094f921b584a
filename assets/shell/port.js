// --- The port to the loader: the first one that an allowed page's window above us sends.
let port;
const unsent = [];
const post = (message) => (port ? port.postMessage(message) : unsent.push(message));
let open = !framed;
const shown = () => open && document.visibilityState === "visible";
const changed = () => shell.onshown?.();
const touch = matchMedia("(hover: none) and (pointer: coarse)");
root.classList.toggle("touch", touch.matches);
const close = () => (history.state?.otklik ? history.back() : framed && post({ is: "close" }));
const orders = {
  init(order) {
    known(order.identity);
    if (gone) return;
    post({ is: "ready" });
    root.classList.toggle("touch", touch.matches || order.modal);
    root.classList.toggle("left", order.position === "left");
    if (order.theme) orders.theme({ value: order.theme });
    if (order.insets) orders.insets({ value: order.insets });
    if (order.open) orders.open(order);
  },
  wake() {
    if (shell.awake) return;
    shell.awake = true;
    dispatchEvent(new Event("wake"));
    if (begun) start();
  },
  open({ quiet, modal }) {
    open = true;
    orders.wake();
    // On a phone “back” closes the chat: by an entry in this frame's history, not in the host page's.
    if (modal && !history.state?.otklik) history.pushState({ otklik: 1 }, "");
    if (!quiet) (touch.matches ? log : field ?? log).focus({ preventScroll: true });
    changed();
  },
  close() {
    open = false;
    if (history.state?.otklik) history.back();
    changed();
  },
  lang: ({ value }) => relocate("lang", value),
  identify: ({ identity }) => known(identity),
  reset() {
    const mine = Object.keys(keeper).filter((key) => key.startsWith(`otklik:${site}:`));
    const tokens = mine.filter((key) => key.endsWith(":session")).map((key) => keeper[key]);
    const ending = JSON.parse(keeper[`otklik:${site}:ending`] ?? "[]");
    announce("*");
    for (const key of mine) put(key);
    if (tokens.length + ending.length) put(`otklik:${site}:ending`, JSON.stringify([...ending, ...tokens]));
    end();
    leave("signed", null);
  },
  about({ text }) {
    if (gone) return; // it is of the next document's visitor
    shell.about = text;
    shell.onabout?.();
  },
  theme({ value }) {
    if (value === "auto") delete root.dataset.theme;
    else root.dataset.theme = value;
  },
  prefill({ text }) {
    if (!field || field.value.trim()) return;
    field.value = text;
    typed();
  },
  send: ({ text }) => extra?.take(text.trim(), "") || submit(text) || shell.tell("message:failed"),
  insets({ value }) {
    ["t", "r", "b", "l"].forEach((side, i) => root.style.setProperty(`--inset-${side}`, `${+value[i] || 0}px`));
  },
};
/** The document anew, with another word in its address. */
const relocate = (name, value) => {
  const url = new URL(location);
  if (value) url.searchParams.set(name, value);
  else url.searchParams.delete(name);
  if (shell.awake) url.searchParams.delete("news");
  keepDraft();
  location.replace(url);
};
/** Nothing more is kept or sent from here: the next document is somebody else's. */
const leave = (name, value) => {
  gone = true;
  document.body.style.display = "none"; // not for a moment may the next one see this one's words
  ready = () => {};
  shell.onleave?.();
  extra?.leave();
  relocate(name, value);
};
/** Somebody logged out elsewhere: whom the page named before is not to be taken for who is there now. */
const loggedOut = () => {
  post({ is: "over" });
  leave("signed", null);
};
/** The page says who is there. */
const known = (identity) => {
  if (!begun) return begin(identity);
  if (identity?.id === shell.identity?.id) return (shell.identity = identity);
  keepDraft();
  leave("signed", identity && 1);
};
addEventListener("message", ({ source, origin, ports }) => {
  if (port || source !== parent || !data.origins.includes(origin) || !ports[0]) return;
  port = ports[0];
  port.onmessage = ({ data: order }) => Object.hasOwn(orders, order.do) && orders[order.do](order);
  unsent.splice(0).forEach(post);
});
addEventListener("popstate", () => open && framed && post({ is: "close" }));
document.addEventListener("visibilitychange", changed);
$("close").onclick = close;
$("close").hidden = !framed;
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) close();
});
