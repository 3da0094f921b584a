// Small things that all parts of the desk use: elements, keyed lists, times, wishes to the portal.

import { lang, word } from './words.js';

export const byId = id => document.getElementById(id);

/** An element with properties and children; text is only ever text. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name in made && name !== 'list') made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

export function icon(name, kind = 'i') {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', kind);
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#${name}`);
  svg.append(use);
  return svg;
}

/**
 * Makes `parent`'s children stand for `items`, in order. One that says the same as before is left alone, so that
 * focus, selection and hover stay where they are.
 */
export function keep(parent, items, key, make) {
  const old = new Map([...parent.children].map(child => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const says = JSON.stringify([item, lang]);
    let child = old.get(name);
    old.delete(name);
    if (child?.says !== says) {
      const fresh = make(item);
      fresh.dataset.key = name;
      fresh.says = says;
      if (child === place) place = child?.nextElementSibling ?? null;
      if (child) child.replaceWith(fresh);
      child = fresh;
    } else if (child === place) {
      place = place.nextElementSibling;
      continue;
    }
    if (child.parentNode !== parent || child.nextElementSibling !== place) parent.insertBefore(child, place);
  }
  for (const gone of old.values()) gone.remove();
}

export const clock = at => new Date(at).toLocaleTimeString(lang, { hour: '2-digit', minute: '2-digit' });

export function day(at) {
  const date = new Date(at);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 864e5);
  if (days === 0) return word('today');
  if (days === 1) return word('yesterday');
  return date.toLocaleDateString(lang, { day: 'numeric', month: 'long' });
}

/** A round sign for a visitor: the number of a nameless one, else the first letter, in one of four colours. */
export function sign(name, chat) {
  const number = name.match(/\d+$/)?.[0];
  const text = number ?? [...name][0]?.toUpperCase() ?? '?';
  return el('span', { className: `ava c${number ? 2 : [1, 3, 4][chat % 3]}`, 'aria-hidden': 'true' }, text);
}

/** Asks the portal for something. Returns nothing, or the words for why not. */
export async function wish(what, more = {}) {
  try {
    const answer = await fetch('/desk/do', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ do: what, ...more }),
    });
    if (answer.ok) return undefined;
    const { error } = await answer.json();
    return word(`error_${error}`);
  } catch {
    return word('error_network');
  }
}
