// The fields: read, filled, compared with what is saved, and told what is wrong with them.

const form = byId('form');
const radios = ['theme', 'corner', 'launcher'];
const texts = ['color', 'label', 'name', 'greeting'];
const flags = [...byId('flags').querySelectorAll('input')];
let saved = null;

/** What the fields say now. */
function read() {
  const now = { sites: byId('sites').value.split('\n').map(line => line.trim()).filter(Boolean).join('\n') };
  for (const name of radios) now[name] = form.elements[name].value;
  for (const name of texts) now[name] = byId(name).value.trim();
  now.color = now.color.toLowerCase();
  now.notes = byId('notes').checked;
  now.flags = flags.filter(flag => flag.checked).map(flag => flag.name).join(' ');
  return now;
}

/** Puts a site as the relay keeps it into the fields, and what is chosen for the whole portal. */
function fill(site, chosen) {
  for (const flag of flags) flag.checked = chosen[flag.name];
  byId('sites').value = site.origins.join('\n');
  for (const name of radios) form.elements[name].value = site.look[name];
  for (const name of texts) byId(name).value = site.look[name];
  byId('notes').checked = site.notes;
  byId('name').placeholder = site.look.default_name;
  saved = read();
}

/** What was changed here of the choices for the whole portal: another page may have changed others meanwhile. */
function changedFlags() {
  const before = saved.flags.split(' ');
  const mine = flags.filter(flag => flag.checked !== before.includes(flag.name));
  return Object.fromEntries(mine.map(flag => [flag.name, flag.checked]));
}

/** The changed fields by name, in the order they stand in. */
function changed() {
  if (!saved) return [];
  const now = read();
  return ['sites', 'color', ...radios, 'label', 'name', 'greeting', 'notes', 'flags'].filter(name => now[name] !== saved[name]);
}

function mark(name, isBad, input = byId(name)) {
  document.querySelector(`[data-field=${name}]`).classList.toggle('bad', isBad);
  if (isBad) input.setAttribute('aria-invalid', 'true');
  else input.removeAttribute('aria-invalid');
}

function clearFaults() {
  byId('sites-faults').replaceChildren();
  for (const name of ['sites', ...texts]) clearFault(name);
}

function clearFault(name) {
  mark(name, false);
  if (name === 'sites') byId('sites-faults').replaceChildren();
  else byId(`${name}-fault`)?.replaceChildren();
}

/** Shows each fault at its field, the first one in focus. */
function showFaults(faults) {
  clearFaults();
  for (const fault of faults) {
    mark(fault.field, true);
    if (fault.field === 'sites') byId('sites-faults').append(siteFault(fault));
    else byId(`${fault.field}-fault`)?.replaceChildren(icon('alert'), say('too_long', { n: fault.n }));
  }
  if (faults.length) byId(faults[0].field).focus();
}

function siteFault({ why, line, fix, n }) {
  const said = document.createElement('span');
  said.textContent = why === 'bad' ? say(fix ? 'sites_bad' : 'sites_bad_plain', { n: line, fix }) : say(`sites_${why}`, { n });
  const item = document.createElement('li');
  item.append(icon('alert'), said);
  if (fix) said.append(' ', fixButton(item, line, fix));
  return item;
}

/** Offers the repaired form: one press puts it into its line. */
function fixButton(item, line, fix) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = words.sites_fix;
  button.setAttribute('aria-label', `${words.sites_fix}: ${fix}`);
  button.addEventListener('click', () => {
    const lines = byId('sites').value.split('\n');
    lines[line - 1] = fix;
    byId('sites').value = lines.join('\n');
    item.remove();
    if (!byId('sites-faults').children.length) mark('sites', false);
    byId('sites').focus();
    byId('sites').dispatchEvent(new Event('input', { bubbles: true }));
  });
  return button;
}
