// The desk: a live picture of the portal, drawn in three columns. What is drawn is only ever a fold of the last picture.

import * as list from './list.js';
import { byId } from './parts.js';
import * as side from './side.js';
import * as talk from './talk.js';
import { choose, fill } from './words.js';

let picture = null;
let picked = Number(new URLSearchParams(location.hash.slice(1)).get('chat')) || null;
let source = null;
/** Nobody has chosen yet: the very first conversation opens by itself. */
let fresh = !picked;

/** Listens for pictures, with the messages of the picked conversation. */
function listen() {
  source?.close();
  source = new EventSource(`/desk/live${picked ? `?chat=${picked}` : ''}`);
  source.onmessage = event => {
    byId('lost').hidden = true;
    picture = JSON.parse(event.data);
    draw();
  };
  source.onerror = () => { byId('lost').hidden = false; };
}

function draw() {
  if (!picture) return;
  byId('desk').classList.toggle('picked', Boolean(picture.talk));
  byId('shop').hidden = !picture.shop;
  if (picture.shop) byId('shop').href = picture.shop;
  list.draw(picture, picked, pick, draw);
  talk.draw(picture, () => pick(null));
  side.draw(picture);
  if (fresh && picture.dialogues.length === 1) pick(picture.dialogues[0].chat);
}

function pick(chat) {
  fresh = false;
  picked = chat;
  history.replaceState(null, '', chat ? `#chat=${chat}` : location.pathname + location.search);
  if (!chat) picture.talk = null;
  draw();
  listen();
  if (chat && matchMedia('(hover: hover)').matches) byId('field').focus();
}

for (const button of document.querySelectorAll('.langs button')) {
  button.addEventListener('click', () => choose(button.dataset.lang, draw));
}
byId('facts-toggle').addEventListener('click', event => {
  const open = byId('desk').classList.toggle('facts');
  event.currentTarget.setAttribute('aria-expanded', open);
});
byId('query').addEventListener('input', draw);
talk.wire();
fill();
listen();
