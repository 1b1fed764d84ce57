// A list is fetched again as the server renders it (escaped there) whenever a case changes.
import { showAges } from "/static/ages.js";

export const rows = () => [...document.querySelectorAll("[data-page] a.row")];
const idOf = (row) => row.closest("[data-case]").dataset.case;
const part = (address) => `${address}${address.includes("?") ? "&" : "?"}part=list`;

function showCounts() {
  const open = document.getElementById("list").dataset.open;
  document.getElementById("open-count").textContent = open;
  document.title = document.title.replace(/^\(\d+\)/, `(${open})`);
}

export function watchList(page) {
  async function refresh() {
    const answer = await fetch(part(page.dataset.page));
    if (answer.status === 401) return location.assign("/login");
    if (!answer.ok) return;
    const list = await answer.text();  // from here on nothing waits: what has the focus now has it afterwards
    const known = new Set(rows().map(idOf));
    const focused = document.activeElement?.closest?.("a.row");
    page.innerHTML = list;
    for (const row of rows()) {
      if (!known.has(idOf(row))) row.classList.add("new");
      if (focused && idOf(row) === idOf(focused)) row.focus();
    }
    showCounts();
    showAges();
  }

  // One refresh at a time: changes that come meanwhile are served by one more.
  let refreshing = false;
  let again = false;
  return {
    async changed() {
      again = true;
      if (refreshing) return;
      refreshing = true;
      while (again) {
        again = false;
        await refresh().catch(() => {});
      }
      refreshing = false;
    },
  };
}
