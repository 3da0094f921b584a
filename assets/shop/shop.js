// The demo shop's own behaviour: two languages, a filter, a cart that counts. It speaks to the chat only as a site
// owner would, through `otklik(…)`.

const all = (selector) => document.querySelectorAll(selector);
const cart = document.getElementById("cart");
let count = 0;

for (const element of all("[data-en]")) element.dataset.ru = element.textContent;
for (const element of all("[data-en-label]")) element.dataset.ruLabel = element.getAttribute("aria-label");

function speak(lang) {
  document.documentElement.lang = lang;
  for (const element of all("[data-en]")) element.textContent = element.dataset[lang];
  for (const element of all("[data-en-label]")) element.setAttribute("aria-label", element.dataset[`${lang}Label`]);
  for (const button of all(".lang button")) button.setAttribute("aria-pressed", button.lang === lang);
  drawCart();
}

function drawCart() {
  const badge = cart.querySelector("em");
  badge.textContent = count;
  badge.hidden = !count;
  cart.setAttribute("aria-label", `${cart.dataset[`${document.documentElement.lang}Cart`]}, ${count}`);
}

function show(kind) {
  for (const ware of all(".grid li")) ware.hidden = kind && ware.dataset.kind !== kind;
  for (const button of all(".kinds button")) button.setAttribute("aria-pressed", button.dataset.show === kind);
}

for (const button of all(".lang button"))
  button.addEventListener("click", () => {
    localStorage.setItem("shop-lang", button.lang);
    speak(button.lang);
    otklik("lang", button.lang);
  });
for (const control of all("[data-show]")) control.addEventListener("click", () => show(control.dataset.show));
for (const button of all(".buy button"))
  button.addEventListener("click", () => {
    count += 1;
    drawCart();
  });

// The page is written in Russian; who chose nothing reads it in their browser's language.
const lang = localStorage.getItem("shop-lang") ?? (/^ru\b/i.test(navigator.language) ? "ru" : "en");
if (lang !== "ru") {
  speak(lang);
  otklik("lang", lang);
}
