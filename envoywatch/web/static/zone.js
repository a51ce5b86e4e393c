// Times in the zone of who looks, written as the page writes them; UTC stays in their titles.
// Without this file they are UTC, and the page says so.
"use strict";
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const made = document.getElementById("made");
  if (!zone || zone === "UTC" || !made) return;
  const format = new Intl.DateTimeFormat("en-US", {
    year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  const read = (moment) => Object.fromEntries(format.formatToParts(moment).map((part) => [part.type, part.value]));
  const now = read(new Date(made.dateTime));

  const written = (moment) => {
    const at = read(moment);
    const clock = `${at.hour}:${at.minute}`;
    if (at.year !== now.year) return `${at.day} ${at.month} ${at.year} ${clock}`;
    return at.month === now.month && at.day === now.day ? clock : `${at.day} ${at.month} ${clock}`;
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
  document.getElementById("zone").textContent = `Times are those of ${zone}, with UTC in their hints; whole days are UTC`;
  new MutationObserver((changes) => {
    for (const change of changes) for (const node of change.addedNodes) if (node.querySelectorAll) show(node.parentNode || node);
  }).observe(document.body, { childList: true, subtree: true });
})();
