/**
 * Everything that the page says, in English and in Simplified Chinese.
 * @module
 */

const ENGLISH = {
  title: "inklens · reads handwritten digits",
  tagline: "Reads handwritten digits. Nothing leaves this device.",
  language: "中文",
  inputs: "What to read",
  camera: "Camera",
  drawing: "Draw",
  photo: "Photo",
  loading: "Loading the networks …",
  reading: "Reading …",
  nothing: "No digit found.",
  nothingCamera: "No digit in sight. Hold the camera over handwritten digits, a hand's breadth away or more.",
  nothingDrawing: "Draw one or more digits here.",
  found: "Read: {text}",
  unsure: "Not sure about: {text}",
  sample: "A sample page, drawn by our own code. Use the camera, draw, or open a photo.",
  startCamera: "Start the camera",
  stopCamera: "Stop the camera",
  chooseCamera: "Camera",
  cameraNote: "The picture stays in this browser; it is not stored and not sent.",
  cameraStarting: "Waiting for the camera. The browser may ask for your permission.",
  cameraDenied: "The camera is not allowed for this page. Allow it in the browser's settings for this site, then start it again. Drawing and photos work without it.",
  cameraMissing: "This device has no camera that the browser can use. Drawing and photos work without one.",
  cameraBusy: "The camera is used by another program. Close that and start the camera again.",
  cameraLost: "The camera is gone: it was unplugged or taken by another program. Start it again, or draw.",
  cameraInsecure: "Browsers give the camera only to pages that come by HTTPS or from this computer (127.0.0.1). Drawing and photos work.",
  cameraProblem: "The camera does not start: {problem}",
  cameraPaused: "The camera was stopped while the page was hidden. Start it again.",
  undo: "Undo",
  clear: "Clear",
  drawingNote: "Draw with a finger, pen or mouse. By keyboard: press a digit key to have it written.",
  drawingLabel: "Drawing area. Press a digit key to write that digit, Backspace to undo, Delete to clear.",
  open: "Open a photo",
  photoNote: "Or drop a picture on the page, or paste one.",
  photoProblem: "This file is no picture that the browser can open.",
  turn: "Turn",
  text: "What it says",
  copy: "Copy",
  copied: "Copied.",
  copyProblem: "The browser did not allow copying; select the text instead.",
  marks: "Digits found",
  seen: "What the network sees",
  choose: "Choose a digit to see it as the network does: 28 × 28 pixels, and how likely each label is.",
  none: "none",
  rejected: "No digit",
  mark: "{label}, {percent} sure",
  markUnsure: "{label} or {other}, {percent} sure",
  unsupported: "This browser is too old for the page: it lacks {missing}. Current versions of Chrome, Edge, Firefox and Safari have it.",
  failed: "The networks could not be loaded ({problem}). Check the connection and load the page again.",
  problem: "This picture could not be read ({problem}).",
  offline: "The page also works without a connection now.",
  about: "How it works",
  aboutText: "One small network finds where digits are, a second names each of them. Both run in this browser, on {bytes} kB of weights.",
};

/** @type {typeof ENGLISH} */
const CHINESE = {
  title: "inklens · 识别手写数字",
  tagline: "识别手写数字。任何内容都不会离开这台设备。",
  language: "English",
  inputs: "识别来源",
  camera: "摄像头",
  drawing: "手写",
  photo: "照片",
  loading: "正在加载神经网络……",
  reading: "正在识别……",
  nothing: "没有找到数字。",
  nothingCamera: "画面中没有数字。请将摄像头对准手写数字，保持一掌以上的距离。",
  nothingDrawing: "请在这里写一个或多个数字。",
  found: "识别结果：{text}",
  unsure: "不确定：{text}",
  sample: "这是由程序绘制的示例页。可以使用摄像头、手写，或打开照片。",
  startCamera: "打开摄像头",
  stopCamera: "关闭摄像头",
  chooseCamera: "摄像头",
  cameraNote: "画面只留在浏览器中，不会保存，也不会发送。",
  cameraStarting: "正在等待摄像头。浏览器可能会请求权限。",
  cameraDenied: "此页面未获准使用摄像头。请在浏览器的网站设置中允许，然后重新打开。手写和照片无需摄像头即可使用。",
  cameraMissing: "此设备没有浏览器可用的摄像头。手写和照片仍可使用。",
  cameraBusy: "摄像头正被其他程序使用。请关闭该程序后重新打开摄像头。",
  cameraLost: "摄像头已断开：被拔出或被其他程序占用。请重新打开，或使用手写。",
  cameraInsecure: "浏览器只允许通过 HTTPS 或本机（127.0.0.1）打开的页面使用摄像头。手写和照片仍可使用。",
  cameraProblem: "摄像头无法启动：{problem}",
  cameraPaused: "页面隐藏时摄像头已关闭。请重新打开。",
  undo: "撤销",
  clear: "清除",
  drawingNote: "用手指、触控笔或鼠标书写。也可以按键盘上的数字键，由页面写出该数字。",
  drawingLabel: "书写区。按数字键写出该数字，按退格键撤销，按删除键清除。",
  open: "打开照片",
  photoNote: "也可以把图片拖到页面上，或直接粘贴。",
  photoProblem: "浏览器无法将此文件作为图片打开。",
  turn: "旋转",
  text: "内容",
  copy: "复制",
  copied: "已复制。",
  copyProblem: "浏览器不允许复制，请手动选择文字。",
  marks: "找到的数字",
  seen: "网络看到的样子",
  choose: "选择一个数字，看看网络眼中的它：28 × 28 像素，以及每个标签的可能性。",
  none: "无",
  rejected: "不是数字",
  mark: "{label}，把握 {percent}",
  markUnsure: "{label} 或 {other}，把握 {percent}",
  unsupported: "浏览器版本过旧，缺少{missing}。请使用新版 Chrome、Edge、Firefox 或 Safari。",
  failed: "无法加载神经网络（{problem}）。请检查网络连接后重新打开页面。",
  problem: "无法识别这张图片（{problem}）。",
  offline: "现在没有网络也可以使用此页面。",
  about: "工作原理",
  aboutText: "一个小型网络找出数字的位置，另一个网络辨认每个数字。两者都在浏览器中运行，权重共 {bytes} kB。",
};

const LANGUAGES = { en: ENGLISH, "zh-Hans": CHINESE };
/** @typedef {keyof typeof ENGLISH} Word */
/** @typedef {keyof typeof LANGUAGES} Language */

/** @type {Language} */
let language = (navigator.languages ?? [navigator.language]).find((name) => /^(en|zh)/.test(name))?.startsWith("zh") ? "zh-Hans" : "en";

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
    element.textContent = say(/** @type {Word} */ (element.getAttribute("data-word")));
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", say(/** @type {Word} */ (element.getAttribute("data-label"))));
  }
}

/**
 * A share as a text.
 * @param {number} share
 */
export function percent(share) {
  return new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 }).format(share);
}
