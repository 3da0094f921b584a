// Wires the rooms: buttons to calls, answers to what is shown. The address never changes, the page never reloads.

const STATE_EVERY = 60_000;
let state = page.state;
let isBusy = false;
let palettes = null;

/** Shows what is true now. The fields are filled only where nobody has typed into them. */
function show(next, fresh = true) {
  state = next;
  const on = isOn(state);
  showState(state, fresh);
  askForRoom(on);
  form.className = on ? 'cols' : 'cols alone';
  byId('bar').hidden = !on;
  byId('first').hidden = on;
  for (const id of ['code-card', 'look-card', 'words-card', 'visitor-card', 'flags-card', 'preview']) byId(id).hidden = !on;
  byId('reconnect').hidden = !(on && state.channel?.error);
  if (state.site && !changed().length) {
    const isNew = !saved;
    fill(state.site, state.flags);
    if (isNew) matchTheme();
  }
  if (on) {
    byId('code').value = state.site.snippet;
    showSecret(state.site);
  }
  follow();
}

/** After each change of a field: what depends on it, and the bar's words. */
function follow() {
  const launcher = form.elements.launcher.value;
  byId('label-field').hidden = launcher !== 'label';
  byId('own-hint').hidden = launcher !== 'none';
  if (isOn(state)) followColor(found => showPreview((palettes = found)));
  showPreview(palettes);
  const names = changed();
  byId('save').setAttribute('aria-disabled', String(!names.length));
  if (names.length) tell(byId('said'), say('changed', { fields: names.map(name => words[`field_${name}`]).join(', ') }));
  else if (!byId('said').className.includes(' ')) tell(byId('said'), '');
}

/** One call at a time; its button says that it waits. Returns whether it worked. */
async function run(button, what, data, place, line, done) {
  if (isBusy) return false;
  isBusy = true;
  button.setAttribute('aria-busy', 'true');
  clearFaults();
  try {
    const reply = await ask(what, data);
    saved = null;
    show(reply.state);
    tell(place(), done, 'good');
    return true;
  } catch (fault) {
    if (!fault.error) throw fault;
    if (fault.faults) showFaults(fault.faults);
    tell(place(), reason(fault, line), 'bad');
    return false;
  } finally {
    isBusy = false;
    button.removeAttribute('aria-busy');
  }
}

const place = () => (isOn(state) ? byId('said') : byId('connect-said'));

async function connect(button) {
  const { sites, notes, flags: _, ...look } = read();
  const data = { sites: byId('sites').value, look: isOn(state) ? look : undefined };
  if (!(await run(button, 'connect', data, place, 'connect_fail', words.connected))) return;
  byId('copy').focus();
  byId('steps').scrollIntoView({ block: 'nearest' });
}

async function save() {
  if (!changed().length) return;
  const { sites, notes, flags: _, ...look } = read();
  const data = { sites: byId('sites').value, look, notes, lang: page.lang, flags: changedFlags() };
  await run(byId('save'), 'save', data, place, 'save_fail', words.saved);
}

async function disconnect() {
  byId('ask').close();
  if (await run(byId('disconnect'), 'disconnect', {}, place, 'disconnect_fail', words.disconnected)) byId('connect').focus();
}

function askToDisconnect() {
  byId('ask-text').textContent = state.waiting ? say('off_ask', { n: state.waiting }) : words.off_ask_none;
  byId('ask').showModal();
  byId('ask-no').focus();
}

/** Some frames may not reach the clipboard: then the code is left selected, and the words say what to do. */
async function copyCode() {
  const code = byId('code');
  let isCopied = await navigator.clipboard?.writeText(code.value).then(() => true, () => false);
  if (!isCopied) {
    code.select();
    isCopied = document.execCommand('copy');
  }
  byId('copied').textContent = isCopied ? words.code_copied : words.code_manual;
  if (!isCopied) return tell(byId('said'), words.code_manual);
  const label = byId('copy').querySelector('span');
  label.textContent = words.code_copied;
  setTimeout(() => {
    label.textContent = words.code_copy;
    byId('copied').textContent = '';
  }, 2000);
}

/** What the portal says now; nothing that was typed is touched, and no answer changes nothing. */
async function refresh() {
  if (isBusy || document.hidden) return;
  const reply = await ask('state', {}).catch(() => null);
  if (reply && !isBusy) show(reply.state);
}

form.addEventListener('submit', event => {
  event.preventDefault();
  if (isOn(state)) save();
  else connect(byId('connect'));
});
form.addEventListener('input', event => {
  if (event.target.name === 'drop' || event.target.id === 'picker') setColor(event.target.value);
  else if (event.target.name.startsWith('pv-')) showPreview(palettes);
  else {
    if (byId(`${event.target.id}-fault`)) clearFault(event.target.id);
    if (byId('said').className !== 'said') tell(byId('said'), '');
    if (event.target.name === 'theme') matchTheme();
    follow();
  }
});
byId('color').addEventListener('change', mendColor);
byId('copy').addEventListener('click', copyCode);
byId('code').addEventListener('focus', () => byId('code').select());
byId('disconnect').addEventListener('click', askToDisconnect);
byId('reconnect').addEventListener('click', () => connect(byId('reconnect')));
byId('ask-no').addEventListener('click', () => byId('ask').close());
byId('ask-yes').addEventListener('click', disconnect);
byId('preview').addEventListener('toggle', () => showPreview(palettes));
wide.addEventListener('change', foldPreview);
addEventListener('beforeunload', event => changed().length && event.preventDefault());
document.addEventListener('visibilitychange', refresh);
setInterval(refresh, STATE_EVERY);
setInterval(() => showState(state, false), 20_000);

foldPreview();
show(state);
if (!isOn(state)) byId('sites').focus();
