// The shell of the chat's document: header, composer, drafts and the port's end in the frame. It is there with the
// document's first bytes, so that a visitor can type and send while the app (WebAssembly) is still on its way.
// `globalThis.shell` is the app's seam; README.md beside this file describes it. Knows nothing of the protocol.
(() => {
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
  /** Ends the sessions that were reset, on the relay; what does not get there now goes with the next document. */
  const end = () => {
    const key = `otklik:${site}:ending`;
    const ending = () => JSON.parse(keeper[key] ?? "[]");
    for (const session of ending())
      fetch("/v1/poll", {
        method: "POST",
        keepalive: true, // a log-out leaves the page
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ frames: [{ type: "reset", session }] }),
      }).then(({ ok }) => {
        const rest = ending().filter((one) => !ok || one !== session);
        put(key, rest.length && JSON.stringify(rest));
      }, () => {});
  };
  addEventListener("storage", (event) => {
    if (gone) event.stopImmediatePropagation(); // the app must not mend what another tab took away
    else if (event.key === `otklik:${site}:over` && [scope, "*"].includes(event.newValue)) {
      event.stopImmediatePropagation();
      leave();
    }
  });

  // --- Words.
  const plural = new Intl.PluralRules(lang);
  const forms = lang === "ru" ? ["one", "few", "many"] : ["one", "other"];
  /** The word `key` with its places filled in; the number `n` also chooses the plural form. */
  const say = (key, values = {}) => {
    const word = [words[key]].flat();
    const form = word.length > 1 ? word[forms.indexOf(plural.select(values.n))] ?? word.at(-1) : word[0];
    return form.replace(/{(\w+)}/g, (place, name) => values[name] ?? place);
  };

  /** So many bytes: whole units up to a megabyte, then with one place after the comma. */
  const size = (bytes) => {
    const [unit, n] = bytes < 1024 ? [0, bytes] : bytes < 1e6 ? [1, Math.round(bytes / 1024)] : [2, bytes / 1048576];
    return new Intl.NumberFormat(lang, { maximumFractionDigits: 1 }).format(n) + "\xa0" + words.file_units.split(" ")[unit];
  };

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
    send: ({ text }) => extra?.take(text.trim()) || submit(text) || shell.tell("message:failed"),
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
    post({ is: "ready" });
    unsent.splice(0).forEach(post);
  });
  addEventListener("popstate", () => open && framed && post({ is: "close" }));
  document.addEventListener("visibilitychange", changed);
  $("close").onclick = close;
  $("close").hidden = !framed;
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !event.isComposing) close();
  });

  // --- The composer.
  let ready; // the app's taker of texts
  let limit = 10000;
  let appHint = "";
  let saving;
  const keepDraft = () => {
    clearTimeout(saving);
    if (field && !shell.over) store.set("draft", field.value);
  };
  const length = (text) => [...text].length;
  const drawHint = () => {
    const left = limit - length(field.value.trim());
    hint.classList.toggle("bad", left < 0);
    hint.textContent = left < 0 ? say("over", { n: -left }) : left < 200 ? say("left", { n: left }) : appHint;
    send.setAttribute("aria-disabled", String(!(field.value.trim() || extra?.has()) || left < 0));
  };
  /** The field is as high as its text, up to what the style sheet allows. */
  const fit = () => {
    field.style.height = "0";
    field.style.height = `${Math.max(send.offsetHeight, field.scrollHeight)}px`;
  };
  const typed = () => {
    fit();
    drawHint();
    clearTimeout(saving);
    saving = setTimeout(keepDraft, 300);
  };
  // Kept texts lie in the storage that all tabs of this site share; whichever app lives first takes them all.
  const kept = () => JSON.parse(store.get("kept") || "[]");
  const newName = () =>
    [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  /** Whether the text goes on its way, under a name of its own by which the relay knows a repeat. */
  const submit = (text, files = "", id = newName()) => {
    text = text.trim();
    if (!(text || files) || length(text) > limit) return false;
    if (ready) ready(text, id, files);
    else {
      store.set("kept", JSON.stringify([...kept(), { text, id, files }]));
      drawEarly({ text, id });
    }
    return true;
  };
  const press = () => {
    if (!site) shell.hint(say("preview_note"));
    else if (send.getAttribute("aria-disabled") === "false") {
      field.value = shell.over?.(field.value) ?? (extra?.take(field.value.trim()) || submit(field.value), "");
      shell.hint("");
      typed();
      keepDraft();
    }
    field.focus();
  };
  /** A message the app does not know of yet looks as it will look there: waiting. */
  const drawEarly = ({ text, id }) => {
    let group = $("early");
    if (!group) {
      group = document.createElement("div");
      group.id = "early";
      group.className = "group out";
      log.append(group);
    }
    const message = document.createElement("div");
    message.className = "msg last";
    message.dataset.from = "visitor";
    message.dataset.id = id;
    message.dataset.state = "queued";
    const bubble = document.createElement("div");
    bubble.className = "bubble";
    bubble.dir = "auto";
    bubble.textContent = text;
    group.lastChild?.classList.remove("last");
    message.append(bubble);
    group.append(message);
    log.scrollTop = log.scrollHeight;
  };
  if (field) {
    field.oninput = typed;
    field.onkeydown = (event) => {
      if (event.key === "ArrowUp" && !field.value) {
        reach({ type: "edit", target: [...log.querySelectorAll(".out .msg[data-at]")].at(-1) });
      }
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229 || touch.matches) return;
      event.preventDefault();
      press();
    };
    field.addEventListener("focus", () => {
      if (!touch.matches && !store.get("session") && !field.value) shell.hint(say("hint_enter"));
    }, { once: true });
    send.onclick = press;
    // A press beside the field (the card's edge) is meant for it.
    comp.onpointerdown = (event) => {
      if (event.target !== field && !send.contains(event.target)) event.preventDefault(), field.focus();
    };
    $("clip").onclick = () => (site ? $("pick").click() : shell.hint(say("preview_note")));
    $("pick").onchange = ({ target }) => attach([...target.files], (target.value = ""));
    field.onpaste = (event) => attach([...event.clipboardData.files], event);
    const dragged = (event) => event.dataTransfer?.types.includes("Files");
    const leave = () => comp.classList.remove("drop");
    addEventListener("dragover", (event) => {
      if (!dragged(event)) return;
      event.preventDefault();
      comp.classList.add("drop");
      shell.hint(say("drop"));
    });
    addEventListener("dragleave", (event) => event.relatedTarget || (leave(), shell.hint("")));
    addEventListener("drop", (event) => dragged(event) && (leave(), shell.hint(""), attach([...event.dataTransfer.files], event)));
    addEventListener("pagehide", keepDraft);
    addEventListener("resize", fit);
    document.fonts?.ready.then(fit);
  }

  // --- What is done with messages is loaded when one is reached for.
  let acts;
  const reach = (event) => {
    if (!data.app || !(acts || event.target?.closest?.(".msg[data-at], #finish"))) return;
    acts ??= import(data.acts).then((module) => module.default({ shell, field, log, comp, redraw: typed }));
    acts.then(({ reach }) => event.target && reach(event), () => (acts = null));
  };
  for (const type of ["pointerover", "focusin", "click"]) log.addEventListener(type, reach);
  $("finish").onclick = ({ currentTarget }) => reach({ type: "finish", target: currentTarget });

  // --- Files: what they take is loaded with the first one, or to renew an address that is over.
  let extra;
  let loading;
  const load = () =>
    (loading ??= import(data.attach).then((module) => (extra = module.default({
      shell, store, limits: data.files, comp, field, log, redraw: drawHint, name: newName,
      submit: (text, files, id) => submit(text, files.length ? JSON.stringify(files) : "", id),
    }))).catch((error) => { loading = null; throw error; }));
  const attach = async (files, event) => {
    if (!files.length) return;
    event?.preventDefault?.();
    try {
      if (site) (await load()).add(files);
    } catch {
      shell.hint(say("offline"));
    }
  };
  // An address tells behind its `#` until when it is good, in seconds.
  log.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-file]");
    const until = link?.hash.slice(1) * 1000;
    if (!until || until > Date.now()) return;
    event.preventDefault();
    load().then((files) => files.open(link), () => shell.hint(say("offline")));
  });

  // --- The seam.
  const icons = { offline: "wifi", connecting: "retry", back: "check" };
  const icon = (id) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#i-${id}`);
    svg.setAttribute("class", "i");
    svg.setAttribute("aria-hidden", "true");
    svg.append(use);
    return svg;
  };
  const mark = $("face").firstElementChild.firstElementChild;
  const shell = (globalThis.shell = {
    site, lang, words, say, size, shown, icon,
    act: null,
    over: null,
    awake: false,
    name: data.name,
    greeting: data.greeting,
    presence: data.presence,
    take(fn) {
      const early = kept();
      store.set("kept", "");
      $("early")?.remove();
      ready = fn;
      early.forEach(({ text, id, files = "" }) => fn(text, id, files));
      if ($("going")) log.append($("going")); // what waits for its files stays behind what the app shows
    },
    tell(name, detail) {
      if (name === "identify:error") {
        // The relay does not believe it: what was meant for the person stays with nobody.
        const seconds = Date.now() / 1000;
        const { exp } = shell.identity;
        detail = exp <= seconds ? "expired" : exp > seconds + 86400 ? "too_long" : "signature";
        move(scope, site);
        scope = site;
      }
      if (name === "visitor") return post({ is: "visitor", id: detail });
      post(name === "unread" ? { is: "unread", n: detail } : { is: "event", name, detail });
    },
    header(title, sub, dot, photo) {
      $("title").textContent = title;
      $("sub").textContent = sub;
      $("face").dataset.dot = dot;
      // After the end, the field says that one may go on.
      if (field) field.placeholder = say(sub === words.finished ? "placeholder_after" : "placeholder");
      const initials = title.split(/\s+/).slice(0, 2).map((part) => [...part][0]).join("");
      const face = $("face").firstElementChild;
      face.replaceChildren(title === data.name ? mark : initials);
      if (photo) face.append(Object.assign(new Image(), { src: photo, alt: "" }));
    },
    strip(kind, text) {
      const strip = $("strip");
      strip.dataset.kind = kind;
      strip.replaceChildren(...(kind ? [icon(icons[kind]), text] : []));
    },
    set led(led) { $("finish").hidden = !led; },
    hint(text) {
      appHint = text;
      if (field) drawHint();
    },
    set limit(chars) { limit = chars; if (field) drawHint(); },
    onshown: null,
    about: null,
    onabout: null,
    identity: null,
    onleave: null,
    get scope() { return scope; },
  });
  let begun = false;
  const begin = (identity) => {
    begun = true;
    shell.identity = identity;
    if (identity) {
      scope = `${site}:@${identity.id}`;
      move(site, scope);
    } else scope = site;
    if (site) end();
    if (store.get("session")) log.classList.add("known");
    if (field) {
      field.value ||= store.get("draft") || "";
      typed();
      kept().forEach(drawEarly);
      if (store.get("left")) shell.hint(say("file_left"), store.set("left"));
      $("clip").hidden = site && !(shelf instanceof Storage); // without storage nobody would know whose a file is
    }
    dispatchEvent(new Event("known"));
    if (shell.awake) start();
  };

  // --- The app. Without it nothing is lost: what is sent waits here, in order.
  let tries = 0;
  const start = async () => {
    if (!data.app) return;
    const slow = setTimeout(() => shell.strip("connecting", say("connecting")), 1000);
    try {
      const app = await import(tries ? `${data.app}?${tries}` : data.app); // a failed address stays failed in its page
      await app.default();
      clearTimeout(slow);
      if ($("strip").dataset.kind === "connecting" || tries) shell.strip("", "");
    } catch (error) {
      clearTimeout(slow);
      shell.strip("offline", say("offline"));
      setTimeout(start, Math.min(30, 2 ** ++tries) * 1000);
      if (tries === 1) console.error(error);
    }
  };
  if (!data.news) orders.wake();
  if (!signed) begin(null);
})();
