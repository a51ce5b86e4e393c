// Keys for reviewing: j/k move, 1-5 and u press the buttons of the chosen item, o opens it, n shows what has arrived,
// / goes to search, ? tells all of them.
// Everything works without this file; it sends nothing by itself.
"use strict";
(() => {
  const items = () => [...document.querySelectorAll("[data-item]")].filter((item) => item.offsetParent !== null);
  let chosen = null;

  const choose = (item) => {
    if (!item) return;
    if (chosen) chosen.classList.remove("chosen");
    chosen = item;
    chosen.classList.add("chosen");
    chosen.focus({ preventScroll: true });
    chosen.scrollIntoView({ block: "nearest" });
  };

  const move = (step) => {
    const all = items();
    const at = all.indexOf(chosen);
    choose(at < 0 ? all[0] : all[Math.min(Math.max(at + step, 0), all.length - 1)]);
  };

  const press = (key) => {
    const button = chosen && chosen.querySelector(`button[data-key="${key}"]`);
    if (button) button.click();
  };

  const open = () => {
    const link = chosen && chosen.querySelector("a[data-open]");
    if (link) link.click();
  };

  const search = () => {
    const field = document.getElementById("q");
    if (field) field.focus();
    else location.assign("/search");
  };

  const help = document.getElementById("help");

  const show = () => {
    const button = document.querySelector("#arrived button");
    if (button) button.click();
  };

  const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const { key } = event;
    if (help && help.open) {
      if (key === "?") help.close();
      return;
    }
    if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "o") open();
    else if (key === "u" || "12345".includes(key)) press(key);
    else if (key === "n") show();
    else if (key === "/") search();
    else if (key === "?" && help) help.showModal();
    else return;
    event.preventDefault();
  });

  document.addEventListener("focusin", (event) => {
    const item = event.target.closest && event.target.closest("[data-item]");
    if (item && item !== chosen) {
      if (chosen) chosen.classList.remove("chosen");
      chosen = item;
      chosen.classList.add("chosen");
    }
  });

  // What was chosen may have been put in anew.
  document.addEventListener("renewed", (event) => {
    chosen = event.detail ? document.getElementById(event.detail) : null;
    if (chosen) choose(chosen);
  });

  // After a review the page comes back at the reviewed item: go on from there.
  if (location.hash.startsWith("#alert-")) choose(document.getElementById(location.hash.slice(1)));
  else if (location.pathname === "/search") {
    const field = document.getElementById("q");
    if (field && !field.value) field.focus();
  }
})();
