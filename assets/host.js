// The host part: the panel with the chat's frame on the host page. A module that the launcher imports on intent.
// It holds the loader's end of the port; neither words nor tokens of the chat pass through here.

const WORDS = {
  ru: {
    panel: "Чат",
    close: "Закрыть чат",
    title: "({n}) Новый ответ, {site}",
    fail: "Чат не открылся",
    why: "Сервер не отвечает. Попробуем сами через 20\u00a0секунд",
    retry: "Попробовать сейчас",
    blocked: "otklik: этот сайт не в списке. Добавьте {origin} в настройках канала",
  },
  en: {
    panel: "Chat",
    close: "Close chat",
    title: "({n}) New reply, {site}",
    fail: "The chat did not open",
    why: "The server does not answer. We will try again in 20 seconds",
    retry: "Try now",
    blocked: "otklik: this site is not on the list. Add {origin} in the channel's settings",
  },
};

const STYLES = `
dialog{position:fixed;inset:auto 20px 94px auto;box-sizing:border-box;width:380px;height:min(640px,100vh - 110px);height:min(640px,100dvh - 110px);
max-width:calc(100vw - 40px);max-height:none;margin:0;padding:0;border:0;overflow:hidden;z-index:3;background:var(--g);color:var(--k);border-radius:22px 22px 8px;
font:15px/22px -apple-system,"Segoe UI",Roboto,Arial,sans-serif;scroll-padding:env(safe-area-inset-top,0) env(safe-area-inset-right,0) env(safe-area-inset-bottom,0) env(safe-area-inset-left,0);
box-shadow:0 0 0 1px var(--n),0 4px 12px rgb(15 25 22/.07),0 24px 64px -12px rgb(15 25 22/.4);
opacity:0;transform:translateY(4px);transform-origin:100% 100%;transition:opacity .16s,transform .16s,display .16s allow-discrete,overlay .16s allow-discrete}
dialog.left{inset:auto auto 94px 20px;border-radius:22px 22px 22px 8px;transform-origin:0 100%}
dialog:is(:popover-open,[open]){opacity:1;transform:none;transition:opacity .24s cubic-bezier(.2,.8,.2,1),transform .24s cubic-bezier(.2,.8,.2,1)}
@starting-style{dialog:is(:popover-open,[open]){opacity:0;transform:scale(.96) translateY(8px)}}
dialog::backdrop{background:none}
iframe{position:absolute;inset:0;width:100%;height:100%;border:0;opacity:0;transition:opacity .16s}
.ready iframe{opacity:1}
.ready .own{visibility:hidden}
.own{position:absolute;inset:0;display:flex;flex-direction:column;align-items:center;text-align:center;text-wrap:balance}
.top{align-self:stretch;box-sizing:border-box;height:68px;padding:0 16px;background:var(--s);box-shadow:0 1px var(--n);font:600 16px/68px -apple-system,"Segoe UI",Roboto,Arial,sans-serif;text-align:start;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.own:not(.busy) span{visibility:hidden}
.own p{margin:auto 28px 0;font-weight:600}
.own p+p{margin:6px 28px 0;font-weight:400}
.own span{margin:auto 10px 10px;align-self:stretch;height:46px;border-radius:23px 23px 8px 23px;background:var(--s);box-shadow:0 0 0 1px var(--n)}
.own button{position:static;width:auto;height:44px;margin-top:16px;padding:0 20px;border-radius:18px;font:600 15px/44px -apple-system,"Segoe UI",Roboto,Arial,sans-serif;box-shadow:none}
.own .x{display:none;position:absolute;top:0;inset-inline-end:0;width:68px;height:68px;margin:0;padding:0;background:none;color:var(--k);font:30px/64px Arial,sans-serif;text-align:center}
@media(max-height:699px){dialog{bottom:20px;height:calc(100vh - 40px);height:calc(100dvh - 40px)}dialog.left{bottom:20px}button.open{display:none}}
@media(max-width:480px),(max-height:480px){dialog,dialog.left{inset:0;width:100%;max-width:none;height:100%;border-radius:0}.own .x{display:block}}
@media(prefers-reduced-motion:reduce){dialog,dialog:is(:popover-open,[open]),iframe{transition:none}}
@media(forced-colors:active){dialog{border:1px solid CanvasText}}
`;

/** How long the frame may take to answer, and when to try again by ourselves. */
const PATIENCE_MS = 8000;
const AGAIN_MS = 20000;

/** How long a text about the visitor is at most, in characters, and how many attributes and events are kept. */
const LONGEST = 200;
const MOST = 20;
const EVENTS = 10;

/** For how long a visitor who wrote is told of answers on every page. */
const LATELY_MS = 7 * 24 * 3600 * 1000;

export default ({ options, facts, root, element, button, emit, lang, dark, paint, late, ready, asleep }) => {
  const say = (key) => WORDS[lang()][key];
  const phone = matchMedia("(max-width:480px),(max-height:480px)");
  const touched = visualViewport;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLES);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];

  const add = (name, parent, className = "") => {
    const made = document.createElement(name);
    made.className = className;
    return parent.appendChild(made);
  };
  const dialog = add("dialog", root);
  dialog.popover = "manual";
  const own = add("div", dialog, "own");
  own.setAttribute("role", "status");
  add("div", own, "top").textContent = options.name ?? "";
  const what = add("p", own);
  const why = add("p", own);
  const again = add("button", own);
  add("span", own);
  const leave = add("button", own, "x");
  leave.textContent = "×";
  let frame, port, alive, whose, timer, opener, title, notice;
  let waiting = [];

  /** To the frame. What comes while its document makes room for another waits for that one. */
  const post = (order) => {
    if (!alive) return waiting.push(order);
    port.postMessage(order);
    alive = !/^(lang|reset)$/.test(order.do) && (order.do !== "identify" || order.identity?.id === whose);
  };
  /** What the page's own storage keeps of us, one value at most; none removes it. */
  const remember = (kind, value) => {
    const kept = `otklik:${options.site}`;
    try {
      if (value) window[kind][kept] = value;
      else delete window[kind][kept];
    } catch {} // the page may not use storage
  };

  // --- The frame and its port.
  const theme = () => (/^(dark|light)$/.test(options.theme) ? options.theme : "auto");
  const address = () => {
    const url = new URL("/chat", options.origin);
    const asked = { site: options.site, lang: lang(), theme: theme(), color: options.color, news: asleep && 1, signed: identity && 1 };
    for (const name in asked) if (asked[name]) url.searchParams.set(name, asked[name]);
    return url.href;
  };
  const tell = (text, more, retry) => {
    dialog.classList.remove("ready");
    own.classList.toggle("busy", !text);
    what.textContent = text;
    why.textContent = more;
    again.hidden = !retry;
  };
  const fail = () => {
    alive = false;
    ready();
    if (asleep) return frame.remove(); // nobody waits for it
    tell(say("fail"), say("why"), true);
    emit("error", "timeout");
    timer = setTimeout(load, AGAIN_MS);
  };
  const load = () => {
    clearTimeout(timer);
    alive = false;
    tell("", "", false);
    frame?.remove();
    frame = document.createElement("iframe");
    frame.title = say("panel");
    frame.allow = "autoplay; clipboard-write";
    frame.referrerPolicy = "origin"; // how the relay learns which page asks, to say so when it is not on the list
    frame.style.colorScheme = theme() === "auto" ? "light dark" : theme();
    frame.src = address();
    frame.onload = greet;
    dialog.append(frame);
    timer = setTimeout(fail, PATIENCE_MS);
  };
  // At each load: the document may have been replaced by another language's, or the page may have moved our element.
  const greet = () => {
    const { port1, port2 } = new MessageChannel();
    alive = false;
    whose = identity?.id;
    port = port1;
    port.onmessage = ({ data }) => Object.hasOwn(heard, data.is) && heard[data.is](data);
    frame.contentWindow.postMessage("otklik", options.origin, [port2]);
    port.postMessage({ do: "init", theme: theme(), position: options.position, insets: insets(), identity, open: facts.open, quiet: true, modal: phone.matches });
    if (facts.open && !shows()) appear(true);
  };
  const heard = {
    ready() {
      clearTimeout(timer);
      alive = true;
      dialog.classList.add("ready");
      ready();
      told = "";
      waiting.splice(0).forEach(post);
      describe();
    },
    blocked() {
      clearTimeout(timer);
      ready();
      tell(say("fail"), "", false);
      if (options.debug !== undefined) console.warn(say("blocked").replace("{origin}", location.origin));
      emit("error", "blocked");
    },
    visitor({ id }) {
      facts.visitor = id;
    },
    close: () => api.close(),
    /** Somebody logged out, in another tab or while this page was away: who was here is not here any more. */
    over() {
      forget();
      identity = null;
      alive = false;
    },
    /** The frame makes room for another document of the same visitor. */
    anew() {
      alive = false;
    },
    unread({ n }) {
      facts.unread = n;
      paint();
      emit("unread", n);
      entitle();
    },
    event({ name, detail }) {
      if (name === "status") facts.status = detail;
      if (name === "message:sent") remember("localStorage", Date.now() + LATELY_MS);
      if (name === "identify:error") post({ do: "identify", identity: (identity = null) });
      emit(name, detail);
    },
  };

  // --- What is known of the visitor: claims. They stay in memory and go to the frame, which sends them with a message.
  let profile = {};
  let events = [];
  let told = "";
  /** Whether the visitor lets their data be used, as the page was told. */
  let consent;
  /** Whom the page says the visitor is, as its server signed it: `id`, `exp`, `sig`. */
  let identity = null;
  /** Somebody else is there from now on. What the page asked for the one before, and still waits, is not the next one's. */
  const forget = () => {
    waiting = waiting.filter((order) => !/^(send|prefill)$/.test(order.do));
    profile = {};
    events = [];
    consent = undefined;
    delete facts.visitor;
    heard.unread({ n: 0 });
  };
  const warn = (text) => console.warn(`otklik: ${text}`);
  const short = (value) => String(value).slice(0, LONGEST);
  const isPlain = (value) => /^(string|number|boolean)$/.test(typeof value);
  /** Merges what is given; `null` takes a value away. What cannot be taken is left out. */
  const learn = (given, into, may) => {
    if (!given || typeof given !== "object") return warn("an object is needed");
    for (const [name, value] of Object.entries(given)) {
      if (into === profile && name === "attributes") learn(value, (profile.attributes ??= {}), () => Object.keys(profile.attributes).length < MOST);
      else if (value === null) delete into[name];
      else if (isPlain(value) && (name in into || may(name))) into[short(name)] = short(value);
      else warn(`“${name}” is not taken`);
    }
  };
  const isField = (name) => /^(name|email|phone)$/.test(name);
  const about = () => {
    const { referrer } = document;
    const isOwn = referrer.startsWith(`${location.origin}/`);
    const utm = {};
    // The visitor may have landed on the page before this one.
    for (const address of [location.href, isOwn ? referrer : ""])
      for (const [name, value] of new URLSearchParams(address.split(/[?#]/)[1]))
        if (/^utm_(source|medium|campaign|term|content)$/.test(name)) utm[name.slice(4)] ??= short(value);
    return {
      ...profile, utm, events, consent,
      page: location.href.replace(/#otklik$/, "").slice(0, 2000),
      title: short(notice && document.title === notice ? title : document.title),
      referrer: isOwn ? "" : referrer.slice(0, 2000),
      language: navigator.language,
    };
  };
  const describe = () => {
    const now = JSON.stringify({ type: "about", ...about() });
    if (alive && now !== told) post({ do: "about", text: (told = now) });
  };

  // --- The page's title, while nobody looks.
  const entitle = () => {
    if (notice && document.title === notice) document.title = title;
    notice = "";
    if (!facts.unread || !document.hidden) return;
    title = document.title;
    notice = say("title").replace("{n}", facts.unread).replace("{site}", options.name ?? location.host);
    document.title = notice;
  };

  // --- The panel.
  const insets = () => {
    const style = getComputedStyle(dialog);
    const keyboard = touched && touched.height < innerHeight - 100;
    return ["Top", "Right", "Bottom", "Left"].map((side) =>
      phone.matches && !(keyboard && side === "Bottom") ? parseFloat(style[`scrollPadding${side}`]) || 0 : 0);
  };
  /** On a phone the panel is exactly what is visible above the keyboard. */
  const follow = () => {
    const fits = phone.matches && facts.open && touched;
    dialog.style.top = fits ? `${touched.offsetTop}px` : "";
    dialog.style.height = fits ? `${touched.height}px` : "";
    if (fits) post({ do: "insets", value: insets() });
  };
  const shows = () => dialog.open || (!!dialog.showPopover && dialog.matches(":popover-open"));
  const appear = (quiet) => {
    dialog.inert = quiet; // opening must not take the focus when nobody pressed anything
    if (phone.matches) dialog.showModal();
    else if (dialog.showPopover) dialog.showPopover();
    else dialog.show();
    dialog.inert = false;
    follow();
  };
  const vanish = () => (dialog.open ? dialog.close() : shows() && dialog.hidePopover());
  const dress = () => {
    const colors = { "--g": dark() ? "#121615" : "#f4f6f5", "--n": dark() ? "#373c3b" : "#dce1df" };
    for (const name in colors) dialog.style.setProperty(name, colors[name]);
    dialog.classList.toggle("left", options.position === "left");
    dialog.ariaLabel = say("panel");
    if (phone.matches) dialog.removeAttribute("role");
    else dialog.setAttribute("role", "region");
    again.textContent = say("retry");
    leave.ariaLabel = say("close");
  };

  const api = {
    /** There is intent: the app is wanted. */
    wake() {
      if (!asleep) return;
      asleep = false;
      if (frame.isConnected) post({ do: "wake" });
      else load();
    },
    open(quiet = false) {
      if (facts.open) return;
      api.wake();
      facts.open = true;
      opener = document.activeElement;
      appear(quiet);
      paint();
      if (!quiet) frame.focus();
      describe();
      post({ do: "open", quiet, modal: phone.matches });
      if (!phone.matches) remember("sessionStorage", 1);
      if (facts.unread) heard.unread({ n: 0 }); // the app tells changes, and it may not have lived yet
      emit("open");
    },
    close() {
      if (!facts.open) return;
      const inside = document.activeElement === element && root.activeElement !== button;
      facts.open = false;
      vanish();
      paint();
      follow();
      if (inside) (opener?.isConnected && opener !== element && opener !== document.body ? opener : button).focus();
      post({ do: "close" });
      remember("sessionStorage");
      emit("close");
    },
    toggle: () => (facts.open ? api.close() : api.open()),
    prefill: (text) => post({ do: "prefill", text: String(text) }),
    send: (text) => post({ do: "send", text: String(text) }),
    set(given) {
      learn(given, profile, isField);
      describe();
    },
    identify(given) {
      const { id, exp, sig, ...claims } = { ...given };
      const isSigned = [id, exp, sig].every(isPlain) && exp > 0;
      const isAnother = identity && id !== undefined && identity.id !== `${id}`;
      if (isSigned) {
        if (isAnother) forget(); // what was known was of another
        post({ do: "identify", identity: (identity = { id: `${id}`, exp: Math.floor(exp), sig: `${sig}` }) });
      } else if (id !== undefined || sig !== undefined) {
        warn("“id”, “exp” and “sig” go together");
        emit("identify:error", "unsigned");
      }
      // After the frame knows whose they are; nobody's claims go to the one who is there.
      if (isSigned || !isAnother) api.set(claims);
    },
    reset() {
      forget();
      identity = null;
      remember("localStorage");
      post({ do: "reset" });
      describe();
    },
    consent(given) {
      if (given !== "granted" && given !== "denied") return warn("consent is “granted” or “denied”");
      consent = given;
      describe();
      emit("consent", given);
    },
    track(name, data) {
      if (!name || !isPlain(name)) return warn("track needs a name");
      const detail = data === undefined ? undefined : short(isPlain(data) ? data : JSON.stringify(data));
      events.push({ name: short(name), data: detail, at: Date.now() });
      events.splice(0, events.length - EVENTS);
      describe();
    },
    lang() {
      dress();
      frame.title = say("panel");
      post({ do: "lang", value: lang() });
    },
    theme() {
      dress();
      frame.style.colorScheme = theme() === "auto" ? "light dark" : theme();
      post({ do: "theme", value: theme() });
    },
    shutdown() {
      removeEventListener("blur", describe);
      clearTimeout(timer);
      api.close();
      dialog.remove();
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((own) => own !== sheet);
    },
  };

  again.onclick = load;
  leave.onclick = api.close;
  dialog.oncancel = (event) => {
    event.preventDefault();
    api.close();
  };
  dialog.onclose = () => shows() || api.close();
  root.addEventListener("keydown", (event) => event.key === "Escape" && api.close());
  phone.addEventListener("change", () => {
    dress();
    if (!facts.open) return;
    facts.open = false; // the browser's own “close” is not the visitor's
    vanish();
    facts.open = true;
    appear(true);
  });
  touched?.addEventListener("resize", follow);
  touched?.addEventListener("scroll", follow);
  document.addEventListener("visibilitychange", entitle);
  addEventListener("blur", describe); // the frame is pressed: the page may be called otherwise by now
  dress();
  for (const [name, args] of late.splice(0)) api[name](...args);
  load();
  return api;
};
