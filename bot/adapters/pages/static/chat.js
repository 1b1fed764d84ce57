// The community page, live. Every text of a member, the bot or a document goes in by textContent and by nothing else.
const room = JSON.parse(document.getElementById("room").textContent);
const say = (name, values = {}) => room.words[name].replace(/\{(\w+)\}/g, (_, key) => values[key]);
const byId = (id) => document.getElementById(id);
const list = byId("messages");
const scroll = byId("scroll");
const form = byId("composer");
const clock = new Intl.DateTimeFormat(room.lang, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(room.lang, { dateStyle: "medium", timeStyle: "short" });

const SHADES = 6;
const shade = (id) => [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % SHADES;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function when(at) {
  const time = make("time", "soft small", clock.format(new Date(at)));
  time.dateTime = at;
  time.title = calendar.format(new Date(at));
  return time;
}

// ---- one bubble -----------------------------------------------------------------------------------------------
function nameOf(said) {
  if (said.kind === "member") return said.name;
  return said.kind === "moderator" ? say("moderator_name") : say("bot");
}

function face(said) {
  if (said.kind === "member" || said.kind === "moderator") {
    const initial = [...nameOf(said)][0] || "?";
    const className = said.kind === "moderator" ? "face staff" : `face shade${shade(said.author)}`;
    const node = make("span", className, initial.toUpperCase());
    node.setAttribute("aria-hidden", "true");
    return node;
  }
  const mark = make("img", "face");
  mark.src = "/static/house/mark.svg";
  mark.alt = "";
  return mark;
}

function head(said) {
  const node = make("p", "who");
  node.append(make("strong", "", nameOf(said)));
  if (said.author && said.author === room.member) node.append(make("span", "badge", say("you")));
  const tones = { answer: "accent", moderator: "accent", handoff: "amber", notice: "amber" };
  if (tones[said.kind]) node.append(make("span", `badge ${tones[said.kind]}`, say(said.kind)));
  if (said.to) node.append(make("span", "badge", say("private")));
  node.append(when(said.at));
  return node;
}

function source(found) {
  const node = make("details", "source");
  const title = make("summary", "", say("source", { title: found.title }));
  title.title = say("quote");
  node.append(title, make("blockquote", "", found.quote));
  return node;
}

function quoted(said) {
  const original = said.reply_to && list.querySelector(`[data-id="${CSS.escape(said.reply_to)}"]`);
  if (!original) return null;
  const text = original.querySelector(".text")?.textContent ?? say("removed");
  const node = make("p", "quoted small soft");
  node.append(make("strong", "", original.dataset.name), make("span", "", text));
  return node;
}

function replyButton(said) {
  const button = make("button", "button quiet reply", say("reply"));
  button.type = "button";
  button.setAttribute("aria-label", say("reply_to", { name: nameOf(said) }));
  button.addEventListener("click", () => startReply(said));
  return button;
}

function bubble(said) {
  const node = make("li", `said ${said.kind}`);
  node.dataset.id = said.id;
  node.dataset.kind = said.kind;
  node.dataset.name = nameOf(said);
  node.dataset.at = said.at;
  if (said.author && said.author === room.member) node.classList.add("mine");
  const body = make("div", "body");
  const words = make("div", "words");
  words.append(...[quoted(said), make("p", "text", said.text)].filter(Boolean));
  if (said.sources.length) {
    const sources = make("div", "sources");
    sources.append(...said.sources.map(source));
    words.append(sources);
  }
  body.append(head(said), words);
  if (form) body.append(replyButton(said));
  node.append(face(said), body);
  return node;
}

function tombstone(gone) {
  const node = make("li", "removed");
  node.dataset.id = gone.id;
  node.dataset.kind = "removed";
  node.dataset.name = gone.name;
  node.dataset.at = gone.at;
  const line = make("p", "who");
  line.append(make("strong", "", gone.name), when(gone.at));
  const why = make("p", "why");
  why.append(make("strong", "", say("removed")), make("span", "", room.reasons[gone.reason] ?? gone.reason));
  node.append(line, why);
  return node;
}

// ---- the list -------------------------------------------------------------------------------------------------
const atBottom = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
const toBottom = () => { scroll.scrollTop = scroll.scrollHeight; byId("newer").hidden = true; };

function place(node) {
  const later = [...list.children].reverse().findIndex((other) => other.dataset.at <= node.dataset.at);
  const before = later < 0 ? list.firstElementChild : list.children[list.children.length - later] ?? null;
  list.insertBefore(node, before);
}

function show(event) {
  const old = list.querySelector(`[data-id="${CSS.escape(event.id)}"]`);
  if (event.event === "removed") {
    for (const quote of list.querySelectorAll(`[data-quotes="${CSS.escape(event.id)}"]`)) quote.remove();
    if (old) old.replaceWith(tombstone(event));
    else place(tombstone(event));
  } else if (!old) {
    const node = bubble(event);
    const quote = node.querySelector(".quoted");
    if (quote) quote.dataset.quotes = event.reply_to;
    if (event.kind === "member") place(node);
    else list.append(node);
  }
  byId("empty").hidden = true;
}

let caughtUp = false;
const stream = new EventSource(`/c/${encodeURIComponent(room.channel)}/live`);
stream.addEventListener("room", (message) => {
  const event = JSON.parse(message.data);
  const follow = !caughtUp || atBottom() || event.author === room.member;
  show(event);
  if (follow) toBottom();
  else byId("newer").hidden = false;
});
stream.addEventListener("ready", () => {
  caughtUp = true;
  byId("loading").hidden = true;
  byId("empty").hidden = list.children.length > 0;
  scroll.setAttribute("aria-live", "polite");
  document.documentElement.dataset.ready = "yes";
  toBottom();
});
stream.addEventListener("open", () => { byId("lost").hidden = true; });
stream.addEventListener("error", () => { byId("lost").hidden = false; });
byId("newer").addEventListener("click", toBottom);
// Who reads the latest goes on reading it when the composer grows or the window changes.
let stuck = true;
scroll.addEventListener("scroll", () => {
  stuck = atBottom();
  if (stuck) byId("newer").hidden = true;
});
new ResizeObserver(() => { if (stuck) toBottom(); }).observe(scroll);
document.querySelector('.channels [aria-current="page"]')?.scrollIntoView({ block: "nearest", inline: "center" });

// ---- writing --------------------------------------------------------------------------------------------------
function startReply(said) {
  form.elements.reply_to.value = said.id;
  byId("replying").querySelector("span").textContent = say("reply_to", { name: nameOf(said) });
  byId("replying").hidden = false;
  form.elements.text.focus();
}

function stopReply() {
  form.elements.reply_to.value = "";
  byId("replying").hidden = true;
}

function complain(words) {
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

async function send() {
  const body = new URLSearchParams(new FormData(form));
  body.set("post", post);
  const answer = await fetch(form.action, { method: "POST", body });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) return complain(told.error ?? say("failed"));
  post = number();
  form.elements.text.value = "";
  complain("");
  stopReply();
  grow();
}

if (form) {
  const button = byId("send");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    await send().catch(() => complain(say("failed")));
    button.disabled = false;
    form.elements.text.focus();
  });
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
