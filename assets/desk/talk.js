// The middle column: one conversation, and answering in it.

import { shown } from './bb.js';
import { byId, clock, day, el, icon, keep, wish } from './parts.js';
import { nameOf } from './list.js';
import { word } from './words.js';

/** Messages of one author closer than this stand in one group. */
const GROUP_MS = 3 * 60_000;

const drafts = new Map();
let talk = null;
/** The message that is being edited. */
let editing = null;

/** Draws the conversation of the picture, or the blank that asks for a choice. */
export function draw(picture, back) {
  const before = talk?.chat;
  talk = picture.talk;
  byId('blank').hidden = Boolean(talk);
  byId('choose').hidden = picture.dialogues.length === 0;
  byId('head').hidden = byId('foot').hidden = !talk;
  byId('back').onclick = back;
  if (!talk) return byId('log').replaceChildren();
  if (talk.chat !== before) begin(before);
  byId('who').textContent = nameOf(talk);
  byId('where').textContent = standing(picture);
  byId('finish').hidden = !talk.open || talk.closing;
  byId('ask').hidden = !talk.session;
  operators(picture.operators);
  messages();
}

function standing(picture) {
  const owner = picture.operators.find(one => one.id === talk.owner);
  const state = talk.closing ? word('closing') : !talk.open ? word('finished') : owner ? word('led', { name: owner.name }) : word('waits');
  return [talk.line, state].filter(Boolean).join(' · ');
}

/** Another conversation: its draft, its end in view. */
function begin(before) {
  if (before !== undefined && before !== null && !editing) drafts.set(before, byId('field').value);
  stopEditing();
  byId('field').value = drafts.get(talk.chat) ?? '';
  byId('said').textContent = '';
  grow();
  byId('log').replaceChildren();
  atEnd = true;
}

function operators(people) {
  const select = byId('by');
  const chosen = select.value;
  keep(select, people, one => one.id, one => el('option', { value: one.id }, one.name));
  if (chosen) select.value = chosen;
}

function messages() {
  keep(byId('log'), groups(talk.messages), group => group.key, drawGroup);
  stay();
}

/** Whether the end of the talk is in view: then it stays there, whatever comes or changes its size. */
let atEnd = true;

function stay() {
  const log = byId('log');
  if (atEnd) log.scrollTop = log.scrollHeight;
}

/** Messages put together: days, technical lines and runs of one author. */
function groups(all) {
  const made = [];
  let today = '';
  for (const message of all) {
    const date = day(message.at);
    if (date !== today) made.push({ key: `day ${date}`, day: date });
    const last = made.at(-1);
    const joins = last?.messages && last.from === message.from && last.author === message.author
      && last.kind === message.kind && message.at - last.messages.at(-1).at < GROUP_MS && message.from !== 'technical';
    if (joins) last.messages.push(message);
    else made.push({ key: message.id, from: message.from, author: message.author, kind: message.kind, messages: [message],
      may: { edit: talk.may_edit, delete: talk.may_delete } });
    today = date;
  }
  return made;
}

function drawGroup(group) {
  if (group.day) return el('div', { className: 'day' }, group.day);
  if (group.from === 'technical') return technical(group.messages[0]);
  const out = group.from !== 'visitor';
  const last = group.messages.at(-1);
  const whisper = group.kind === 'whisper';
  const label = whisper ? word('whisper') : group.from === 'automatic' ? word('automatic') : group.author;
  return el('div', { className: `group ${out ? 'out' : 'in'} ${group.kind}` },
    out ? el('p', { className: 'by' }, label) : null,
    ...group.messages.map(message => bubble(message, group, message === last)),
    el('p', { className: `meta ${last.state === 'unsent' ? 'bad' : ''}` }, el('time', {}, clock(last.at)), ...state(last, whisper)));
}

function technical(message) {
  const text = message.kind === 'started' ? word('started', { n: message.session }) : word('ended');
  return el('div', { className: 'sys' }, `${text}, ${clock(message.at)}`);
}

function state(message, whisper) {
  if (!message.state || whisper || message.deleted) return [];
  return [icon(`s-${message.state}`, 'i st'), el('span', {}, word(`state_${message.state}`))];
}

function bubble(message, group, last) {
  const own = group.from === 'operator' && group.kind === 'said' && !message.deleted;
  const text = message.deleted ? el('p', {}, word('deleted')) : el('p', { dir: 'auto' }, shown(message.text));
  return el('div', { className: `msg ${last ? 'last' : ''}`, 'data-from': message.from, 'data-id': message.id, 'data-state': message.state },
    own ? tools(message, group.may) : null,
    el('div', { className: `bubble ${message.deleted ? 'gone' : ''}` }, message.text || message.deleted ? text : null, ...message.files.map(file),
      message.edited && !message.deleted ? el('small', {}, word('edited')) : null));
}

function file(one) {
  const what = one.image ? el('img', { src: `/desk/file/${one.id}`, alt: one.name }) : `${one.name}, ${Math.ceil(one.size / 1024)} KB`;
  return el('p', { className: 'file' }, el('a', { href: `/desk/file/${one.id}`, target: '_blank', download: one.image ? undefined : one.name }, what));
}

function tools(message, may) {
  const tool = (name, sign, act) => el('button', { type: 'button', className: 'ib', 'aria-label': word(name), title: word(name), onclick: act }, icon(sign));
  return el('span', { className: 'tools' },
    may.edit ? tool('edit', 'i-edit', () => edit(message)) : null,
    may.delete ? tool('delete', 'i-trash', async () => tell(await wish('delete', { chat: talk.chat, message: message.id }))) : null);
}

function edit(message) {
  if (!editing) drafts.set(talk.chat, byId('field').value);
  editing = message;
  byId('over').hidden = false;
  byId('before').textContent = message.text;
  byId('field').value = message.text;
  grow();
  byId('field').focus();
}

function stopEditing() {
  editing = null;
  byId('over').hidden = true;
}

function leaveEditing() {
  stopEditing();
  byId('field').value = drafts.get(talk.chat) ?? '';
  grow();
}

const tell = text => { byId('said').textContent = text ?? ''; };

function grow() {
  const field = byId('field');
  field.style.height = 'auto';
  field.style.height = `${Math.min(field.scrollHeight, 160)}px`;
  byId('send').setAttribute('aria-disabled', String(!field.value.trim()));
}

/** Each file is a message of its own. */
async function sendFiles(files) {
  for (const one of files) {
    const query = new URLSearchParams({ chat: talk.chat, by: byId('by').value, name: one.name, kind: one.type });
    const answer = await fetch(`/desk/file?${query}`, { method: 'POST', body: one });
    tell(answer.ok ? '' : word('error_gone'));
  }
}

async function send() {
  const field = byId('field');
  const text = field.value.trim();
  if (!text) return field.focus();
  const trouble = editing
    ? await wish('edit', { chat: talk.chat, message: editing.id, text })
    : await wish('say', { chat: talk.chat, by: Number(byId('by').value), text });
  tell(trouble);
  if (trouble) return;
  if (editing) return leaveEditing();
  drafts.delete(talk.chat);
  field.value = '';
  grow();
  atEnd = true;
  stay();
}

/** Wires what stands in the document for good. */
export function wire() {
  byId('clip').onclick = () => byId('pick').click();
  byId('pick').onchange = ({ target }) => sendFiles([...target.files]).then(() => { target.value = ''; });
  const field = byId('field');
  const log = byId('log');
  log.addEventListener('scroll', () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80; });
  new ResizeObserver(stay).observe(log);
  field.addEventListener('input', grow);
  field.addEventListener('keydown', event => {
    if (event.key === 'Escape' && editing) leaveEditing();
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  });
  byId('composer').addEventListener('submit', event => {
    event.preventDefault();
    send();
  });
  byId('leave').addEventListener('click', leaveEditing);
  byId('ask').addEventListener('click', async () => {
    tell(await wish('ask', { chat: talk.chat, by: Number(byId('by').value) }));
  });
  byId('finish').addEventListener('click', async () => {
    tell(await wish('finish', { chat: talk.chat, by: Number(byId('by').value) }));
  });
}
