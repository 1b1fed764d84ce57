// One case. Shown anew when another moderator takes, frees or settles it; never while it is ours, so that no draft is
// lost. While the page is open it says so, and our hold of the case goes on.
function tell(words) {
  const changed = document.getElementById("changed");
  changed.textContent = words;
  changed.hidden = false;
}

async function beat(card) {
  const body = new URLSearchParams({ csrf: card.dataset.csrf });
  const answer = await fetch(`/case/${card.dataset.case}/beat`, { method: "POST", body });
  if (answer.status === 401) return location.assign("/login");
  if (answer.ok && !(await answer.json()).held) tell(card.dataset.lost);
}

export function watchCase(card) {
  // A form that is on its way is not sent once more by a double click; the page that comes back may send it again.
  let leaving = false;
  addEventListener("submit", (event) => {
    if (event.target.method === "dialog") return;
    if (leaving) event.preventDefault();
    leaving = true;
  });
  addEventListener("pageshow", () => { leaving = false; });
  const mine = card.dataset.state === "open" && card.dataset.holder === card.dataset.me;
  if (mine) setInterval(() => leaving || beat(card).catch(() => {}), Number(card.dataset.beat));
  return {
    seen() {
      if (card.dataset.state === "settled") return;
      if (mine) beat(card).catch(() => {});
      else location.reload();
    },
    changed(told) {
      if (leaving || told.id !== card.dataset.case || card.dataset.state === "settled") return;
      if (told.state === card.dataset.state && told.holder === card.dataset.holder) return;
      if (told.state === "open" && told.holder === card.dataset.me) return;
      if (told.state === "open" && mine) return tell(card.dataset.lost);
      location.reload();
    },
  };
}
