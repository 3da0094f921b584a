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
  answer: null,
  ask: (body) => poll(body).then((answer) => answer.text()),
  awake: false,
  name: data.name,
  greeting: data.greeting,
  presence: data.presence,
  take(fn) {
    const early = kept();
    store.set("kept", "");
    $("early")?.remove();
    ready = fn;
    early.forEach(({ text, id, files = "", to = "" }) => fn(text, id, files, to));
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
    $("sub").textContent = field ? sub : ""; // without a field the chat is closed, and says so below
    $("face").dataset.dot = field ? dot : "off";
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
  set led(led) { $("finish").hidden = !(led && field); },
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
