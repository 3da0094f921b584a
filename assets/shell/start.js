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
    $("early")?.remove();
    keep(unclaimed.splice(0));
    kept().forEach(drawEarly);
    if (store.get("left")) load().then(() => shell.hint(say("file_left"), store.set("left")), () => {});
    $("clip").hidden = site && !(shelf instanceof Storage); // without storage nobody would know whose a file is
  }
  dispatchEvent(new Event("known"));
  if (shell.awake) start();
};

// --- “Back” may bring this document as it was left, to somebody else: what happened meanwhile was not told here.
const trace = () => [store.get("session"), store.get("draft")];
let traced = [];
addEventListener("pagehide", () => (traced = trace()));
addEventListener("pageshow", (event) => {
  const [[session, draft], [sessionNow, draftNow]] = [traced, trace()];
  const isAsItWas = session ? session === sessionNow : !draft || (draft === draftNow && !sessionNow);
  if (!event.persisted || isAsItWas) return;
  event.stopImmediatePropagation(); // nothing of it comes to life
  if (session || !(sessionNow ?? draftNow)) return loggedOut();
  // What was being written was sent or changed on another page: no log-out, and the page's words of its visitor hold.
  post({ is: "anew" });
  leave("signed", signed && 1);
});

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
