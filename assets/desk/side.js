// The third column: who writes, how the portal is, its lines, its faults, the application's card.

import { byId, el, icon, keep, wish } from './parts.js';
import { lang, word } from './words.js';

const SEND = 'imconnector.send.messages';
const ATTENDANCE = ['online', 'away', 'closed'];
const MOODS = ['answers', 'busy', 'silent', 'off'];

/** Faults by name: what the portal is told, and the one method they wait for. */
const FAULTS = [
  ['cut_before', 'cut_before', SEND], ['cut_after', 'cut_after', SEND], ['cut_between', 'cut_between', SEND],
  ['slow', { slow: { secs: 20, nanos: 0 } }, SEND], ['limit', 'limit', SEND], ['html_page', 'html_page', SEND],
  ['expired_token', 'expired_token', null], ['element_failure', 'element_failure', null],
  ['lost_session', 'lost_session', null], ['outer_failure', 'outer_failure', null],
  ['line_off_fault', 'line_off', null], ['history_refused', 'history_refused', null],
  ['event_lost', 'event_lost', null], ['event_delayed', { event_delayed: { secs: 60, nanos: 0 } }, null],
  ['event_twice', 'event_twice', null], ['events_swapped', 'events_swapped', null],
];

const side = byId('side');

/** Draws the column; what its words are made of is drawn once a language. */
export function draw(picture) {
  if (side.lang !== lang) build();
  facts(picture.talk);
  for (const input of side.querySelectorAll('[name=mood]')) input.checked = input.value === picture.mood;
  byId('queue').hidden = picture.waiting === null;
  byId('queue-n').textContent = picture.waiting;
  byId('delivered-n').textContent = picture.delivered;
  lines(picture);
  waitingFaults(picture.faults);
  card(picture);
}

function build() {
  side.lang = lang;
  side.replaceChildren(
    el('section', { id: 'facts' }),
    el('section', {}, el('h3', {}, word('portal')), el('div', { className: 'rads', role: 'radiogroup', 'aria-label': word('portal') }, ...MOODS.map(mood)),
      el('p', { className: 'cnt', id: 'queue', hidden: true }, el('span', {}, word('queue')), el('b', { id: 'queue-n' })),
      el('p', { className: 'cnt' }, el('span', {}, word('delivered')), el('b', { id: 'delivered-n' }))),
    el('section', {}, el('h3', {}, word('lines')), el('ul', { className: 'lines', id: 'lines' }), el('p', { className: 'note', id: 'no-connector' }, word('no_connector'))),
    fold('faults', el('p', { className: 'note' }, word('faults_sub')),
      el('ul', { className: 'faults' }, ...FAULTS.map(fault), clockRow()),
      el('button', { type: 'button', className: 'btn small quiet', id: 'clear', onclick: () => wish('clear_faults') }, word('clear'))),
    fold('app', el('dl', { id: 'card' }), installForm()),
  );
}

function fold(name, ...inside) {
  return el('details', {}, el('summary', {}, el('h3', {}, word(name)), icon('i-chev')), ...inside);
}

function mood(name) {
  return el('label', { className: 'rad' },
    el('input', { type: 'radio', name: 'mood', value: name, onchange: () => wish('mood', { mood: name }) }),
    el('span', {}, el('b', {}, word(name)), el('small', {}, word(`${name}_sub`))));
}

function facts(talk) {
  const known = talk ? [
    ['name', talk.name], ['chat_title', talk.title], ['email', talk.email], ['phone', talk.phone], ['page', page(talk)], ['source', talk.source], ['line', talk.line],
    ['session', talk.session ? `№ ${talk.session}` : ''],
  ].filter(([, value]) => value) : [];
  byId('facts').hidden = known.length === 0;
  keep(byId('facts'), known.length ? [{ known }] : [], () => 'facts', () => el('div', {}, el('h3', {}, word('visitor')),
    el('dl', {}, ...known.flatMap(([name, value]) => [el('dt', {}, word(name)), el('dd', {}, value)]))));
}

/** The page the visitor wrote from, as the chat told it. */
function page(talk) {
  const told = talk.description?.match(/https?:\S+/)?.[0] ?? talk.url;
  try {
    const { host, pathname, search } = new URL(told);
    return `${host}${pathname === '/' ? '' : pathname}${search}`;
  } catch {
    return told ?? '';
  }
}

function lines({ host, channels }) {
  byId('no-connector').hidden = channels.length > 0;
  keep(byId('lines'), channels, one => `${one.connector} ${one.line}`, one => {
    const state = one.error ? 'error' : one.on ? 'on' : 'off';
    const told = one.on && one.shown_as ? one.shown_as : word(`line_${state}`);
    return el('li', {},
      el('span', { className: `dot ${state}` }),
      el('span', { className: 'body' }, el('b', {}, one.line_name), el('small', {}, `${one.connector_name}: ${told}`)),
      el('select', { 'aria-label': `${one.line_name}: ${word('attendance')}`, onchange: ({ target }) => wish('attend', { line: one.line, attendance: target.value }) },
        ...ATTENDANCE.map(value => el('option', { value, selected: value === one.attendance }, word(`attend_${value}`)))),
      el('a', { className: 'btn small quiet', href: settings(host, one) }, word(one.on ? 'configure' : 'connect')));
  });
}

/** The portal's own page with the chat's settings: it stands at the portal's address, not at the desk's. */
function settings(host, channel) {
  return `http://${host}${channel.settings}${lang}`;
}

function fault([name, told, on]) {
  return el('li', {}, el('button', { type: 'button', 'data-fault': JSON.stringify([told, on]), onclick: () => wish('fault', { fault: told, on, times: 1 }) },
    el('span', {}, el('b', {}, word(name)), el('small', {}, word(`${name}_sub`))), el('em', {})));
}

function clockRow() {
  return el('li', {}, el('button', { type: 'button', onclick: () => wish('advance', { minutes: 60 }) },
    el('span', {}, el('b', {}, word('hour')), el('small', {}, word('hour_sub')))));
}

function waitingFaults(waiting) {
  byId('clear').hidden = waiting.length === 0;
  for (const button of side.querySelectorAll('[data-fault]')) {
    const times = waiting.filter(one => JSON.stringify([one.fault, one.on]) === button.dataset.fault)
      .reduce((sum, one) => sum + one.times, 0);
    button.querySelector('em').textContent = times || '';
    button.classList.toggle('on', times > 0);
  }
}

function card({ host, app }) {
  const state = app.deleted ? 'app_gone' : app.installed ? 'app_yes' : 'app_no';
  const rows = [['installed', word(state)], ['host', host], ['client_id', app.client_id], ['client_secret', app.client_secret], ['oauth', app.oauth_url]];
  keep(byId('card'), rows.flatMap(([name, value]) => [{ key: `${name} dt`, tag: 'dt', text: word(name) }, { key: `${name} dd`, tag: 'dd', text: value }]),
    one => one.key, one => el(one.tag, {}, one.text));
  byId('install-page').hidden = app.installed || !app.install_url;
  byId('install-page').href = `http://${host}/marketplace/app/?LANG=${lang}`;
}

function installForm() {
  const address = el('input', { type: 'url', required: true, id: 'relay', placeholder: 'http://127.0.0.1:8080' });
  const pages = el('input', { type: 'checkbox' });
  const said = el('p', { className: 'note', role: 'status' });
  const form = el('form', {},
    el('label', {}, word('relay'), address),
    el('label', { className: 'check' }, pages, word('with_pages')),
    el('button', { className: 'btn small quiet' }, word('install')),
    el('a', { id: 'install-page', className: 'btn small quiet', hidden: true }, word('install_page')), said);
  form.addEventListener('submit', async event => {
    event.preventDefault();
    said.textContent = await wish('install', { relay: address.value.trim(), with_pages: pages.checked }) ?? '';
  });
  return form;
}
