// BB text as the portal shows it to operators, made of elements. Nothing here ever reads markup from text.

import { el } from './parts.js';

const TOKEN = /\[(\/?)(b|i|u|s|url|code|br|like|dislike)(?:=([^\]]*))?\]|(https?:\/\/[^\s<>[\]]+)/gi;

/** A quotation: rows of hyphens around whose words they are, and the words. */
const QUOTE = /^-{20,}\n([^]*?)^-{20,}(?:\n|$)/m;

/** Marks that stand for a sign of their own. */
const SIGNS = { br: '\n', like: '👍', dislike: '👎' };

/** The text as nodes: tags it knows become elements, everything else stays the text it is. */
export function shown(text) {
  const root = document.createDocumentFragment();
  text.split(QUOTE).forEach((part, nth) => root.append(nth % 2 ? quote(part) : words(part)));
  return root;
}

function quote(text) {
  const [head, ...rest] = text.trimEnd().split('\n');
  return el('blockquote', {}, el('b', {}, head.replace(/ #chat\d+\/\d+$/, '')), words(rest.join('\n')));
}

function words(text) {
  const root = document.createDocumentFragment();
  const open = [{ tag: '', node: root }];
  let at = 0;
  const put = node => open.at(-1).node.append(node);
  for (const found of text.matchAll(TOKEN)) {
    put(text.slice(at, found.index));
    at = found.index + found[0].length;
    const [whole, slash, name, value, bare] = found;
    const tag = name?.toLowerCase();
    const inCode = open.some(one => one.tag === 'code');
    if (bare) put(inCode ? bare : link(bare, bare));
    else if (inCode && !(slash && tag === 'code')) put(whole);
    else if (tag in SIGNS) put(SIGNS[tag]);
    else if (slash) close(open, tag, whole);
    else {
      const node = tag === 'url' ? link(value?.replace(/^["']|["']$/g, ''), '') : el(tag);
      put(node);
      open.push({ tag, node });
    }
  }
  put(text.slice(at));
  while (open.length > 1) finish(open.pop());
  return root;
}

function close(open, tag, whole) {
  const from = open.findLastIndex(one => one.tag === tag);
  if (from < 1) open.at(-1).node.append(whole);
  else while (open.length > from) finish(open.pop());
}

/** `[url]address[/url]` names its target between the tags. */
function finish({ tag, node }) {
  if (tag === 'url' && !node.hasAttribute('href')) aim(node, node.textContent);
}

function link(target, text) {
  const made = el('a', { rel: 'noopener noreferrer nofollow', target: '_blank' }, text);
  if (target) aim(made, target);
  return made;
}

function aim(made, target) {
  if (/^(https?:\/\/|mailto:|tel:)/i.test(target)) made.href = target;
}
