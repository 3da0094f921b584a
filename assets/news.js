// News for the badge without the app, in the hidden frame of a visitor who wrote lately and has shown no intent on this
// page: counts the answers after the last one seen, until the app is wanted. Of the protocol (PROTOCOL.md) it knows
// `hello`, `welcome` and `entries`.
(() => {
  const AGAIN_MS = 60000;
  const key = (what) => `otklik:${shell.scope}:${what}`;
  const answers = new Set();
  let socket, timer;

  const seen = () => Number(localStorage[key("seen")] ?? 0);
  const tell = () => shell.tell("unread", [...answers].filter((seq) => seq > seen()).length);
  const watch = () => {
    const session = localStorage[key("session")];
    if (!session) return;
    socket = new WebSocket(`${location.origin.replace("http", "ws")}/v1/stream`);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", version: 1, site: shell.site, identity: shell.identity ?? undefined, session, seen: Math.max(seen(), ...answers) }));
    socket.onmessage = ({ data }) => {
      const frame = JSON.parse(data);
      if (frame.type === "refused") rest(); // whatever it is about: the app will deal with it
      if (frame.last < seen()) localStorage[key("seen")] = frame.last; // the log was restored from a copy
      for (const { seq, kind, from } of frame.list ?? [])
        if (kind === "said" && (from === "operator" || from === "bot")) answers.add(seq);
      tell();
    };
    socket.onclose = () => (timer = setTimeout(watch, AGAIN_MS));
  };
  const rest = (event) => {
    clearTimeout(timer);
    if (!socket) return;
    socket.onclose = null;
    // Where the page stays, one that is still being opened may open first: the browser would complain.
    if (event?.type === "wake" && !socket.readyState) socket.onopen = () => socket.close();
    else socket.close();
  };

  addEventListener("storage", (event) => event.key === key("seen") && tell()); // read in another tab
  addEventListener("pagehide", rest); // an open socket keeps the page out of the back-forward cache
  addEventListener("pageshow", (event) => event.persisted && !shell.awake && watch());
  addEventListener("wake", rest);
  const begin = () => {
    try {
      if (!shell.awake) watch();
    } catch {} // storage is forbidden here: there is no session either
  };
  if (shell.scope) begin();
  else addEventListener("known", begin);
})();
