// The buttons under an answer. What this visitor chose comes with the page (`room.votes`), the counts come live.
import { complain } from "./composer.js";
import { byId, form, make, room, say } from "./room.js";

const FACES = { up: "👍", down: "👎", person: "" };

function button(said, choice) {
  const node = make("button", "button quiet vote");
  node.type = "button";
  node.dataset.choice = choice;
  const label = make("span", FACES[choice] && "unseen", say(`vote_${choice}`));
  if (FACES[choice]) {
    const face = make("span", "", FACES[choice]);
    face.setAttribute("aria-hidden", "true");
    node.append(face);
    node.title = label.textContent;
  }
  node.append(label, " ", make("span", "count"));
  node.disabled = !form; // who has no name yet sees the counts
  node.addEventListener("click", () => vote(said.ballot, choice).catch(() => complain(say("failed"))));
  return node;
}

function press(node, choice) {
  for (const one of node.children) one.setAttribute("aria-pressed", String(one.dataset.choice === choice));
}

export function ballot(said) {
  const node = make("div", "ballot");
  node.dataset.ballot = said.ballot;
  node.setAttribute("role", "group");
  node.setAttribute("aria-label", say("votes"));
  node.setAttribute("aria-live", "off"); // others' votes are no news to be read out
  node.append(...Object.keys(FACES).map((choice) => button(said, choice)));
  press(node, room.votes[said.ballot]);
  return node;
}

const found = (id) => byId("messages").querySelector(`.ballot[data-ballot="${CSS.escape(id)}"]`);

export function count(event) {
  for (const one of found(event.id)?.children ?? []) {
    one.querySelector(".count").textContent = event[one.dataset.choice] || "";
  }
}

async function vote(id, choice) {
  if (room.votes[id] === choice) return;
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, answer: id, choice });
  const answer = await fetch(`/c/${encodeURIComponent(room.channel)}/vote`, { method: "POST", body });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) return complain(told.error ?? say("failed"));
  complain("");
  room.votes[id] = choice;
  press(found(id), choice);
}
