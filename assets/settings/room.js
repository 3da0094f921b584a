// The portal's frame around the page: asks it for room, in the words that the portals' library says it with
// (`BX24.resizeWindow`). Loading that library would let it run among the page's keys; one message does not.

/** Enough for the sites and one button, and for the whole page to be worked in. */
const SMALL = 520;
const LARGE = 640;
/** What a portal keeps of the screen for itself, about. */
const AROUND = 220;

let room = 0;

function askForRoom(isLarge) {
  const session = new URLSearchParams(location.search).get('APP_SID');
  const height = isLarge ? Math.max(LARGE, screen.availHeight - AROUND) : SMALL;
  if (parent === window || !/^\w+$/.test(session ?? '') || height === room) return;
  room = height;
  parent.postMessage(`resizeWindow:${JSON.stringify({ width: '100%', height })}::${session}`, page.portal);
}
