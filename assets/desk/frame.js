// The portal's page around a page of the application: opens it by a POST, as the portal does, and hears what it says
// through BX24. The frame's name carries what BX24 needs to know.
const form = document.getElementById('open');
const frame = document.createElement('iframe');
const query = new URL(form.action).searchParams;
frame.title = document.title;
frame.name = [query.get('DOMAIN'), query.get('PROTOCOL'), query.get('APP_SID')].join('|');
form.target = frame.name;
document.body.append(frame);
form.submit();

/** `command:json:callback:session`, and the JSON may hold colons. */
function read(text) {
  const parts = text.split(':');
  return { command: parts[0], args: parts.slice(1, -2).join(':'), callback: parts.at(-2), session: parts.at(-1) };
}

addEventListener('message', async event => {
  if (event.source !== frame.contentWindow || typeof event.data !== 'string') return;
  const said = read(event.data);
  if (said.session !== query.get('APP_SID')) return;
  const answer = value => said.callback && event.source.postMessage(`${said.callback}:${JSON.stringify(value)}`, event.origin);
  if (said.command === 'setInstallFinish') {
    await fetch('/marketplace/installed/', { method: 'POST' });
    answer({});
  } else answer({ LANG: document.documentElement.lang, DOMAIN: query.get('DOMAIN'), INSTALL: location.pathname.startsWith('/marketplace/') });
});
