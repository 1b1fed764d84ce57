// The community page, live. Every text of a member, the bot or a document goes in by textContent and by nothing else.
import { startReply } from "./composer.js";
import { byId, form, make, nameOf, room, say } from "./room.js";
import { ballot, count } from "./votes.js";

const list = byId("messages");
const scroll = byId("scroll");
const clock = new Intl.DateTimeFormat(room.lang, { hour: "2-digit", minute: "2-digit" });
const calendar = new Intl.DateTimeFormat(room.lang, { dateStyle: "medium", timeStyle: "short" });

const SHADES = 6;
const shade = (id) => [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7) % SHADES;

function when(at) {
  const time = make("time", "soft small", clock.format(new Date(at)));
  time.dateTime = at;
  time.title = calendar.format(new Date(at));
  return time;
}

// ---- one bubble -----------------------------------------------------------------------------------------------
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
  const text = original.querySelector(".text")?.textContent || say(original.dataset.kind === "removed" ? "removed" : "picture");
  const node = make("p", "quoted small soft");
  node.append(make("strong", "", original.dataset.name), make("span", "", text));
  return node;
}

const WIDEST = 360;
const HIGHEST = 300;

function picture(said) {
  const { url, width, height } = said.picture;
  const share = Math.min(1, WIDEST / width, HIGHEST / height);
  const link = make("a", "picture");
  link.href = url;
  link.target = "_blank";
  link.rel = "noopener";
  const image = make("img");
  image.loading = "lazy";
  image.alt = say("picture_from", { name: nameOf(said) });
  image.width = Math.max(1, Math.round(width * share));
  image.height = Math.max(1, Math.round(height * share));
  image.addEventListener("error", () => link.replaceWith(make("p", "soft small", say("picture_gone"))));
  image.src = url;
  link.append(image);
  return link;
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
  words.append(...[quoted(said), said.text && make("p", "text", said.text)].filter(Boolean));
  if (said.picture) words.append(picture(said));
  if (said.sources.length) {
    const sources = make("div", "sources");
    sources.append(...said.sources.map(source));
    words.append(sources);
  }
  body.append(head(said), words);
  if (said.ballot) body.append(ballot(said));
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
  if (event.event === "voted") return count(event);
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
