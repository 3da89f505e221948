'use strict';
// Search as one types, pages that follow what happens, and copying. Every page works without it.

const main = document.querySelector('main');
const says = document.querySelector('#says');
const live = document.querySelector('#live');
const parse = (html) => new DOMParser().parseFromString(html, 'text/html');
const say = (where, text) => {
  if (where.textContent !== text) where.textContent = text;
};

// Draws a part of the page anew: what is the same stays, with its focus, typed text, open details and place.

function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return node.nodeName;
  const own = node.id || ['href', 'action', 'name'].map((name) => node.getAttribute(name)).find(Boolean);
  const of = own ?? (/^(TR|LI)$/.test(node.nodeName) && node.querySelector('a[href]')?.getAttribute('href'));
  return `${node.nodeName} ${of || ''}`;
}

function draw(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name, value } of fresh.attributes)
    if (name !== 'open' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const name of old.getAttributeNames())
    if (name !== 'open' && !fresh.hasAttribute(name)) old.removeAttribute(name);
  drawInside(old, fresh);
}

function drawInside(old, fresh) {
  let next = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    let same = next;
    while (same && keyOf(same) !== key) same = same.nextSibling;
    if (same) {
      next = removeUpTo(next, same).nextSibling;
      draw(same, child);
    } else {
      old.insertBefore(child, next);
    }
  }
  removeUpTo(next, null);
}

function removeUpTo(node, end) {
  while (node !== end) {
    const next = node.nextSibling;
    node.remove();
    node = next;
  }
  return end;
}

function drawPage(fresh) {
  const focused = document.activeElement;
  for (const part of ['main', '.health']) {
    const old = document.querySelector(part);
    const now = fresh.querySelector(part);
    if (old && now) draw(old, now);
  }
  document.title = fresh.title;
  if (focused?.isConnected) return;
  const same = [...main.querySelectorAll(focused.nodeName)].find((one) => keyOf(one) === keyOf(focused));
  (same ?? main).focus({ preventScroll: true });
}

// Follows what the page is about.

const silentMs = 12_000;
const quietlyLostMs = 3_000;
const againMs = 5_000;
let source = null;
let watchdog;
let lostTimer;
let againTimer;
let isFetching = false;
let isStale = false;

function follow() {
  if (source || document.hidden) return;
  source = new EventSource(`/live?topic=${encodeURIComponent(main.dataset.live)}`);
  source.onopen = hear;
  source.onmessage = () => {
    hear();
    void refresh();
  };
  source.addEventListener('beat', hear);
  source.onerror = () => {
    lose();
    if (source?.readyState !== EventSource.CLOSED) return;
    // The browser does not try again: perhaps the person is signed out. The page itself tells.
    isStale = true;
    again();
  };
}

function leave() {
  source?.close();
  source = null;
  clearTimeout(watchdog);
}

function hear() {
  clearTimeout(lostTimer);
  lostTimer = undefined;
  clearTimeout(watchdog);
  watchdog = setTimeout(() => {
    lose();
    again();
  }, silentMs);
  if (!isStale) say(live, '');
}

function lose() {
  lostTimer ??= setTimeout(() => say(live, live.dataset.lost), quietlyLostMs);
}

function again() {
  leave();
  clearTimeout(againTimer);
  againTimer = setTimeout(() => {
    follow();
    if (isStale) void refresh();
  }, againMs);
}

async function refresh() {
  isStale = true;
  if (isFetching) return;
  isFetching = true;
  try {
    while (isStale) {
      isStale = false;
      const response = await fetch(location.href);
      if (response.redirected || [401, 403, 404].includes(response.status)) return end();
      if (!response.ok) throw new Error(`the page answers ${response.status}`);
      drawPage(parse(await response.text()));
    }
    if (lostTimer === undefined) say(live, '');
  } catch {
    isStale = true;
    lose();
    again();
  } finally {
    isFetching = false;
  }
}

function end() {
  leave();
  clearTimeout(lostTimer);
  document.removeEventListener('visibilitychange', turn);
  say(live, live.dataset.ended);
}

function turn() {
  if (document.hidden) leave();
  else follow();
}

if (main.dataset.live) {
  document.addEventListener('visibilitychange', turn);
  follow();
}

// Finds people as one types. Arrow keys go through them, Escape goes back to the box.

const box = document.querySelector('[role=search] input[type=search]');
const typingMs = 120;
// A person who was not found may be there in a moment: the list of people is brought up to date meanwhile.
const retryMs = 2_000;
const mostTries = 30;
let asked = new AbortController();
let typing;

async function find(text, tries = 1) {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  try {
    const response = await fetch(`/search?q=${encodeURIComponent(text)}`, { signal });
    if (!response.ok || response.redirected) throw new Error(`the search answers ${response.status}`);
    const fresh = parse(await response.text()).querySelector('#results');
    const old = document.querySelector('#results');
    if (!old.isEqualNode(fresh)) old.replaceWith(fresh);
    const { count } = fresh.dataset;
    say(says, count === undefined ? '' : says.dataset.found.replace('{count}', count));
    if (count === '0') retry(text, tries);
  } catch {
    if (signal.aborted) return;
    say(says, says.dataset.notFound);
    retry(text, tries);
  }
}

function retry(text, tries) {
  if (tries >= mostTries) return;
  setTimeout(() => {
    if (box.value === text) void find(text, tries + 1);
  }, retryMs);
}

const results = () => [...document.querySelectorAll('#results a[href]')];

function go(event) {
  const stops = [box, ...results()];
  const at = stops.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const to = event.key === 'Escape' ? box : stops[at + step];
  if (at < 0 || !to || (at === 0 && event.key === 'Escape')) return;
  event.preventDefault();
  to.focus();
}

if (box && document.querySelector('#results')) {
  box.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(find, typingMs, box.value);
  });
  document.addEventListener('keydown', go);
  if (document.querySelector('#results').dataset.count === '0') retry(box.value, 1);
}

// Copies what a link leads to. Where the browser does not let it, the text is opened.

document.addEventListener('click', async (event) => {
  const link = event.target.closest('a[data-copy]');
  if (!link) return;
  event.preventDefault();
  say(says, '');
  try {
    // As a promise: Safari lets a page copy only at once after the click.
    await navigator.clipboard.write([new ClipboardItem({ 'text/plain': textOf(link.href) })]);
    say(says, says.dataset.copied);
  } catch {
    location.assign(link.href);
  }
});

async function textOf(url) {
  const response = await fetch(url);
  if (!response.ok || response.redirected) throw new Error(`the text answers ${response.status}`);
  return new Blob([await response.text()], { type: 'text/plain' });
}
