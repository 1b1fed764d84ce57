// Times as people tell them, in the page's language.
const lang = document.documentElement.lang;
const ages = new Intl.RelativeTimeFormat(lang, { numeric: "auto", style: "short" });
const moments = new Intl.DateTimeFormat(lang, { dateStyle: "short", timeStyle: "short" });

function age(seconds) {
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const [unit, size] = units.find(([, size]) => seconds >= size) ?? ["second", 1];
  return ages.format(-Math.floor(seconds / size), unit);
}

export function showAges() {
  for (const time of document.querySelectorAll("[data-age]")) {
    time.textContent = age(Math.max(0, (Date.now() - new Date(time.dateTime)) / 1000));
    time.title = new Date(time.dateTime).toLocaleString(lang);
  }
  for (const time of document.querySelectorAll("[data-moment]")) time.textContent = moments.format(new Date(time.dateTime));
}
