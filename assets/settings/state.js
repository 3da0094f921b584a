// The four cells at the top: what the portal says of the channel, each with its sign, a word and one fact.

const cells = Object.fromEntries([...byId('steps').children].map(cell => [cell.dataset.cell, cell]));
const often = new Intl.RelativeTimeFormat(page.lang, { numeric: 'always' });
let checkedAt = Date.now();

function cell(name, kind, title, fact) {
  const place = cells[name];
  place.className = kind;
  place.querySelector('.dn').replaceChildren(...(kind === 'none' ? [] : [icon(kind === 'bad' ? 'alert' : 'check')]));
  place.querySelector('b').textContent = title;
  place.querySelector('small').textContent = fact;
}

function ago() {
  const minutes = Math.floor((Date.now() - checkedAt) / 60000);
  return minutes < 1 ? words.now : often.format(-minutes, 'minute');
}

/** A site works when we connected it and the portal, if it answers, has not undone that. */
const isOn = state => Boolean(state.site?.connected && state.channel?.connected !== false);

/** What works worse than it could. */
function showHints({ hints }) {
  byId('hints').hidden = !hints.length;
  byId('hints').replaceChildren(...hints.map(hint => {
    const item = document.createElement('li');
    item.textContent = `${words[`note_${hint}`]}.`;
    return item;
  }));
}

/** Why messages wait here, and what helps. */
function showHeld({ obstacle, waiting }) {
  byId('held').hidden = !obstacle;
  if (!obstacle) return;
  const key = obstacle.code === 'insufficient_scope' ? 'ob_scope' : `ob_${obstacle.word}`;
  byId('held-why').textContent = `${say(key in words ? key : 'ob_away', { code: obstacle.code })}.`;
  byId('held-n').textContent = waiting ? say('held_n', { n: waiting }) : '';
  byId('held-go').hidden = !obstacle.authorise;
  byId('held-go').href = obstacle.authorise ?? '';
}

/** `fresh` when the portal was asked just now, not when only the clock moved on. */
function showState(state, fresh) {
  if (fresh) checkedAt = Date.now();
  const { channel, site } = state;
  showHeld(state);
  showHints(state);
  const line = { line: state.line.name };
  byId('line').textContent = say('line', line);
  if (!channel) {
    cell('reg', 'ok', words.reg, words.reg_sub);
    if (site?.connected) cell('con', 'ok', words.con, say('con_sub', line));
    else cell('con', 'none', words.con_off, words.con_off_sub);
    cell('act', 'none', words.act_ask, words.act_ask_sub);
    if (state.obstacle) return cell('err', 'bad', words.held, words.held_sub);
    return cell('err', 'bad', words.err_portal, words.err_portal_sub);
  }
  if (channel.registered) cell('reg', 'ok', words.reg, words.reg_sub);
  else cell('reg', 'bad', words.reg_off, words.reg_off_sub);

  if (isOn(state)) cell('con', 'ok', words.con, say('con_sub', line));
  else if (site?.connected) cell('con', 'bad', words.con_off, words.con_lost_sub);
  else cell('con', 'none', words.con_off, words.con_off_sub);

  if (isOn(state) && (channel.active || channel.error)) cell('act', 'ok', words.act, words.act_sub);
  else if (isOn(state)) cell('act', 'bad', words.act_off, words.act_off_sub);
  else if (site) cell('act', 'none', words.act_off, words.act_off_sub);
  else cell('act', 'none', words.act_new, words.act_new_sub);

  if (channel.error) cell('err', 'bad', words.err, words.err_fix);
  else if (state.obstacle) cell('err', 'bad', words.held, words.held_sub);
  else if (isOn(state)) cell('err', 'ok', words.err_no, say('err_sub', { when: ago() }));
  else cell('err', 'none', words.err_no, say('err_sub', { when: ago() }));
}
