// One key for each thing that moderators do all day; `?` lists them. Nothing is done while a field is typed in.
import { rows } from "/static/list.js";

// A case has to be seen before a key decides it: the second of two quick presses, or a key held down, falls on the next.
const SEEN_MS = 250;

function step(by) {
  const all = rows();
  const next = all.indexOf(document.activeElement) + by;
  all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
}

function open(id, field) {
  const details = document.getElementById(id);
  if (!details) return;
  details.open = true;
  details.querySelector(field)?.focus();
}

function click(...ids) {
  ids.map((id) => document.getElementById(id)).find(Boolean)?.click();
}

const KEYS = {
  "?": () => document.getElementById("keys").showModal(),
  j: () => step(1),
  k: () => step(-1),
  o: () => document.activeElement?.closest?.("a.row")?.click(),
  "/": () => {
    document.querySelector("details.filter")?.setAttribute("open", "");
    document.getElementById("f-text")?.focus();
  },
  n: () => location.assign("/next"),
  a: () => document.getElementById("answer")?.focus(),
  b: () => open("ban", "button"),
  s: () => click("skip"),
  h: () => open("more", "#until"),
  e: () => open("more", "#asked"),
  u: () => {
    const why = document.getElementById("why");
    return why ? why.focus() : click("back");
  },
};

export function useKeys() {
  setTimeout(() => { document.documentElement.dataset.keys = "yes"; }, SEEN_MS);
  document.addEventListener("keydown", (event) => {
    // A dialog that was just closed keeps the focus until the next frame: an open one alone holds keys back.
    const typing = event.target.closest("input, textarea, select, dialog[open]");
    if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
    const decides = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (!decides && !(event.key in KEYS)) return;
    event.preventDefault();
    if (decides) event.repeat || !document.documentElement.dataset.keys || decides.click();
    else KEYS[event.key]();
  });
}
