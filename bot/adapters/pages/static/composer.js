// Writing: a reply, a picture, and the sending of both. `form` is missing where the visitor may only read.
import { byId, form, nameOf, room, say } from "./room.js";

export function startReply(said) {
  form.elements.reply_to.value = said.id;
  byId("replying").querySelector("span").textContent = say("reply_to", { name: nameOf(said) });
  byId("replying").hidden = false;
  form.elements.text.focus();
}

function stopReply() {
  form.elements.reply_to.value = "";
  byId("replying").hidden = true;
}

export function complain(words) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

function grow() {
  const box = form.elements.text;
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight + 2, 200)}px`;
}

// A text keeps its number until it is changed or has gone through: sent again after a lost answer, it shows once.
// (crypto.randomUUID is there on secure pages only, and a test house on the local network is not one.)
const number = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
let post = number();

// ---- a picture ------------------------------------------------------------------------------------------------
const chosen = () => form.elements.picture.files[0];

function showChosen() {
  const file = chosen();
  byId("chosen").hidden = !file;
  byId("chosen").querySelector("span").textContent = file ? say("picture_chosen", { name: file.name }) : "";
  form.elements.text.required = !file;
}

function choose() {
  post = number();
  const heavy = chosen()?.size > room.picture_bytes;
  if (heavy) form.elements.picture.value = "";
  complain(heavy ? say("picture_heavy") : "");
  showChosen();
  form.elements.text.focus();
}

function unchoose() {
  form.elements.picture.value = "";
  choose();
}

function paste(event) {
  const file = [...event.clipboardData.files].find((one) => one.type.startsWith("image/"));
  if (!file || event.clipboardData.getData("text")) return;
  event.preventDefault();
  const held = new DataTransfer();
  held.items.add(file);
  form.elements.picture.files = held.files;
  choose();
}

// ---- sending --------------------------------------------------------------------------------------------------
// A picture goes without its name on the sender's machine.
function letter() {
  const body = new FormData(form);
  body.set("post", post);
  if (chosen()) body.set("picture", chosen(), "picture");
  else body.delete("picture");
  return chosen() ? body : new URLSearchParams(body);
}

async function send() {
  const answer = await fetch(form.action, { method: "POST", body: letter() });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) return complain(told.error ?? say(answer.status === 413 ? "picture_heavy" : "failed"));
  post = number();
  form.elements.text.value = "";
  form.elements.picture.value = "";
  complain("");
  stopReply();
  grow();
}

async function sendOnce() {
  const box = form.elements.text;
  byId("send").disabled = box.readOnly = true;
  if (chosen()) byId("chosen").querySelector("span").textContent = say("picture_sending");
  await send().catch(() => complain(say("failed")));
  byId("send").disabled = box.readOnly = false;
  showChosen();
  box.focus();
}

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!byId("send").disabled) sendOnce();
  });
  form.elements.picture.addEventListener("change", choose);
  form.elements.text.addEventListener("paste", paste);
  byId("chosen").querySelector("button").addEventListener("click", unchoose);
  showChosen(); // some browsers bring the choice back when a page is loaded again
  form.elements.text.addEventListener("input", () => {
    post = number();
    grow();
  });
  form.elements.text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });
  byId("replying").querySelector("button").addEventListener("click", stopReply);
}
