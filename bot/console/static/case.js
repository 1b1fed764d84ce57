// One case. Shown anew when another moderator takes, frees or settles it; never while it is ours, so that no draft is
// lost. While the page is open it says so, and our hold of the case goes on.
const BEAT_MS = 60_000;

function tell(words) {
  const changed = document.getElementById("changed");
  changed.textContent = words;
  changed.hidden = false;
}

async function beat(card) {
  const body = new URLSearchParams({ csrf: card.dataset.csrf });
  const answer = await fetch(`/case/${card.dataset.case}/beat`, { method: "POST", body });
  if (answer.ok && !(await answer.json()).held) tell(card.dataset.lost);
  return answer.ok;
}

export function watchCase(card) {
  let leaving = false;
  addEventListener("submit", () => { leaving = true; });
  const mine = card.dataset.state === "open" && card.dataset.holder === card.dataset.me;
  if (mine) setInterval(() => leaving || beat(card).catch(() => {}), BEAT_MS);
  return {
    changed(told) {
      if (leaving || told.id !== card.dataset.case || card.dataset.state === "settled") return;
      if (told.state === card.dataset.state && told.holder === card.dataset.holder) return;
      if (told.state === "open" && told.holder === card.dataset.me) return;
      if (told.state === "open" && mine) return tell(card.dataset.lost);
      location.reload();
    },
  };
}
