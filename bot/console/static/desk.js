// The console, live. A list is fetched again as the server renders it (escaped there) whenever a case changes.
const page = document.querySelector("[data-page]");
const card = document.querySelector("article.case");
const pulse = document.getElementById("pulse");
const ages = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });

// ---- ages -----------------------------------------------------------------------------------------------------
function age(seconds) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  return ages.format(-Math.floor(seconds / size), unit);
}

function showAges() {
  for (const time of document.querySelectorAll("[data-age]")) {
    time.textContent = age(Math.max(0, (Date.now() - new Date(time.dateTime)) / 1000));
    time.title = new Date(time.dateTime).toLocaleString(document.documentElement.lang);
  }
  for (const time of document.querySelectorAll("[data-moment]")) {
    time.textContent = new Date(time.dateTime).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" });
  }
}

// ---- lists ----------------------------------------------------------------------------------------------------
const rows = () => [...document.querySelectorAll("[data-page] a.row")];
const idOf = (row) => row.closest("[data-case]").dataset.case;

const part = (address) => `${address}${address.includes("?") ? "&" : "?"}part=list`;

async function refresh() {
  const answer = await fetch(part(page.dataset.page));
  if (answer.status === 401) return location.assign("/login");
  if (!answer.ok) return;
  const known = new Set(rows().map(idOf));
  const focused = document.activeElement?.closest?.("a.row");
  page.innerHTML = await answer.text();
  for (const row of rows()) {
    if (!known.has(idOf(row))) row.classList.add("new");
    if (focused && idOf(row) === idOf(focused)) row.focus();
  }
  showCounts();
  showAges();
}

function showCounts() {
  const open = document.getElementById("list").dataset.open;
  document.getElementById("open-count").textContent = open;
  document.title = document.title.replace(/^\(\d+\)/, `(${open})`);
}

// One refresh at a time: changes that come meanwhile are served by one more.
let refreshing = false;
let again = false;
async function changed() {
  again = true;
  if (refreshing) return;
  refreshing = true;
  while (again) {
    again = false;
    await refresh().catch(() => {});
  }
  refreshing = false;
}

// ---- one case -------------------------------------------------------------------------------------------------
// Shown anew when another moderator takes, frees or settles it; never while it is ours, so that no draft is lost.
let leaving = false;
addEventListener("submit", () => { leaving = true; });
function caseChanged(told) {
  if (leaving || told.id !== card.dataset.case || card.dataset.state === "settled") return;
  if (told.state === card.dataset.state && told.holder === card.dataset.holder) return;
  if (told.state === "open" && told.holder === card.dataset.me) return;
  location.reload();
}

// ---- the stream -----------------------------------------------------------------------------------------------
const stream = new EventSource("/live");
stream.addEventListener("case", (message) => (page ? changed() : card && caseChanged(JSON.parse(message.data))));
stream.addEventListener("open", () => {
  pulse.textContent = pulse.dataset.live;
  pulse.classList.remove("lost");
  document.documentElement.dataset.ready = "yes";
  if (page) changed();
});
stream.addEventListener("error", () => {
  pulse.textContent = pulse.dataset.lost;
  pulse.classList.add("lost");
});

// ---- keys -----------------------------------------------------------------------------------------------------
function step(by) {
  const all = rows();
  const next = all.indexOf(document.activeElement) + by;
  all[Math.min(Math.max(next, 0), all.length - 1)]?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const keys = {
    j: () => step(1),
    k: () => step(-1),
    a: () => document.getElementById("answer")?.focus(),
    u: () => document.getElementById("back")?.click(),
  };
  if (!(event.key in keys)) return;
  event.preventDefault();
  keys[event.key]();
});

showAges();
setInterval(showAges, 20_000);
