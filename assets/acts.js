// What the visitor does with messages, and how a conversation is rated and ended: the button and the menu of a message,
// the bar over the field while one is edited or answered, the question before something is gone, the way from a
// quotation, the two answers to a request for a rating. Loaded when a message is reached for first, or a rating asked
// for; README.md beside this file describes the seam. Knows nothing of the protocol.

/** How long the relay lets a message be edited. */
const EDITABLE = 3 * 864e5;

const STYLE = `
.dots, .menu { position: fixed; z-index: 9; background: var(--surface); color: var(--ink); box-shadow: 0 0 0 1px var(--line), var(--sh-2) }
.dots { inline-size: 30px; block-size: 24px; border-radius: 12px; font-weight: 600; line-height: 14px }
.touch .dots { inline-size: 44px; block-size: 32px; border-radius: 16px }
.menu { min-inline-size: 168px; max-inline-size: min(300px, calc(100% - 24px)); padding: 6px; border-radius: 18px; outline: none; animation: rise .16s var(--out) }
.menu [role=menuitem] { display: block; inline-size: 100%; min-block-size: 40px; padding-inline: 12px; border-radius: 12px; text-align: start }
.touch .menu [role=menuitem] { min-block-size: 44px }
.menu [role=menuitem]:is(:hover, :focus-visible) { background: var(--well) }
.menu .danger { color: var(--danger) }
.menu p { padding: 8px 12px; text-wrap: pretty }
.menu .btns { display: flex; flex-wrap: wrap; gap: 6px; justify-content: flex-end }
.menu .btns .btn { padding-inline: 14px }
.menu .btns .link { padding-inline: 14px; min-block-size: 44px }
.over { display: flex; align-items: center; gap: 10px; padding: 8px 6px 2px 16px; font-size: 13px; line-height: 18px }
.over .t { border-inline-start: 2.5px solid var(--accent-text); padding-inline-start: 9px }
.over b { display: block; color: var(--accent-text) }
.rate { display: flex; flex-wrap: wrap; justify-content: center; gap: 8px; margin-block-start: 8px }
.rate button { min-inline-size: 112px; min-block-size: 72px; padding: 8px 12px; border-radius: 18px; background: var(--surface); color: var(--ink); box-shadow: var(--sh-1); font-size: 13px }
.rate .i { inline-size: 26px; block-size: 26px; margin: 0 auto 6px; color: var(--accent-text) }
.rate :disabled { cursor: auto; opacity: .55 }
.rate [aria-pressed=true] { opacity: 1; box-shadow: inset 0 0 0 2px var(--accent-text) }
.rate p { inline-size: 100% }
.over span { display: block; color: var(--mute); white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
@media (forced-colors: active) { .dots, .menu, .rate button { border: 1px solid CanvasText } }`;

/** `seat`: what the shell lends: itself, its field, its log, the field's frame, and what redraws after a change. */
export default (seat) => {
  const { shell, field, log, comp, redraw } = seat;
  const { say } = shell;
  Object.assign(shell.words, OTKLIK_WORDS[shell.lang]);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  const el = (tag, props, ...inner) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(props)) {
      if (name.startsWith("on")) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...inner);
    return made;
  };
  const isOwn = (message) => message.dataset.from === "visitor";
  const isGone = (message) => message.classList.contains("gone");
  /** The words alone: not what they quote, nor files, nor the marks between. */
  const words = (message) =>
    [...message.querySelector(".bubble").childNodes]
      .filter((node) => node.nodeType !== Node.COMMENT_NODE && !node.matches?.(".quote, .pic, .file"))
      .map((node) => node.textContent)
      .join("");
  const isEditable = (message) => isOwn(message) && words(message) && Date.now() - message.dataset.at < EDITABLE;

  // --- The button. It stands behind the log, not in it: a log is read out as it grows.
  let about;
  const more = el("button", { type: "button", class: "dots", "aria-label": say("actions"), "aria-haspopup": "menu", hidden: "" }, "⋯");
  log.after(more);
  const hide = () => {
    if (![more, about].includes(document.activeElement) && !box) more.hidden = true;
  };
  const show = (message) => {
    if (box || isGone(message) || message.dataset.state === "failed" || !(field || words(message))) return;
    about = message;
    more.hidden = false;
    const { left, right, top } = message.querySelector(".bubble, .sys > *, div").getBoundingClientRect();
    const toRight = isOwn(message) === (getComputedStyle(log).direction === "rtl");
    const x = toRight ? right - more.offsetWidth + 6 : left - 6;
    more.style.left = `${Math.min(Math.max(x, 2), innerWidth - more.offsetWidth - 2)}px`;
    more.style.top = `${Math.max(top - more.offsetHeight / 2, log.getBoundingClientRect().top)}px`;
  };
  more.onclick = () => open(about);
  more.onblur = hide;
  log.addEventListener("scroll", () => more.hidden || show(about));

  // --- The menu, and the question in its place.
  let box;
  const close = (back) => {
    box?.remove();
    box = null;
    back?.focus({ preventScroll: true });
  };
  /** Puts `made` beside `anchor`, inside what can be seen. */
  const put = (made, anchor, back) => {
    close();
    box = made;
    document.body.append(box);
    const at = anchor.getBoundingClientRect();
    const below = at.bottom + 6 + box.offsetHeight < innerHeight - 8;
    box.style.left = `${Math.max(12, Math.min(at.left, innerWidth - box.offsetWidth - 12))}px`;
    box.style.top = `${Math.max(12, below ? at.bottom + 6 : at.top - box.offsetHeight - 6)}px`;
    box.onkeydown = (event) => {
      const items = [...box.querySelectorAll("button")];
      const here = items.indexOf(document.activeElement);
      const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: -1 }[event.key];
      if (to !== undefined) items.at(to % items.length).focus();
      else if (event.key === "Escape") close(back);
      else if (event.key === "Tab" && made.role === "menu") return close(back);
      else return;
      event.preventDefault();
      event.stopPropagation();
    };
    // A press elsewhere is no answer.
    box.onfocusout = ({ relatedTarget }) => relatedTarget && made === box && !made.contains(relatedTarget) && close();
    made.querySelector("button").focus({ preventScroll: true });
  };
  addEventListener("pointerdown", ({ target }) => box && !box.contains(target) && close(), true);
  const ask = (question, yes, anchor, back, then) =>
    put(
      el("div", { class: "menu", role: "alertdialog", "aria-label": question },
        el("p", {}, question),
        el("div", { class: "btns" },
          el("button", { type: "button", class: "link", onclick: () => close(back) }, say("cancel")),
          el("button", { type: "button", class: "btn", onclick: () => { close(field ?? back); then(); } }, yes))),
      anchor, back,
    );
  const open = (message) => {
    const id = message.dataset.id;
    const item = (word, then, kind = "") =>
      el("button", { type: "button", role: "menuitem", tabindex: "-1", class: kind, onclick: () => { close(); then(); } }, say(word));
    const remove = () => ask(say("delete_ask"), say("delete"), message, message, () => shell.act("delete", id, ""));
    const items = [
      field && message.dataset.from !== "system" && item("reply", () => answer(message)),
      field && isEditable(message) && item("edit", () => edit(message)),
      words(message) && item("copy", () => copy(message)),
      field && isOwn(message) && item("delete", remove, "danger"),
    ];
    put(el("div", { class: "menu", role: "menu", "aria-label": say("actions") }, ...items.filter(Boolean)), more.hidden ? message : more, message);
    more.hidden = true;
  };
  const copy = async (message) => {
    message.focus({ preventScroll: true });
    await navigator.clipboard?.writeText(words(message)).then(() => {
      document.getElementById("said").textContent = say("copied");
      shell.hint(say("copied"));
      setTimeout(() => shell.hint(""), 2000);
    }, () => {}); // the browser does not let us
  };

  // --- The bar over the field.
  let bar;
  const leave = (draft) => {
    bar?.remove();
    bar = shell.over = shell.answer = null;
    shell.hint("");
    if (draft !== undefined) field.value = draft;
    redraw();
    field.focus();
  };
  const raise = (message, title, cancel, draft) => {
    bar?.remove();
    shell.over = shell.answer = null;
    const cross = el("button", { type: "button", class: "ib", "aria-label": cancel, onclick: () => leave(draft) }, shell.icon("close"));
    bar = el("div", { class: "over" }, el("div", { class: "t", role: "status" }, el("b", {}, title), el("span", { dir: "auto" }, words(message))), cross);
    comp.prepend(bar);
  };
  const edit = (message) => {
    if (shell.over) bar.querySelector("button").click(); // the draft stands in the field again
    const draft = field.value;
    const id = message.dataset.id;
    field.value = words(message);
    raise(message, say("edit_title"), say("edit_cancel"), draft);
    // The files of the message stay as they are, and those in the composer for the next one.
    shell.over = (text) => {
      if (!text) return shell.hint(say("edit_empty"));
      if (text !== words(message).trim()) shell.act("edit", id, text);
      leave(draft);
    };
    redraw();
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  };
  const answer = (message) => {
    const name = message.previousElementSibling?.querySelector("b")?.textContent;
    if (shell.over) bar.querySelector("button").click();
    raise(message, name ?? say("reply"), say("reply_cancel"));
    shell.answer = () => {
      leave();
      return message.dataset.id;
    };
    redraw();
    field.focus();
  };
  comp?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !bar) return;
    event.preventDefault();
    bar.querySelector("button").click();
  });

  // --- A quotation leads to its message; where only its words are known, to the last one before that says so.
  const follow = (quote) => {
    const all = [...log.querySelectorAll(".msg")];
    const before = all.slice(0, all.findIndex((message) => message.contains(quote))).reverse();
    const said = quote.lastElementChild.textContent;
    const found = all.find((message) => message.dataset.id === quote.dataset.to)
      ?? before.find((message) => said && message.querySelector(".bubble")?.textContent.includes(said));
    found?.scrollIntoView({ block: "center" });
    found?.focus({ preventScroll: true });
  };

  // --- A request for a rating. The app makes the place and says in `data-rating` how it stands.
  const thumbs = {
    like: "M3 9.2h2.7v7H3zM5.7 9.6l3-6c1.3 0 2 .8 1.8 2.1L10.1 8h4.3a1.7 1.7 0 0 1 1.7 2l-.9 4.8a1.8 1.8 0 0 1-1.8 1.4H5.7",
    dislike: "M3 10.8h2.7v-7H3zM5.7 10.4l3 6c1.3 0 2-.8 1.8-2.1L10.1 12h4.3a1.7 1.7 0 0 0 1.7-2l-.9-4.8a1.8 1.8 0 0 0-1.8-1.4H5.7",
  };
  const thumb = (kind) => {
    const [svg, path] = ["svg", "path"].map((name) => document.createElementNS("http://www.w3.org/2000/svg", name));
    for (const [name, value] of [["class", "i"], ["viewBox", "0 0 20 20"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    path.setAttribute("d", thumbs[kind]);
    svg.append(path);
    return svg;
  };
  const notes = { late: "rate_late", failed: "rate_failed", unconfirmed: "unconfirmed" };
  const rate = (place) => {
    const { rating } = place.dataset;
    if (place.drawn === rating) return;
    place.drawn = rating;
    const answer = (kind, word) => {
      const made = el("button", { type: "button", "aria-pressed": rating === kind, onclick: () => shell.act(kind, "", "") }, thumb(kind), say(word));
      made.disabled = rating !== "open" || !field;
      return made;
    };
    const note = notes[rating] ? [el("p", {}, say(notes[rating]))] : [];
    place.ariaLabel = say("rate");
    place.replaceChildren(answer("like", "rate_up"), answer("dislike", "rate_down"), ...note);
  };
  const rateAll = () => log.querySelectorAll(".rate").forEach(rate);
  new MutationObserver(rateAll).observe(log, { childList: true, subtree: true, attributeFilter: ["data-rating"] });
  rateAll();

  return {
    /** Somebody points at a message, comes to it by keys, presses it, or goes up from the empty field. */
    reach(event) {
      const { target, type } = event;
      if (type === "finish") return ask(say("finish_ask"), say("finish_yes"), target, target, () => shell.act("finish", "", ""));
      const message = target.closest(".msg[data-at]");
      if (type === "edit") return isEditable(message) && edit(message);
      const quote = type === "click" && target.closest("[data-to]");
      if (quote) follow(quote);
      else if (message) show(message);
      else hide();
    },
  };
};
