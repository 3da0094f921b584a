// The launcher: a bubble on the host page, the command queue and the wait for intent. A classic script; before intent it
// asks for nothing and writes nothing. The relay fills in the three names in capitals. Knows nothing of the chat's
// protocol; everything behind the first intent is `host.js`.
(() => {
  if (window.otklik?.version) return; // pasted twice
  const doc = document;
  const queue = window.otklik?.q ?? [];
  // The owner's settings, and over them the tag's own attributes (`data-open-on` is `openOn`).
  const options = { ...OTKLIK_SITE, ...doc.currentScript?.dataset };
  const words = {
    ru: ["Открыть чат", "Открыть чат, непрочитанных: #", "Закрыть чат", "Спросить", "Чат не открылся"],
    en: ["Open chat", "Open chat, # unread", "Close chat", "Ask us", "The chat did not open"],
  };
  const facts = { version: options.version, open: false, unread: 0, status: "offline" };
  const calls = [];
  const night = matchMedia("(prefers-color-scheme:dark)");
  let hidden, waiting, failed, loading, host;

  const element = doc.createElement("otklik-widget");
  const root = element.attachShadow({ mode: "open" });
  const add = (name, parent) => parent.appendChild(doc.createElement(name));
  const button = add("button", root);
  add("b", button);
  add("i", button);
  add("i", button);
  const label = add("span", button);
  const badge = add("em", button);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(OTKLIK_CSS);
  root.adoptedStyleSheets = [sheet];

  const lang = () => {
    const code = (options.lang || doc.documentElement.lang || navigator.language || "").slice(0, 2).toLowerCase();
    return words[code] ? code : "en";
  };
  const dark = () => (/^(dark|light)$/.test(options.theme) ? options.theme === "dark" : night.matches);

  /** Draws what is true now. */
  const paint = () => {
    const [open, unread, close, ask, fail] = words[lang()];
    const labelled = failed || options.launcher === "label";
    let [fill, mark] = (dark() && options.dark) || options.colors || ["#1e6b58", "#fff"];
    if (/^#[\da-f]{6}$/i.test(options.color)) {
      fill = options.color;
      const light = [0.2126, 0.7152, 0.0722].reduce(
        (sum, share, i) => sum + share * (parseInt(fill.substr(1 + 2 * i, 2), 16) / 255) ** 2.2, 0);
      mark = light > (labelled ? 0.18 : 0.3) ? "#000" : "#fff";
    }
    const colors = { l: fill, o: mark, s: dark() ? "#202423" : "#fff", k: dark() ? "#eceeed" : "#1b1f1e", r: dark() ? ".14" : "0" };
    for (const name in colors) element.style.setProperty(`--${name}`, colors[name]);
    if (options.z) element.style.setProperty("--otklik-z", options.z);
    button.dir = options.position === "left" ? "rtl" : "ltr";
    button.className = `${labelled && !facts.open ? "label " : ""}${facts.open ? "open" : waiting ? "wait" : ""}`;
    button.hidden = hidden || options.launcher === "none";
    label.hidden = !labelled || facts.open;
    label.textContent = failed ? fail : options.label || ask;
    badge.hidden = !facts.unread || facts.open;
    badge.textContent = facts.unread > 99 ? "99+" : facts.unread;
    badge.ariaHidden = "true";
    button.setAttribute("aria-label", failed ? fail : facts.open ? close : facts.unread ? unread.replace("#", facts.unread) : open);
  };
  const emit = (name, detail) => dispatchEvent(new CustomEvent(`otklik:${name}`, { detail }));

  /** Fetches the rest, once; after a failure the next intent tries again. */
  const load = () =>
    (loading ??= (async () => {
      waiting = !seam.asleep;
      failed = false;
      paint();
      try {
        return (host = (await import(options.origin + OTKLIK_HOST)).default(seam));
      } catch (error) {
        loading = null;
        waiting = false;
        paint();
        throw error;
      }
    })());
  const seam = {
    options, facts, root, element, button, emit, lang, dark, paint,
    late: [],
    ready() {
      waiting = false;
      paint();
    },
  };

  const observer = new MutationObserver(() => attach());
  const attach = () => {
    const page = doc.documentElement;
    if (!element.isConnected) page?.append(element);
    for (const node of [doc, page]) node && observer.observe(node, { childList: true });
  };
  const start = () => {
    paint();
    attach();
  };

  /** A command of the host part's; when that cannot be had, the bubble says so. */
  const asked = (name) => async (...args) => {
    try {
      await load();
    } catch (error) {
      failed = true;
      paint();
      throw error;
    }
    return host[name](...args);
  };
  /** The same, but worth no loading: until then it waits. */
  const later = (name) => (...args) => (host ? host[name](...args) : void seam.late.push([name, args]));
  const set = (name) => (value) => {
    options[name] = value;
    paint();
    host?.[name]();
  };
  const reveal = (state) => () => {
    hidden = state;
    paint();
  };
  const commands = {
    open: asked("open"),
    toggle: asked("toggle"),
    prefill: asked("prefill"),
    send(text) {
      // Now: the gesture may be over once the host part is here.
      if (navigator.userActivation?.isActive === false) throw Error("otklik: send works in a user's gesture only");
      return asked("send")(text);
    },
    identify: later("identify"),
    set: later("set"),
    track: later("track"),
    consent: later("consent"),
    reset() {
      seam.asleep ??= !loading; // what the browser keeps lies in the frame; the app is not needed
      return load().then(() => host.reset());
    },
    close: () => host?.close(),
    show: reveal(false),
    hide: reveal(true),
    lang: set("lang"),
    theme: set("theme"),
    get: (name) => facts[name],
    on(name, fn, once) {
      const call = ({ detail }) => fn(detail);
      calls.push([name, fn, call]);
      addEventListener(`otklik:${name}`, call, { once });
    },
    once: (name, fn) => commands.on(name, fn, true),
    off(name, fn) {
      for (const [event, own, call] of calls) if (event === name && (!fn || own === fn)) removeEventListener(`otklik:${name}`, call);
    },
    shutdown() {
      observer.disconnect();
      host?.shutdown();
      host = loading = null;
      element.remove();
    },
    boot(given) {
      Object.assign(options, given);
      start();
    },
  };
  const otklik = (window.otklik = async (name, ...args) => {
    if (Object.hasOwn(commands, name)) return commands[name](...args);
    console.warn(`otklik: no command “${name}”`);
  });
  otklik.version = facts.version;

  const quietly = (promise) => promise.catch(() => {});
  const open = () => quietly(otklik("open"));
  const linked = () => location.hash === "#otklik" && open();
  const hint = () => quietly(load().then(() => host.wake()));
  const idle = window.requestIdleCallback ?? setTimeout;
  button.type = "button";
  button.onclick = () => quietly(otklik("toggle"));
  if (options.load === "idle") idle(hint);
  else if (options.load !== "click") button.onpointerenter = button.onfocus = hint;
  if (options.openOn)
    addEventListener("click", (event) => {
      if (!event.target.closest?.(options.openOn)) return;
      event.preventDefault();
      open();
    });
  addEventListener("hashchange", linked);
  night.onchange = () => paint();
  start();
  emit("ready");
  for (const call of queue) quietly(otklik(...call));
  linked();
  try {
    const wide = innerWidth > 480 && innerHeight > 480;
    const kept = `otklik:${options.site}`;
    if (wide && sessionStorage[kept]) quietly(load().then(() => host.open(true)));
    // Who wrote lately sees what came since: a frame without the app, unless bytes are dear.
    else if (localStorage[kept] > Date.now() && !navigator.connection?.saveData)
      idle(() => {
        seam.asleep = !loading;
        quietly(load());
      });
  } catch {} // the page may not use storage: then nothing is remembered
})();
