// What the page's scripts share: the room as the server tells it, its words, the making of a node, and who said something.
export const room = JSON.parse(document.getElementById("room").textContent);
export const say = (name, values = {}) => room.words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
export const byId = (id) => document.getElementById(id);
export const form = byId("composer");

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export function nameOf(said) {
  if (said.kind === "member") return said.name;
  return said.kind === "moderator" ? say("moderator_name") : say("bot");
}
