// The console: ages, the live list or case, and the keys.
import { showAges } from "/static/ages.js";
import { watchCase } from "/static/case.js";
import { useKeys } from "/static/keys.js";
import { watchList } from "/static/list.js";

const page = document.querySelector("[data-page]");
const card = document.querySelector("article.case");
const pulse = document.getElementById("pulse");
const list = page && watchList(page);
const one = card && watchCase(card);

function listen() {
  const stream = new EventSource("/live");
  stream.addEventListener("case", (message) => (list ? list.changed() : one?.changed(JSON.parse(message.data))));
  stream.addEventListener("open", () => {
    pulse.textContent = pulse.dataset.live;
    pulse.classList.remove("lost");
    document.documentElement.dataset.ready = "yes";
    list?.changed();
  });
  stream.addEventListener("error", () => {
    pulse.textContent = pulse.dataset.lost;
    pulse.classList.add("lost");
  });
  return stream;
}

// A browser keeps six connections to a host: of many tabs the lists alone go on listening while nobody looks at them.
let stream = list || !document.hidden ? listen() : null;
document.addEventListener("visibilitychange", () => {
  if (list) return;
  stream?.close();
  if (document.hidden) return;
  stream = listen();
  one?.seen();
});

document.querySelector(".bar nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
useKeys();
showAges();
setInterval(showAges, 20_000);
