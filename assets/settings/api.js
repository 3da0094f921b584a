// What the page was opened with, its words, and the one door to the relay. Knows nothing of fields.

const page = JSON.parse(document.getElementById('page').textContent);
const words = page.words;
const byId = id => document.getElementById(id);

/** A word of the page with its `{gaps}` filled. */
const say = (key, gaps = {}) => words[key].replace(/\{(\w+)\}/g, (all, name) => gaps[name] ?? all);

const icon = name => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('class', 'i');
  svg.setAttribute('aria-hidden', 'true');
  svg.append(document.createElementNS('http://www.w3.org/2000/svg', 'use'));
  svg.firstChild.setAttribute('href', `#i-${name}`);
  return svg;
};

/** Asks the relay. Throws `{error, faults, code}` as the relay says it; `network` when it does not answer at all. */
async function ask(what, data) {
  let reply;
  try {
    const answer = await fetch(page.api, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-otklik-page': page.key },
      body: JSON.stringify({ do: what, ...data }),
      credentials: 'omit',
    });
    reply = await answer.json();
  } catch {
    throw { error: 'network' };
  }
  if (reply.error) throw reply;
  return reply;
}

/** Why something did not work, as one line. `line` is its frame: “Not saved: {reason}”. */
function reason(fault, line) {
  if (fault.error === 'expired' || fault.error === 'not_admin') return words[fault.error];
  const why = `why_${fault.error}`;
  return say(line, { reason: say(why in words ? why : 'why_server', { code: fault.code }) });
}

/** Puts a line where a screen reader hears it; `tone` is good, bad or nothing. */
function tell(place, text, tone = '') {
  place.className = tone ? `said ${tone}` : 'said';
  if (place.textContent !== text) place.textContent = text;
}
