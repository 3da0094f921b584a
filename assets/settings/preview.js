// The picture of the chat beside the fields: the real document with made-up messages, on a drawn page.

const frames = byId('pv-panel');
const wide = matchMedia('(min-width:901px)');
let framed = '';
let drawn = 0;

const chosen = name => document.querySelector(`[name=${name}]:checked`).value;

function previewAddress(now) {
  const address = new URL(page.preview, location.href);
  const about = { lang: page.lang, theme: chosen('pv-theme'), color: now.color.slice(1), name: now.name || byId('name').placeholder, greeting: now.greeting };
  for (const [key, value] of Object.entries(about)) address.searchParams.set(key, value);
  return address.href;
}

/** Follows the fields. A changed frame is loaded behind the shown one and takes its place when it is there. */
function showPreview(found) {
  const now = read();
  const theme = chosen('pv-theme');
  byId('pv').className = ['pv', theme, now.corner, `as-${chosen('pv-size')}`].join(' ');
  if (found) {
    byId('pv').style.setProperty('--fill', now.launcher === 'label' ? found[theme].accent : found[theme].launcher);
    byId('pv').style.setProperty('--on', now.launcher === 'label' ? found[theme].on_accent : found[theme].on_launcher);
  }
  byId('pv-launch').hidden = now.launcher === 'none';
  byId('pv-launch').querySelector('span').textContent = now.launcher === 'label' ? now.label || words.label_default : '';
  if (!byId('preview').open || byId('preview').hidden || !HEX.test(now.color)) return;
  const address = previewAddress(now);
  if (address === framed) return;
  clearTimeout(drawn);
  drawn = setTimeout(loadFrame, framed ? 300 : 0, address);
}

function loadFrame(address) {
  framed = address;
  const next = document.createElement('iframe');
  next.className = 'next';
  next.title = words.preview;
  next.src = address;
  next.addEventListener('load', () => {
    if (framed !== address) return next.remove();
    next.className = '';
    for (const old of [...frames.children]) if (old !== next) old.remove();
  });
  frames.append(next);
}

/** A theme that is chosen for the chat is the one to look at. */
function matchTheme() {
  const { value } = form.elements.theme;
  if (value !== 'auto') document.querySelector(`[name=pv-theme][value=${value}]`).checked = true;
}

/** On a wide page the picture always stands beside the fields; on a narrow one it is opened on purpose. */
function foldPreview() {
  byId('preview').open = wide.matches;
}
