// What a page of the application finds under the name BX24 here: as much of the portal's own library as the chat uses.
globalThis.BX24 = (() => {
  const [domain, protocol, session] = window.name.split('|');
  const origin = `http${protocol === '1' ? 's' : ''}://${domain}`;
  const waiting = new Map();
  addEventListener('message', event => {
    if (event.origin !== origin || typeof event.data !== 'string') return;
    const cut = event.data.indexOf(':');
    waiting.get(event.data.slice(0, cut))?.(JSON.parse(event.data.slice(cut + 1)));
  });
  const send = (command, then = () => {}) => {
    const callback = `c${waiting.size + 1}`;
    waiting.set(callback, then);
    parent.postMessage(`${command}::${callback}:${session}`, origin);
  };
  return {
    init: ready => send('getInitData', ready),
    installFinish: () => send('setInstallFinish'),
    getLang: () => document.documentElement.lang,
  };
})();
