// Files on their way to the relay: chosen, dropped or pasted, uploaded at once, sent with the message they were put to.
// Loaded when the first one is there; `shell.js` hands over what is its own. What was sent while its files were still
// on their way waits here, with all that was sent after it; README.md beside this file describes both seams.

const STYLE = `
.chips{list-style:none;margin:0;padding:8px 8px 0;display:grid;gap:6px}
.chips:empty{display:none}
.bubble .chips{padding:0}
.chip{display:grid;grid-template-columns:36px minmax(0,1fr) auto auto;align-items:center;gap:0 8px;padding:4px;border-radius:12px;background:var(--well);color:var(--ink)}
.chip>.pre{inline-size:36px;block-size:36px;border-radius:8px;background:var(--surface);font:600 10px/36px var(--font);text-align:center;text-transform:uppercase;overflow:hidden}
.chip>.pre img{inline-size:100%;block-size:100%;object-fit:cover}
.chip>.t{min-inline-size:0;font-size:13px;line-height:18px}
.chip bdi{display:block;white-space:nowrap;overflow:hidden;text-overflow:ellipsis;font-weight:500}
.chip small{display:block;font-size:12px;line-height:16px;color:var(--mute)}
.chip[data-state=bad] small{color:var(--danger)}
.chip progress{appearance:none;display:block;inline-size:100%;block-size:3px;margin-block-start:2px;border:0;border-radius:2px;overflow:hidden;background:var(--line)}
.chip progress::-webkit-progress-bar{background:var(--line)}
.chip progress::-webkit-progress-value{background:var(--accent-text)}
.chip progress::-moz-progress-bar{background:var(--accent-text)}
.chip .ib{--ib:32px}
@media (forced-colors:active){.chip{border:1px solid CanvasText}}
`;

/** Images that a page may show: others wait for the relay's word. */
const SHOWN = /^image\/(jpeg|png|gif|webp)$/;
/** Refusals that pass by themselves; without a word of the relay's they are tried again after so many seconds. */
const PASSING = ["too_fast", "too_many_connections", "site_closed", "internal"];
const PATIENCE = 5;

export default ({ shell, store, limits, comp, field, log, submit, redraw, name: newName }) => {
  const { say, size, site, icon } = shell;
  Object.assign(shell.words, OTKLIK_WORDS[shell.lang]);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  const make = (tag, props = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), props);
    made.append(...children);
    return made;
  };
  const list = make("ul", { className: "chips" });
  comp.querySelector(".row").before(list); // below whom the message answers
  let chips = [];
  const queue = [];

  /** To the ear; the same words twice are read twice. */
  const tell = (text) => {
    const said = document.getElementById("said");
    said.textContent = "";
    requestAnimationFrame(() => (said.textContent = text));
  };

  // --- Who sends: a session, which the first file begins as the first word would.
  const ask = (path, method, token, body) =>
    fetch(path, { method, body, headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { "content-type": "application/json" }) } });
  let greeting;
  const greet = async () => {
    const hello = { type: "hello", version: 1, site, seen: 0, ...(shell.identity && { identity: shell.identity }) };
    const answer = await (await ask("/v1/poll", "POST", "", JSON.stringify({ frames: [hello] }))).json();
    const token = answer.frames?.[0].session;
    if (token && !store.get("session")) {
      store.set("session", token);
      dispatchEvent(new Event("storage")); // the app takes it as another tab's
    }
  };
  const session = async () => {
    if (!store.get("session")) await (greeting ??= greet().finally(() => (greeting = 0)));
    return store.get("session");
  };

  // --- One file.
  const draw = (chip) => {
    const { el, file, state, sent, why } = chip;
    el.dataset.state = state;
    el.querySelector("small").textContent =
      why || (state === "going" ? say("file_part", { a: size(sent), b: size(file.size) }) : size(file.size));
    const bar = el.querySelector("progress");
    bar.hidden = state !== "going";
    bar.value = sent / file.size || 0;
    const [retry, remove] = el.querySelectorAll("button");
    retry.hidden = state !== "bad" || chip.final;
    remove.setAttribute("aria-label", say(state === "going" ? "file_cancel" : "file_remove", { name: file.name }));
  };
  const fail = (chip, word, values, final = true) => {
    Object.assign(chip, { state: "bad", why: say(word, values), final });
    draw(chip);
    tell(`${chip.file.name}: ${chip.why}`);
    redraw();
  };
  const again = (chip, seconds) => {
    if (!chip.gone) chip.timer = setTimeout(() => upload(chip), seconds * 1000);
  };
  const refused = (chip, status, text) => {
    let answer = {};
    try {
      answer = JSON.parse(text);
    } catch {} // a page of a proxy's
    const { code, retry_after } = answer;
    if (code === "session_unknown") {
      store.set("session", "");
      dispatchEvent(new Event("storage"));
      again(chip, 0);
    } else if (PASSING.includes(code) || status > 501) again(chip, retry_after || PATIENCE);
    else if (code === "too_large" || status === 413) fail(chip, "file_big", { n: limits.bytes / 1048576 });
    else if (code === "empty") fail(chip, "file_empty");
    else if (code === "too_many_files") fail(chip, "too_many_files", {}, false);
    else fail(chip, code === "no_room" ? "server_unsaved" : "failed", {}, false);
  };
  /** The connection broke, or the file was moved away under our hands. */
  const broken = async (chip) => {
    chip.sent = 0;
    try {
      await chip.file.slice(0, 1).arrayBuffer();
    } catch {
      return fail(chip, "file_unread");
    }
    chip.why = say("offline");
    draw(chip);
    again(chip, Math.min(30, 2 ** chip.tries++));
  };
  const upload = async (chip) => {
    clearTimeout(chip.timer);
    Object.assign(chip, { state: "going", timer: 0 });
    draw(chip);
    let token;
    try {
      token = await session();
    } catch {}
    if (chip.gone) return;
    if (!token) return broken(chip);
    const request = (chip.request = new XMLHttpRequest());
    request.open("PUT", `/v1/files/${chip.id}?name=${encodeURIComponent(chip.file.name)}`);
    request.setRequestHeader("authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded }) => {
      Object.assign(chip, { sent: Math.min(loaded, chip.file.size), why: "" });
      draw(chip);
    };
    request.onerror = () => broken(chip);
    request.onload = () => {
      if (request.status !== 200) return refused(chip, request.status, request.responseText);
      const info = JSON.parse(request.responseText);
      if (info.kind === "image") info.href = chip.url;
      Object.assign(chip, { state: "done", why: "", info });
      draw(chip);
      redraw();
      flush();
    };
    request.send(chip.file);
  };
  const remove = (chip) => {
    chip.gone = true;
    clearTimeout(chip.timer);
    chip.request?.abort();
    chip.el.remove();
    if (chip.info) session().then((token) => ask(`/v1/files/${chip.id}`, "DELETE", token)).catch(() => {}); // the relay drops it in a day
    chips = chips.filter((other) => other !== chip);
    for (const message of queue) message.chips = message.chips.filter((other) => other !== chip);
    redraw();
    flush();
    field.focus();
  };
  const chipOf = (file) => {
    const url = SHOWN.test(file.type) ? URL.createObjectURL(file) : undefined;
    const chip = { id: newName(), file, url, state: "going", sent: 0, tries: 0, why: "" };
    const ending = file.name.includes(".") ? file.name.split(".").pop().slice(0, 4) : "";
    const button = (sign, label, onclick) => {
      const made = make("button", { type: "button", className: "ib", onclick }, icon(sign));
      made.setAttribute("aria-label", label);
      return made;
    };
    chip.el = make("li", { className: "chip" },
      make("span", { className: "pre", ariaHidden: "true" }, url ? make("img", { src: url, alt: "" }) : ending),
      make("span", { className: "t" }, make("bdi", {}, file.name), make("small"), make("progress", { max: 1, ariaLabel: file.name })),
      button("retry", say("file_retry"), () => upload(chip)),
      button("close", "", () => remove(chip)));
    return chip;
  };

  // --- Messages whose files are still on their way.
  const flush = () => {
    while (queue.length && queue[0].chips.every((chip) => chip.state === "done")) {
      const { id, text, to, chips: own, el } = queue.shift();
      el?.remove();
      if (text || own.length) submit(text, to, own.map((chip) => chip.info), id);
    }
    for (const message of queue) message.el ??= drawn(message);
  };
  const drawn = ({ id, text, chips: own }) => {
    const group = document.getElementById("going") ?? make("div", { id: "going", className: "group out" });
    log.append(group);
    const bubble = make("div", { className: own.length ? "bubble files" : "bubble", dir: "auto" }, text);
    if (own.length) bubble.append(make("ul", { className: "chips" }, ...own.map((chip) => chip.el)));
    const message = make("div", { className: "msg last" }, bubble);
    Object.assign(message.dataset, { from: "visitor", id, state: "queued" });
    group.append(message);
    log.scrollTop = log.scrollHeight;
    return message;
  };

  const isBusy = () => queue.length > 0 || chips.some((chip) => chip.state === "going");
  addEventListener("beforeunload", (event) => isBusy() && event.preventDefault());
  // What was only here goes; the words come back as a draft, and the next page says what happened.
  addEventListener("pagehide", (event) => {
    if (event.persisted || !isBusy()) return;
    store.set("left", "1");
    store.set("draft", [...queue.map(({ text }) => text), field.value].filter(Boolean).join("\n"));
  });
  addEventListener("online", () => {
    for (const chip of [...chips, ...queue.flatMap((message) => message.chips)]) if (chip.timer) upload(chip);
  });

  return {
    add(files) {
      for (const file of files) {
        if (chips.length >= limits.count) {
          const many = say("file_many", { n: limits.count });
          shell.hint(many);
          tell(many);
          break;
        }
        const chip = chipOf(file);
        chips.push(chip);
        list.append(chip.el);
        if (!file.size) fail(chip, "file_empty");
        else if (file.size > limits.bytes) fail(chip, "file_big", { n: limits.bytes / 1048576 });
        else upload(chip);
      }
      redraw();
    },
    /** Whether there is something to send besides words. */
    has: () => chips.some((chip) => chip.state !== "bad"),
    /** Takes a message over, which answers `to` or none: with the files of the composer, or behind one that waits. */
    take(text, to) {
      const own = chips.filter((chip) => chip.state !== "bad");
      if (!own.length && !queue.length) return false;
      chips = chips.filter((chip) => chip.state === "bad");
      for (const chip of own) chip.el.remove();
      queue.push({ id: newName(), text, to, chips: own });
      flush();
      return true;
    },
    /** This document is to say nothing more. */
    leave() {
      for (const chip of [...chips.splice(0), ...queue.splice(0).flatMap((message) => message.chips)]) {
        chip.gone = true;
        clearTimeout(chip.timer);
        chip.request?.abort();
      }
    },
    /** A file's address is over: opens it by a new one. */
    async open(link) {
      const answer = await ask(`/v1/files/${link.dataset.file}`, "POST", await session());
      if (!answer.ok) return shell.hint(say("file_gone"));
      link.href = (await answer.json()).href;
      link.click();
    },
  };
};
