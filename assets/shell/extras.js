// --- What is done with messages is loaded when one is reached for, or a rating is asked for.
let acts;
const reach = (event) => {
  if (!data.app || !(acts || event.target?.closest?.(".msg[data-at], #finish, .rate"))) return;
  acts ??= import(data.acts).then((module) => module.default({ shell, field, log, comp, redraw: typed }));
  acts.then(({ reach }) => event.target && reach(event), () => (acts = null));
};
new MutationObserver(() => acts || reach({ target: log.querySelector(".rate") })).observe(log, { childList: true, subtree: true });
for (const type of ["pointerover", "focusin", "click"]) log.addEventListener(type, reach);
$("finish").onclick = ({ currentTarget }) => reach({ type: "finish", target: currentTarget });

// --- Files: what they take is loaded with the first one, or to renew an address that is over.
let extra;
let loading;
const load = () =>
  (loading ??= import(data.attach).then((module) => (extra = module.default({
    shell, store, limits: data.files, comp, field, log, redraw: drawHint, name: newName,
    submit: (text, to, files, id) => submit(text, to, files.length ? JSON.stringify(files) : "", id),
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
