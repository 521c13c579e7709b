/**
 * What the page says, in English and in Simplified Chinese: `words.json`.
 * @module
 */

/** @typedef {string} Word a key of `words.json` */
/** @typedef {"en" | "zh-Hans"} Language */

/** @type {Record<Language, Record<Word, string>>} */
const LANGUAGES = await (await fetch("words.json")).json();

/** @type {Language} */
let language = (navigator.languages ?? [navigator.language]).find((name) => /^(en|zh)/.test(name))?.startsWith("zh") ? "zh-Hans" : "en";

const PERCENT = { style: "percent", maximumFractionDigits: 0 };
/** Made once, since that takes long. @type {Record<string, Intl.NumberFormat>} */
const percents = Object.fromEntries(Object.keys(LANGUAGES).map((name) => [name, new Intl.NumberFormat(name, PERCENT)]));

/**
 * A text in the language of the page.
 * @param {Word} word
 * @param {Record<string, string | number>} values for the places in braces
 */
export function say(word, values = {}) {
  return LANGUAGES[language][word].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** Show the page in the other language. */
export function switchLanguage() {
  language = language === "en" ? "zh-Hans" : "en";
  translatePage();
}

/** Write every text of the page's own elements, which name theirs by `data-word` and `data-label`. */
export function translatePage() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-word]")) {
    element.textContent = say(element.getAttribute("data-word") ?? "");
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(element.getAttribute("data-label") ?? ""));
  }
}

/**
 * A share as a text.
 * @param {number} share
 */
export function percent(share) {
  return percents[language].format(share);
}
