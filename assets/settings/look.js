// The colour: nine drops, the field and the browser's picker say one thing; the relay's arithmetic says what comes of it.

const DROPS = ['#1e6b58', '#2447c9', '#0a2540', '#e5322d', '#ff6b00', '#ffdd2d', '#2fc6f6', '#ffb3d1', '#000000'];
const HEX = /^#[0-9a-f]{6}$/;
const colors = new Map();

for (const [i, hex] of DROPS.entries()) {
  const drop = document.createElement('label');
  drop.className = 'c';
  drop.title = words.colors[i];
  drop.style.setProperty('--c', hex);
  const input = document.createElement('input');
  Object.assign(input, { type: 'radio', name: 'drop', value: hex });
  input.setAttribute('aria-label', words.colors[i]);
  drop.append(input);
  byId('drops').append(drop);
}

const wanted = () => byId('color').value.trim().toLowerCase();

function setColor(hex) {
  byId('color').value = hex;
  byId('color').dispatchEvent(new Event('input', { bubbles: true }));
}

/** Six characters without the hash sign, or three of them, are understood when the field is left. */
function mendColor() {
  const text = wanted().replace(/^#/, '');
  if (/^[0-9a-f]{3}$/.test(text)) setColor('#' + [...text].map(c => c + c).join(''));
  else if (/^[0-9a-f]{6}$/.test(text) && wanted() !== `#${text}`) setColor(`#${text}`);
}

/** What the relay makes of a colour; asked once for each. */
async function palette(hex) {
  if (!colors.has(hex)) {
    const asked = ask('color', { color: hex }).then(reply => reply.color);
    asked.catch(() => colors.delete(hex));
    colors.set(hex, asked);
  }
  return colors.get(hex);
}

/** Keeps drops, picker and the contrast line with the field, and tells `then` the palette. */
async function followColor(then) {
  const hex = wanted();
  for (const input of form.querySelectorAll('[name=drop]')) input.checked = input.value === hex;
  const own = document.querySelector('.c.own');
  const isHex = HEX.test(hex);
  own.classList.toggle('on', isHex && !DROPS.includes(hex));
  own.style.setProperty('--c', hex);
  mark('color', !isHex);
  if (!isHex) return colorLine('alert', words.color_bad);
  byId('picker').value = hex;
  try {
    const found = await palette(hex);
    if (wanted() !== hex) return;
    colorLine('check', colorWords(found));
    then(found);
  } catch {
    if (wanted() === hex) colorLine(null, '');
  }
}

function colorWords(found) {
  const theme = form.elements.theme.value === 'dark' ? 'dark' : 'light';
  if (found.swap) return say(`color_swap_${found.swap.theme}`, { hex: found.swap.hex });
  if (found.deeper) return say('color_deeper', { hex: found.deeper });
  const { ratio, text } = found[theme];
  return say(`color_ok_${text}`, { n: ratio.toLocaleString(page.lang, { maximumFractionDigits: 1 }) });
}

function colorLine(sign, text) {
  if (byId('color-said').textContent !== text) byId('color-said').replaceChildren(...(sign ? [icon(sign)] : []), text);
}
