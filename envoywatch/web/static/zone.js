// Times in the zone of who looks, written as the page writes them; UTC stays in their titles.
// Without this file they are UTC, and the page says so. How its language writes a day of each month comes with the page.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const made = document.getElementById("made");
  const told = document.getElementById("zone");
  if (!zone || zone === "UTC" || !made) return;
  const days = told.dataset.days.split("|");
  const daysOfYears = told.dataset.daysOfYears.split("|");
  const format = new Intl.DateTimeFormat("en-US", {
    year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const read = (moment) => Object.fromEntries(format.formatToParts(moment).map((part) => [part.type, part.value]));
  const now = read(new Date(made.dateTime));

  const written = (moment) => {
    const at = read(moment);
    const clock = `${at.hour}:${at.minute}`;
    if (at.year === now.year && at.month === now.month && at.day === now.day) return clock;
    const day = (at.year === now.year ? days : daysOfYears)[at.month - 1];
    return `${day.replace("{day}", at.day).replace("{year}", at.year)} ${clock}`;
  };

  const show = (root) => {
    for (const time of root.querySelectorAll("time[datetime*='T']")) {
      const moment = new Date(time.dateTime);
      if (!time.dataset.zoned && !Number.isNaN(moment.getTime())) {
        time.dataset.zoned = "";
        time.textContent = written(moment);
      }
    }
  };

  show(document);
  told.textContent = told.dataset.zone.replace("{zone}", zone);
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.querySelectorAll) show(node.parentNode || node);
  }).observe(document.body, { childList: true, subtree: true });
})();
