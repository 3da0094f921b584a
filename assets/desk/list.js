// The first column: which conversations there are, who waits, and finding one.

import { byId, clock, day, el, keep, sign } from './parts.js';
import { word } from './words.js';

const FILTERS = {
  all: () => true,
  wait: one => one.unanswered > 0,
  done: one => !one.open,
};
let filter = 'all';

/** Draws the list; `pick(chat)` is called for the chosen one, `again` when the choice of what is shown changed. */
export function draw(picture, picked, pick, again) {
  drawTabs(picture.dialogues, again);
  const sought = byId('query').value.trim().toLowerCase();
  const fits = one => !sought || `${nameOf(one)} ${one.text ?? ''}`.toLowerCase().includes(sought);
  const rows = picture.dialogues.filter(FILTERS[filter]).filter(fits).map(one => ({ ...one, on: one.chat === picked }));
  keep(byId('dialogues'), rows, one => one.chat, one => row(one, pick));
  const none = byId('none');
  none.hidden = rows.length > 0;
  none.textContent = word(picture.dialogues.length ? 'none_found' : 'none');
  const waiting = picture.dialogues.filter(FILTERS.wait).length;
  document.title = waiting ? `(${waiting}) ${word('title')}` : word('title');
}

export const nameOf = one => one.name || word('visitor');

function drawTabs(dialogues, again) {
  const tabs = Object.keys(FILTERS).map(name => ({
    name, on: name === filter, count: name === 'done' ? 0 : dialogues.filter(FILTERS[name]).length,
  }));
  keep(byId('tabs'), tabs, tab => tab.name, tab => el('button', {
    type: 'button', 'aria-pressed': String(tab.on), onclick: () => { filter = tab.name; again(); },
  }, `${word(`tab_${tab.name}`)}${tab.count ? ` ${tab.count}` : ''}`));
}

function row(one, pick) {
  const name = nameOf(one);
  const button = el('button', { type: 'button', 'aria-current': one.on ? 'true' : null, onclick: () => pick(one.chat) },
    sign(name, one.chat),
    el('span', { className: 'body' },
      el('span', { className: 'l' }, el('b', {}, name), el('time', {}, one.at ? when(one.at) : '')),
      el('span', { className: 'l' },
        el('span', { className: 'last' }, plain(one.text ?? '')),
        one.unanswered ? el('em', { 'aria-label': `${word('waits')}: ${one.unanswered}` }, String(one.unanswered)) : null)));
  return el('li', {}, button);
}

const when = at => (day(at) === word('today') ? clock(at) : day(at));
const plain = text => text.replace(/\[\/?(b|i|u|s|code)\]/gi, '').replace(/\s+/g, ' ');
