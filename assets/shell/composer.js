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
const keep = (more) => more.length && store.set("kept", JSON.stringify([...kept(), ...more]));
/** What was sent before it was known whose it is. */
const unclaimed = [];
const newName = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
/** Whether the text goes on its way, under a name of its own by which the relay knows a repeat. */
const submit = (text, to = "", files = "", id = newName()) => {
  text = text.trim();
  if (!(text || files) || length(text) > limit) return false;
  if (ready) ready(text, id, files, to);
  else {
    if (begun) keep([{ text, id, files, to }]);
    else unclaimed.push({ text, id, files, to });
    drawEarly({ text, id });
  }
  return true;
};
const press = () => {
  const text = field.value.trim();
  if (!site) shell.hint(say("preview_note"));
  else if (shell.over && length(text) <= limit) shell.over(text);
  else if (send.getAttribute("aria-disabled") === "false") {
    const to = shell.answer?.() ?? "";
    extra?.take(text, to) || submit(text, to);
    field.value = "";
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
